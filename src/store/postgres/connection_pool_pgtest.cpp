// The pool against a real server: what a database does to connections that nobody uses.
#include "store/postgres/connection_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <deque>
#include <thread>

#include "scratch/postgres_environment_test.h"

namespace blotter::postgres {
namespace {

ConnectionSettings settings_for(const std::string& url, const std::string& name) {
  return {.url = url, .ssl_mode = {}, .application_name = name, .connect_ms_max = 5'000, .target = Target::writable};
}

ConnectionPool::Lease lease_of(ConnectionPool& pool) {
  auto lease = pool.lease();
  EXPECT_TRUE(lease) << lease.error().message;
  return std::move(*lease);
}

std::int64_t number_of(Connection& connection, const char* sql, const Parameters& parameters = {}) {
  const auto rows = connection.query(sql, parameters);
  EXPECT_TRUE(rows) << rows.error().message;
  return rows ? rows->integer(0, 0) : -1;
}

constexpr const char* kOpenConnections = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";

TEST(ConnectionPoolServerTest, AHundredThreadsShareTenConnections) {
  const std::string url = scratch::fresh_database();
  ConnectionPool pool(settings_for(url, "hundred"), {.size = 10, .wait_ms_max = 60'000});
  std::atomic<int> answered = 0;
  std::atomic<std::int64_t> open_max = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 100; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        auto lease = pool.lease();
        ASSERT_TRUE(lease) << lease.error().message;
        const std::int64_t open = number_of(**lease, kOpenConnections, Parameters().add(std::string_view("hundred")));
        for (std::int64_t seen = open_max; open > seen && !open_max.compare_exchange_weak(seen, open);) {
        }
        ++answered;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 2'000);
  EXPECT_LE(open_max, 10);
  EXPECT_LE(pool.counters().created, 10u);
}

TEST(ConnectionPoolServerTest, IdleConnectionsThatTheServerEndedAreReplacedUnseen) {
  const std::string url = scratch::fresh_database();
  ConnectionPool pool(settings_for(url, "ended"), {.size = 4, .trusted_ms = 0});
  {
    std::deque<ConnectionPool::Lease> all;
    for (int i = 0; i < 4; ++i) all.push_back(lease_of(pool));
  }
  auto other = Connection::connect(settings_for(url, "other"));
  ASSERT_TRUE(other);
  EXPECT_EQ(number_of(**other,
                      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'ended'"),
            4);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(number_of(*lease_of(pool), "SELECT 1::bigint"), 1);
  EXPECT_EQ(pool.counters().created, 5u);
  EXPECT_EQ(pool.counters().discarded, 4u);
}

TEST(ConnectionPoolServerTest, OneThatIsLostInUseIsNotHandedOutAgain) {
  const std::string url = scratch::fresh_database();
  ConnectionPool pool(settings_for(url, "lost"), {.size = 1});
  auto other = Connection::connect(settings_for(url, "other"));
  ASSERT_TRUE(other);
  {
    const ConnectionPool::Lease lease = lease_of(pool);
    number_of(**other,
              "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
              " WHERE application_name = 'lost'");
    const auto lost = lease->query("SELECT 1");
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, Errc::unavailable);
  }
  EXPECT_EQ(number_of(*lease_of(pool), "SELECT 1::bigint"), 1);
}

TEST(ConnectionPoolServerTest, OneInsideATransactionIsNotHandedOutAgain) {
  const std::string url = scratch::fresh_database();
  ConnectionPool pool(settings_for(url, "inside"), {.size = 1});
  int first = 0;
  {
    const ConnectionPool::Lease lease = lease_of(pool);
    first = lease->backend_pid();
    ASSERT_TRUE(lease->begin(kBegin));
    ASSERT_TRUE(lease->execute("CREATE TABLE half_done (a int)"));
  }
  const ConnectionPool::Lease next = lease_of(pool);
  EXPECT_NE(next->backend_pid(), first);
  EXPECT_EQ(number_of(*next, "SELECT count(*) FROM pg_class WHERE relname = 'half_done'"), 0);
}

TEST(ConnectionPoolServerTest, TheProofOfAnIdleConnectionIsBounded) {
  const std::string url = scratch::fresh_database();
  ConnectionPool pool(settings_for(url, "frozen"), {.size = 1, .recycle_ms_max = 100, .trusted_ms = 0});
  int frozen = 0;
  {
    const ConnectionPool::Lease lease = lease_of(pool);
    frozen = lease->backend_pid();
  }
  ASSERT_EQ(::kill(frozen, SIGSTOP), 0);
  const std::int64_t began = Pool::steady_ms();
  {
    const ConnectionPool::Lease next = lease_of(pool);
    EXPECT_NE(next->backend_pid(), frozen);
  }
  EXPECT_LT(Pool::steady_ms() - began, 5'000);
  ASSERT_EQ(::kill(frozen, SIGCONT), 0);
}

TEST(ConnectionPoolServerTest, WorksOnAfterTheServerWasStartedAgain) {
  auto server = scratch::PostgresServer::start({.directory = scratch::new_directory(), .settings = {}});
  ASSERT_TRUE(server) << server.error().message;
  ConnectionPool pool(settings_for((*server)->url(), "restart"), {.size = 3, .trusted_ms = 0});
  {
    std::deque<ConnectionPool::Lease> all;
    for (int i = 0; i < 3; ++i) all.push_back(lease_of(pool));
  }
  ASSERT_TRUE((*server)->stop("immediate"));
  const auto away = pool.lease();
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Errc::unavailable) << away.error().message;
  EXPECT_EQ(pool.counters().open, 0);
  ASSERT_TRUE((*server)->start_again());
  EXPECT_EQ(number_of(*lease_of(pool), "SELECT 1::bigint"), 1);
}

TEST(ConnectionPoolServerTest, NeverShowsThePassword) {
  ConnectionSettings settings = settings_for("postgresql://someone:s3cr3t@127.0.0.1:1/x", "secret");
  ConnectionPool pool(settings, {.size = 1});
  const auto away = pool.lease();
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().message.find("s3cr3t"), std::string::npos) << away.error().message;
}

}  // namespace
}  // namespace blotter::postgres
