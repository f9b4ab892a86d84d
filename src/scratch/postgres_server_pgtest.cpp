#include "scratch/postgres_server.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "scratch/postgres_environment_test.h"

namespace blotter::scratch {
namespace {

namespace fs = std::filesystem;

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};

// The first value of the answer, or the error.
std::string ask(const std::string& url, const char* sql) {
  const std::unique_ptr<PGconn, Finish> connection(PQconnectdb(url.c_str()));
  if (PQstatus(connection.get()) != CONNECTION_OK) return PQerrorMessage(connection.get());
  PGresult* result = PQexec(connection.get(), sql);
  std::string answer = PQerrorMessage(connection.get());
  if (answer.empty() && PQntuples(result) > 0) answer = PQgetvalue(result, 0, 0);
  PQclear(result);
  return answer;
}

template <class Condition>
bool soon(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

TEST(PostgresServer, GivesEachTestAnEmptyDatabase) {
  const std::string first = fresh_database();
  EXPECT_EQ(ask(first, "CREATE TABLE here (x int)"), "");
  EXPECT_EQ(ask(fresh_database(), "SELECT count(*) FROM pg_tables WHERE tablename = 'here'"), "0");
  EXPECT_EQ(ask(first, "SELECT count(*) FROM pg_tables WHERE tablename = 'here'"), "1");
}

TEST(PostgresServer, KeepsWhatWasCommittedThroughAKill) {
  auto server = PostgresServer::start({.directory = new_directory(), .listen_tcp = true});
  ASSERT_TRUE(server.has_value()) << server.error().message;
  EXPECT_EQ(ask((*server)->tcp_url(), "CREATE TABLE kept AS SELECT 7 AS x"), "");
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE((*server)->kill_hard().has_value());
    EXPECT_NE(ask((*server)->tcp_url(), "SELECT x FROM kept"), "7");
    const Result<void> again = (*server)->start_again();
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(ask((*server)->tcp_url(), "SELECT x FROM kept"), "7");
  }
  for (const char* mode : {"fast", "immediate", "smart"}) {
    ASSERT_TRUE((*server)->stop(mode).has_value());
    ASSERT_TRUE((*server)->start_again().has_value());
    EXPECT_EQ(ask((*server)->url(), "SELECT x FROM kept"), "7");
  }
}

TEST(PostgresServer, HasAReplicaThatFollowsAndTakesOver) {
  auto primary = PostgresServer::start({.directory = new_directory()});
  ASSERT_TRUE(primary.has_value()) << primary.error().message;
  EXPECT_EQ(ask((*primary)->url(), "CREATE TABLE copied AS SELECT 7 AS x"), "");
  auto replica = (*primary)->start_replica(new_directory());
  ASSERT_TRUE(replica.has_value()) << replica.error().message;
  EXPECT_EQ(ask((*replica)->url(), "SELECT pg_is_in_recovery()"), "t");
  EXPECT_EQ(ask((*primary)->url(), "UPDATE copied SET x = 8"), "");
  EXPECT_TRUE(soon([&] { return ask((*replica)->url(), "SELECT x FROM copied") == "8"; }));
  ASSERT_TRUE((*primary)->kill_hard().has_value());
  ASSERT_TRUE((*replica)->promote().has_value());
  EXPECT_EQ(ask((*replica)->url(), "UPDATE copied SET x = 9"), "");
}

TEST(PostgresServer, RefusesADirectoryThatHoldsSomethingElse) {
  const std::string directory = new_directory();
  fs::create_directory(directory);
  std::ofstream(directory + "/mine") << "not yours";
  const auto server = PostgresServer::start({.directory = directory});
  ASSERT_FALSE(server.has_value());
  EXPECT_EQ(server.error().code, Errc::invalid);
  EXPECT_TRUE(fs::exists(directory + "/mine"));
  fs::remove_all(directory);
}

// Whoever starts it may be killed: neither the server nor its directory stays behind.
TEST(PostgresServer, IsGoneWhenItsOwnerIsKilled) {
  const std::string directory = new_directory();
  const pid_t owner = ::fork();
  if (owner == 0) {
    const auto server = PostgresServer::start({.directory = directory});
    std::ofstream(directory + "/ready") << server.has_value();
    for (;;) ::pause();
  }
  ASSERT_TRUE(soon([&] { return fs::exists(directory + "/ready"); }));
  std::ifstream lock(directory + "/data/postmaster.pid");
  pid_t postmaster = 0;
  lock >> postmaster;
  ASSERT_GT(postmaster, 0);
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  EXPECT_TRUE(soon([&] { return !fs::exists(directory); }));
  EXPECT_FALSE(fs::exists("/proc/" + std::to_string(postmaster) + "/cwd"));
}

}  // namespace
}  // namespace blotter::scratch
