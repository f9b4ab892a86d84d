#include "scratch/tcp_proxy.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <chrono>
#include <string>

#include "scratch/pgbouncer.h"
#include "scratch/postgres_environment_test.h"

namespace blotter::scratch {
namespace {

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, Finish>;

Connection connect(const std::string& url) { return Connection(PQconnectdb(url.c_str())); }

// The first value of the answer; nothing when there is none.
std::string ask(PGconn* connection, const char* sql) {
  PGresult* result = PQexec(connection, sql);
  const std::string answer = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
  PQclear(result);
  return answer;
}

bool run_unnamed(PGconn* connection, const char* sql) {
  PGresult* result = PQexecParams(connection, sql, 0, nullptr, nullptr, nullptr, nullptr, 1);
  const bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  return good;
}

std::string socket_of(const PostgresServer& server) {
  return server.directory() + "/.s.PGSQL." + std::to_string(server.port());
}

class TcpProxyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    direct_ = connect(fresh_database());
    database_ = ask(direct_.get(), "SELECT current_database()");
    ask(direct_.get(), "CREATE TABLE t (x int8)");
    Result<std::unique_ptr<TcpProxy>> proxy = TcpProxy::start(socket_of(scratch_server()));
    ASSERT_TRUE(proxy.has_value()) << proxy.error().message;
    proxy_ = std::move(*proxy);
  }
  Connection through() { return connect(proxy_->url(database_)); }
  std::string rows() { return ask(direct_.get(), "SELECT count(*) FROM t"); }

  Connection direct_;
  std::string database_;
  std::unique_ptr<TcpProxy> proxy_;
};

TEST_F(TcpProxyTest, PassesOnMegabytesInBothDirections) {
  const Connection connection = through();
  ASSERT_EQ(PQstatus(connection.get()), CONNECTION_OK) << PQerrorMessage(connection.get());
  EXPECT_EQ(ask(connection.get(), "SELECT length(repeat('x', 5000000))"), "5000000");
  EXPECT_EQ(ask(connection.get(), "SELECT repeat('x', 5000000)").size(), 5'000'000u);
  const std::string large(5'000'000, 'y');
  const char* const value = large.c_str();
  PGresult* result = PQexecParams(connection.get(), "SELECT length($1)", 1, nullptr, &value, nullptr, nullptr, 0);
  EXPECT_STREQ(PQgetvalue(result, 0, 0), "5000000");
  PQclear(result);
}

TEST_F(TcpProxyTest, CutsBeforeCommitArrives) {
  for (const bool simple : {true, false}) {
    proxy_->set_policy([](const WireMessage& message) { return message.is_commit() ? Verdict::cut : Verdict::pass; });
    const Connection connection = through();
    ask(connection.get(), "BEGIN; INSERT INTO t VALUES (1)");
    if (simple) {
      ask(connection.get(), "COMMIT");
    } else {
      EXPECT_FALSE(run_unnamed(connection.get(), "COMMIT"));
    }
    EXPECT_EQ(PQstatus(connection.get()), CONNECTION_BAD);
    EXPECT_EQ(rows(), "0");
  }
}

TEST_F(TcpProxyTest, CutsAfterCommitBeforeItsAnswer) {
  proxy_->set_policy(
      [](const WireMessage& message) { return message.is_commit() ? Verdict::swallow_answer : Verdict::pass; });
  for (const bool simple : {true, false}) {
    const Connection connection = through();
    ask(connection.get(), "BEGIN; INSERT INTO t VALUES (1)");
    if (simple) {
      ask(connection.get(), "COMMIT");
    } else {
      EXPECT_FALSE(run_unnamed(connection.get(), "COMMIT"));
    }
    EXPECT_EQ(PQstatus(connection.get()), CONNECTION_BAD);
    EXPECT_EQ(rows(), simple ? "1" : "2");
  }
}

