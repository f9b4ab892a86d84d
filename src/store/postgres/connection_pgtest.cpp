#include "store/postgres/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "scratch/postgres_environment_test.h"
#include "store/postgres/encode.h"

namespace blotter::postgres {
namespace {

using testing::HasSubstr;
using testing::Not;

Result<std::unique_ptr<Connection>> connect(const std::string& url) {
  ConnectionSettings settings;
  settings.url = url;
  return Connection::connect(settings);
}

std::unique_ptr<Connection> connected(const std::string& url) {
  auto connection = connect(url);
  EXPECT_TRUE(connection.has_value()) << connection.error().message;
  return connection ? std::move(*connection) : nullptr;
}

class ConnectionTest : public testing::Test {
 protected:
  std::string url_ = scratch::fresh_database();
  std::unique_ptr<Connection> connection_ = connected(url_);
};

std::int64_t number(Connection& connection, const char* sql) {
  const auto rows = connection.query(sql);
  EXPECT_TRUE(rows.has_value()) << rows.error().message;
  return rows ? rows->integer(0, 0) : -1;
}

TEST_F(ConnectionTest, SendsAndReadsEveryKindOfValue) {
  const auto rows = connection_->query(
      "SELECT $1, $2, $3, $4, 7::int2, -8::int4, 4294967295::oid, 1.5::float8, 0.25::float4",
      Parameters().add("a'\\ü").add(std::int64_t{-9'223'372'036'854'775'807 - 1}).add(true).add_null(Type::text));
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_EQ(rows->text(0, 0), "a'\\ü");
  EXPECT_EQ(rows->integer(0, 1), INT64_MIN);
  EXPECT_TRUE(rows->boolean(0, 2));
  EXPECT_TRUE(rows->is_null(0, 3));
  EXPECT_EQ(rows->integer(0, 4), 7);
  EXPECT_EQ(rows->integer(0, 5), -8);
  EXPECT_EQ(rows->integer(0, 6), 4'294'967'295);
  EXPECT_EQ(rows->real(0, 7), 1.5);
  EXPECT_EQ(rows->real(0, 8), 0.25);
}

TEST_F(ConnectionTest, StatementsThatTravelTogetherEndAtTheFirstFailure) {
  ASSERT_TRUE(connection_->run_script("CREATE TABLE t (n int8 PRIMARY KEY)").has_value());
  const Statement add_two{"INSERT INTO t VALUES ($1), ($1 + 1)", Parameters().add(std::int64_t{1})};
  const Statement begin{kBegin};
  const auto touched = connection_->execute_all(std::vector<Statement>{begin, add_two, {"DELETE FROM t"}, add_two});
  ASSERT_TRUE(touched.has_value()) << touched.error().message;
  EXPECT_EQ(*touched, (std::vector<std::int64_t>{0, 2, 2, 2}));
  ASSERT_TRUE(connection_->commit().has_value());

  const auto refused = connection_->execute_all(std::vector<Statement>{begin, {"DELETE FROM t"}, add_two, add_two});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::invalid);
  EXPECT_EQ(connection_->refusal().sqlstate, "23505");
  EXPECT_EQ(connection_->refusal().constraint, "t_pkey");
  connection_->rollback();
  EXPECT_TRUE(connection_->usable());
  EXPECT_EQ(number(*connection_, "SELECT count(*) FROM t"), 2);
}

TEST_F(ConnectionTest, ACopyCountsWhatLandedAndNamesTheLineItRefused) {
  ASSERT_TRUE(connection_->run_script("CREATE TABLE t (n int8 CHECK (n <> 3))").has_value());
  const auto tuples = [](std::int64_t count) {
    ByteBuffer out;
    out.put(kCopyHead);
    for (std::int64_t n = 1; n <= count; ++n) {
      out.end_at(put_uint16(out.room(2), 1));
      encoding::put_value<ColumnKind::integer>(out, n);
    }
    return std::string(out.view());
  };
  constexpr const char* kCopy = "COPY t FROM STDIN (FORMAT BINARY)";
  // Without its end it is accepted all the same: only the count tells.
  ASSERT_TRUE(connection_->begin_copy(kCopy).has_value());
  ASSERT_TRUE(connection_->put_copy(tuples(2)).has_value());
  EXPECT_EQ(*connection_->end_copy(), 2);

  ASSERT_TRUE(connection_->begin_copy(kCopy).has_value());
  ASSERT_TRUE(connection_->put_copy(tuples(5)).has_value());
  ASSERT_TRUE(connection_->put_copy(kCopyEnd).has_value());
  const auto refused = connection_->end_copy();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::invalid);
  EXPECT_EQ(connection_->refusal().copy_line(), 3);
  EXPECT_TRUE(connection_->usable());
  EXPECT_EQ(number(*connection_, "SELECT count(*) FROM t"), 2);
}

TEST_F(ConnectionTest, ACopyThatIsRefusedWhileItIsSentSaysWhy) {
  ASSERT_TRUE(connection_->run_script("CREATE TABLE t (n int8)").has_value());
  ASSERT_TRUE(connection_->begin_copy("COPY t FROM STDIN (FORMAT BINARY)").has_value());
  Result<void> put;
  for (int i = 0; i < 10'000 && put; ++i) put = connection_->put_copy(std::string(64 * 1024, 'x'));
  if (put)
    put = [&]() -> Result<void> {
      BLOTTER_TRY(connection_->end_copy());
      return {};
    }();
  ASSERT_FALSE(put.has_value());
  EXPECT_EQ(connection_->refusal().sqlstate, "22P04");
  EXPECT_EQ(put.error().code, Errc::invalid);
  EXPECT_TRUE(connection_->usable());
}

TEST_F(ConnectionTest, ARolledBackCopyLeavesTheConnectionUsable) {
  ASSERT_TRUE(connection_->run_script("CREATE TABLE t (n int8)").has_value());
  ASSERT_TRUE(connection_->begin(kBegin).has_value());
  ASSERT_TRUE(connection_->begin_copy("COPY t FROM STDIN").has_value());
  ASSERT_TRUE(connection_->put_copy("1\n").has_value());
  connection_->rollback();
  EXPECT_TRUE(connection_->usable());
  EXPECT_EQ(number(*connection_, "SELECT count(*) FROM t"), 0);
}

TEST_F(ConnectionTest, CopiesOutInOrder) {
  std::string text;
  const auto count = connection_->copy_out("COPY (SELECT generate_series(1, 3)) TO STDOUT",
                                           [&](std::string_view piece) -> Result<void> {
                                             text += piece;
                                             return {};
                                           });
  ASSERT_TRUE(count.has_value()) << count.error().message;
  EXPECT_EQ(*count, 3);
  EXPECT_EQ(text, "1\n2\n3\n");
}

TEST_F(ConnectionTest, AVisitorsErrorEndsTheQueryAndNotTheTransaction) {
  const auto stop_at_second = [this](int& seen) {
    return connection_->query_each("SELECT generate_series(1, 1000)", {}, [&](const Rows&) -> Result<void> {
      if (++seen == 2) return fail(Errc::exhausted, "enough");
      return {};
    });
  };
  int seen = 0;
  EXPECT_EQ(stop_at_second(seen).error().code, Errc::exhausted);
  EXPECT_EQ(seen, 2);
  EXPECT_TRUE(connection_->usable());
  ASSERT_TRUE(connection_->begin(kBeginOneMoment).has_value());
  EXPECT_EQ(stop_at_second(seen = 0).error().code, Errc::exhausted);
  EXPECT_EQ(number(*connection_, "SELECT 5"), 5);
  EXPECT_TRUE(connection_->commit().has_value());
}

TEST_F(ConnectionTest, ACommitThatWasARollbackIsNoSuccess) {
  ASSERT_TRUE(connection_->begin(kBegin).has_value());
  EXPECT_FALSE(connection_->query("SELECT 1 / 0").has_value());
  EXPECT_EQ(connection_->commit().error().code, Errc::unavailable);
  EXPECT_TRUE(connection_->usable());
}

TEST_F(ConnectionTest, ALostConnectionIsNoticedAndNeverInDoubtBeforeCommit) {
  ASSERT_TRUE(connection_->begin(kBegin).has_value());
  const auto other = connected(url_);
  ASSERT_TRUE(
      other->query("SELECT pg_terminate_backend($1::int4)", Parameters().add(std::int64_t{connection_->backend_pid()}))
          .has_value());
  EXPECT_EQ(connection_->query("SELECT 1").error().code, Errc::unavailable);
  EXPECT_FALSE(connection_->connected());
  EXPECT_EQ(connection_->commit().error().code, Errc::unavailable);  // never sent
  connection_->rollback();
}

TEST_F(ConnectionTest, ALostConnectionAtCommitIsInDoubt) {
  ASSERT_TRUE(connection_->begin(kBegin).has_value());
  ASSERT_TRUE(connection_->query("SELECT 1").has_value());
  const auto other = connected(url_);
  ASSERT_TRUE(other
                  ->query("SELECT pg_terminate_backend($1::int4, 10000)",
                          Parameters().add(std::int64_t{connection_->backend_pid()}))
                  .has_value());
  const auto committed = connection_->commit();
  ASSERT_FALSE(committed.has_value());
  EXPECT_EQ(committed.error().code, Errc::in_doubt);
}

// A server that goes down at once warns its clients and hangs up. To a client that was about to send, libpq then says
// that the connection is fine and that no answer will follow.
TEST(LostConnectionTest, AConnectionThatEndedWithAFarewellIsLost) {
  auto server = scratch::PostgresServer::start({.directory = scratch::new_directory()});
  ASSERT_TRUE(server.has_value()) << server.error().message;
  const auto connection = connected((*server)->url());
  ASSERT_TRUE(connection->begin(kBegin).has_value());
  ASSERT_TRUE((*server)->stop("immediate").has_value());
  const auto refused = connection->execute_all(std::vector<Statement>{{"SELECT 1"}, {"SELECT 2"}});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::unavailable) << refused.error().message;
  EXPECT_FALSE(connection->connected());
  EXPECT_EQ(connection->commit().error().code, Errc::unavailable);  // never sent
  connection->rollback();
  EXPECT_FALSE(connection->usable());
}

TEST(ConnectTest, SaysWhatToChangeWhenAPersonHasToAct) {
  const std::string url = scratch::fresh_database();
  const auto other_database = url.substr(0, url.find("/test_")) + "/nowhere" + url.substr(url.find('?'));
  const auto missing = connect(other_database);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr("DATABASE_URL"));
  EXPECT_THAT(missing.error().message, Not(HasSubstr("\n")));