TEST_F(TcpProxyTest, CutsAtTheByteThatWasOrdered) {
  const std::uint64_t before = proxy_->bytes(Direction::to_server);
  ask(through().get(), "INSERT INTO t VALUES (1)");
  const std::uint64_t size = proxy_->bytes(Direction::to_server) - before;
  proxy_->cut_after(Direction::to_server, size / 2);
  ask(through().get(), "INSERT INTO t VALUES (1)");
  EXPECT_EQ(proxy_->bytes(Direction::to_server) - before, size + size / 2);
  EXPECT_EQ(proxy_->cuts(), 1u);
  EXPECT_FALSE(proxy_->cancel_cut());
  EXPECT_EQ(rows(), "1");
}

TEST_F(TcpProxyTest, LosesTheLastRowOfACopyUnnoticed) {
  proxy_->set_policy(
      [](const WireMessage& message) { return message.type == 'd' ? Verdict::drop_last_row : Verdict::pass; });
  const Connection connection = through();
  PQclear(PQexec(connection.get(), "COPY t FROM STDIN (FORMAT binary)"));
  std::string copy("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
  for (char row = 0; row < 3; ++row) copy += std::string("\0\1\0\0\0\10\0\0\0\0\0\0\0", 13) + row;
  copy += "\377\377";
  ASSERT_EQ(PQputCopyData(connection.get(), copy.data(), static_cast<int>(copy.size())), 1);
  ASSERT_EQ(PQputCopyEnd(connection.get(), nullptr), 1);
  PGresult* result = PQgetResult(connection.get());
  EXPECT_STREQ(PQcmdTuples(result), "2");
  PQclear(result);
  EXPECT_EQ(rows(), "2");
}

TEST_F(TcpProxyTest, StallsUntilItIsReleased) {
  std::atomic<bool> stalled{false};
  proxy_->set_policy([&](const WireMessage& message) {
    if (!message.is_commit()) return Verdict::pass;
    stalled = true;
    return Verdict::stall;
  });
  const Connection connection = through();
  ask(connection.get(), "BEGIN; INSERT INTO t VALUES (1)");
  ASSERT_EQ(PQsendQuery(connection.get(), "COMMIT"), 1);
  while (!stalled) std::this_thread::yield();
  EXPECT_EQ(rows(), "0");
  proxy_->release();
  PGresult* result = PQgetResult(connection.get());
  EXPECT_EQ(PQresultStatus(result), PGRES_COMMAND_OK);
  PQclear(result);
  EXPECT_EQ(rows(), "1");
}

// What a campaign of cuts rests on.
TEST_F(TcpProxyTest, ManyCutsAreCheap) {
  proxy_->set_policy([](const WireMessage& message) { return message.is_commit() ? Verdict::cut : Verdict::pass; });
  for (int i = 0; i < 300; ++i) {
    const Connection connection = through();
    ask(connection.get(), "BEGIN");
    ask(connection.get(), "COMMIT");
    ASSERT_EQ(PQstatus(connection.get()), CONNECTION_BAD);
  }
  EXPECT_EQ(proxy_->cuts(), 300u);
}

TEST_F(TcpProxyTest, WorksBeforePgBouncerToo) {
  auto bouncer = PgBouncer::start({.directory = new_directory(), .server = scratch_server().directory()});
  ASSERT_TRUE(bouncer.has_value()) << bouncer.error().message;
  const std::string url = (*bouncer)->url(database_);
  EXPECT_EQ(ask(connect(url).get(), "SELECT 7"), "7");
  const Connection old = connect(url);
  ASSERT_TRUE((*bouncer)->restart().has_value());
  EXPECT_EQ(ask(old.get(), "SELECT 7"), "");
  EXPECT_EQ(ask(connect(url).get(), "SELECT 7"), "7");
  EXPECT_TRUE((*bouncer)->command("RECONNECT").has_value());
  const std::string directory = url.substr(url.find("host=") + 5, url.find("&port") - url.find("host=") - 5);
  auto before = TcpProxy::start(directory + "/.s.PGSQL.6432");
  ASSERT_TRUE(before.has_value());
  EXPECT_EQ(ask(connect((*before)->url(database_)).get(), "SELECT 8"), "8");
}

}  // namespace
}  // namespace blotter::scratch