  for (const char* broken : {"postgresql://u:secret@host/db?sslmod=require", "postgresql://u:se%zzcret@host/db",
                             "postgresq://u:secret@host/db", "host=h passwordsecret", "postgresql://u:se/cret@host/db",
                             "postgresql://u:se@cret@host/db", "postgresql://u:1/cret@host/db"}) {
    const auto refused = connect(broken);
    ASSERT_FALSE(refused.has_value()) << broken;
    EXPECT_EQ(refused.error().code, Errc::not_found) << refused.error().message;
    EXPECT_THAT(refused.error().message, Not(HasSubstr("cret"))) << broken;
    EXPECT_THAT(refused.error().message, HasSubstr("DATABASE_URL")) << broken;
  }
}

TEST(ConnectTest, AnUnreachableServerIsUnavailable) {
  const auto refused = connect("postgresql://u:secret@127.0.0.1:1/db");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("127.0.0.1:1/db"));
  EXPECT_THAT(refused.error().message, Not(HasSubstr("secret")));
}

TEST(ConnectTest, SettingsFillInOnlyWhatTheUrlLacks) {
  const std::string url = scratch::fresh_database();
  ConnectionSettings settings;
  settings.url = url;
  settings.application_name = "blotter projector";
  auto connection = std::move(*Connection::connect(settings));
  constexpr const char* kName = "SELECT current_setting('application_name')";
  EXPECT_EQ(connection->query(kName)->text(0, 0), "blotter projector");
  settings.url = url + "&application_name=mine&client_encoding=latin1";
  connection = std::move(*Connection::connect(settings));
  EXPECT_EQ(connection->query(kName)->text(0, 0), "mine");
  EXPECT_EQ(connection->query("SHOW client_encoding")->text(0, 0), "UTF8");
}

TEST(ConnectTest, TheTlsModeAskedForHoldsForAServiceToo) {
  auto server = scratch::PostgresServer::start({.directory = scratch::new_directory(), .listen_tcp = true});
  ASSERT_TRUE(server.has_value()) << server.error().message;
  const std::string file = (*server)->directory() + "/services";
  std::ofstream(file) << "[led]\nhost=127.0.0.1\nport=" << (*server)->port() << "\nuser=postgres\ndbname=postgres\n";
  ::setenv("PGSERVICEFILE", file.c_str(), 1);
  ConnectionSettings settings;
  settings.url = "postgresql://?service=led";
  EXPECT_TRUE(Connection::connect(settings).has_value());
  settings.ssl_mode = "require";
  const auto refused = Connection::connect(settings);
  ::unsetenv("PGSERVICEFILE");
  ASSERT_FALSE(refused.has_value()) << "the server has no TLS";
  EXPECT_THAT(refused.error().message, HasSubstr("DATABASE_SSL_MODE"));
}

// A server that wants passwords, and waits for a standby that never comes.
TEST(ConnectTest, WrongPasswordsAreToldAndUnreplicatedCommitsCount) {
  const std::string directory = scratch::new_directory();
  const std::string rules = directory + "-hba.conf";
  std::ofstream(rules) << "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
  auto server = scratch::PostgresServer::start(
      {.directory = directory,
       .settings = {"hba_file = '" + rules + "'", "synchronous_commit = local", "synchronous_standby_names = 'nobody'"},
       .listen_tcp = true});
  ASSERT_TRUE(server.has_value()) << server.error().message;
  const auto admin = connected((*server)->url());
  ASSERT_TRUE(admin->run_script("CREATE ROLE somebody LOGIN PASSWORD 'right'; CREATE TABLE t (n int8)").has_value());

  const std::string at = "@127.0.0.1:" + std::to_string((*server)->port()) + "/postgres";
  EXPECT_TRUE(connect("postgresql://somebody:right" + at).has_value());
  for (const std::string& user :
       {std::string("somebody:wr0ng"), std::string("somebody"), std::string("nobody:wr0ng")}) {
    const auto refused = connect("postgresql://" + user + at);
    ASSERT_FALSE(refused.has_value()) << user;
    EXPECT_EQ(refused.error().code, Errc::not_found) << refused.error().message;
    EXPECT_THAT(refused.error().message, HasSubstr("DATABASE_URL"));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("wr0ng")));
  }
  const auto no_tls = connect("postgresql://somebody:right" + at + "?sslmode=require");
  ASSERT_FALSE(no_tls.has_value());
  EXPECT_EQ(no_tls.error().code, Errc::not_found) << no_tls.error().message;
  EXPECT_THAT(no_tls.error().message, HasSubstr("DATABASE_SSL_MODE"));

  // Somebody cancels the wait for the standby: committed here, and nothing to repeat.
  const auto writer = connected((*server)->url());
  ASSERT_TRUE(writer->begin(kBegin).has_value());
  ASSERT_TRUE(writer->run_script("SET LOCAL synchronous_commit = on; INSERT INTO t VALUES (1)").has_value());
  std::thread canceller([&] {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
      if (number(*admin, "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") >
          0) {
        return;
      }
    }
  });
  EXPECT_TRUE(writer->commit().has_value());
  canceller.join();
  EXPECT_EQ(number(*admin, "SELECT count(*) FROM t"), 1);
  std::filesystem::remove(rules);
}

}  // namespace
}  // namespace blotter::postgres
