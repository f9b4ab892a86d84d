// Reading a PostgreSQL store: repeated when a connection was lost, one moment, TLS.
#include "store/postgres/postgres_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <thread>

#include "store/postgres/postgres_schema_test.h"

namespace blotter::postgres {
namespace {

using testing::HasSubstr;

class PostgresReaderTest : public PostgresSchemaTest {
 protected:
  void SetUp() override {
    migrate();
    run("INSERT INTO ledger.books VALUES ('main', 3, 41, 7)");
    run("INSERT INTO execution.balances SELECT 'main', 'A', 'X' || lpad(i::text, 5, '0'), i, i FROM"
        " generate_series(1, 10000) AS i");
  }

  std::unique_ptr<Store> reader(StoreOptions options) {
    options.application_name = "reads";
    auto opened = open_postgres_reader(options);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  std::unique_ptr<Store> reader() { return reader(options()); }

  static Select balances() {
    return {.table = Table::balances, .book_id = "main", .columns = {}, .filters = {}, .order = {}};
  }
  static Result<int> count(StoreReader& store) {
    int rows = 0;
    BLOTTER_TRY(store.select(balances(), [&](const std::vector<Cell>&) -> Result<void> {
      ++rows;
      return {};
    }));
    return rows;
  }
  void terminate_readers() {
    run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'reads'"
        " AND datname = current_database()");
  }
};

TEST_F(PostgresReaderTest, ReadsCursorAndRows) {
  const auto store = reader();
  const auto cursor = store->cursor("main");
  ASSERT_TRUE(cursor);
  EXPECT_EQ(cursor->applied, Seq{41});
  EXPECT_EQ(cursor->epoch, Epoch{3});
  EXPECT_EQ(*count(*store), 10'000);
}

TEST_F(PostgresReaderTest, RefusesToWrite) {
  const auto store = reader();
  EXPECT_EQ(store->claim("main", Epoch{9}).error().code, Errc::invalid);
  EXPECT_EQ(store->apply({}).error().code, Errc::invalid);
  EXPECT_EQ(store->apply_setting_aside({}).error().code, Errc::invalid);
  EXPECT_EQ(store->reset("main", Epoch{3}).error().code, Errc::invalid);
}

TEST_F(PostgresReaderTest, RefusesASchemaThatIsNotItsOwn) {
  StoreOptions empty;
  empty.url = scratch::fresh_database();
  EXPECT_EQ(open_postgres_reader(empty).error().code, Errc::not_found);
  run("INSERT INTO ledger.schema_migrations VALUES (9999, 'later', 'x', now())");
  EXPECT_EQ(open_postgres_reader(options()).error().code, Errc::invalid);
}

TEST_F(PostgresReaderTest, RepeatsAReadWhoseConnectionWasGone) {
  const auto store = reader();
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(store->cursor("main"));
    terminate_readers();
    const auto rows = count(*store);
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(*rows, 10'000);
  }
}

TEST_F(PostgresReaderTest, DoesNotRepeatWhatWasSeenInPart) {
  const auto store = reader();
  int rows = 0;
  const auto done = store->select(balances(), [&](const std::vector<Cell>&) -> Result<void> {
    if (++rows == 1) terminate_readers();
    return {};
  });
  // Everything may have been on its way already; a second round may not.
  EXPECT_LE(rows, 10'000);
  if (!done) {
    EXPECT_EQ(done.error().code, Errc::unavailable) << done.error().message;
  }
}

TEST_F(PostgresReaderTest, AnErrorOfTheVisitorEndsTheReadAndNotTheReader) {
  const auto store = reader();
  int rows = 0;
  const auto done = store->select(balances(), [&](const std::vector<Cell>&) -> Result<void> {
    ++rows;
    return fail(Errc::unavailable, "enough");
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "enough");
  EXPECT_EQ(rows, 1);
  EXPECT_EQ(*count(*store), 10'000);
}

TEST_F(PostgresReaderTest, AMomentStaysAsItWas) {
  const auto store = reader();
  auto moment = store->one_moment();
  ASSERT_TRUE(moment) << moment.error().message;
  run("DELETE FROM execution.balances; UPDATE ledger.books SET applied_seq = 42");
  EXPECT_EQ((*moment)->cursor("main")->applied, Seq{41});
  EXPECT_EQ(*count(**moment), 10'000);
  EXPECT_EQ(store->cursor("main")->applied, Seq{42});
  EXPECT_EQ(*count(*store), 0);
  moment->reset();
  EXPECT_EQ(text_of("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'reads' AND state LIKE"
                    " 'idle in transaction%' AND datname = current_database()"),
            "0");
}

TEST_F(PostgresReaderTest, AMomentCanBeReadFromManyThreads) {
  const auto store = reader();
  const auto moment = store->one_moment();
  ASSERT_TRUE(moment);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto rows = count(**moment);
      ASSERT_TRUE(rows) << rows.error().message;
      EXPECT_EQ(*rows, 10'000);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(PostgresReaderTest, ManyThreadsReadWhileConnectionsAreEnded) {
  StoreOptions options = this->options();
  options.pool_size = 4;
  options.wait_ms_max = 60'000;
  const auto store = reader(options);
  std::atomic<int> answered = 0;
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 40; ++round) {
        // Lost twice in a row is an answer too; a wrong answer is not.
        if (const auto cursor = store->cursor("main")) {
          EXPECT_EQ(cursor->applied, Seq{41});
          ++answered;
        } else {
          EXPECT_EQ(cursor.error().code, Errc::unavailable) << cursor.error().message;
        }
      }
    });
  }
  std::thread ending([&] {
    while (!done) terminate_readers();
  });
  for (std::thread& thread : threads) thread.join();
  done = true;
  ending.join();
  EXPECT_GT(answered, 0);
  terminate_readers();
  EXPECT_TRUE(store->cursor("main"));
}

// ---- TLS ----

class TlsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = scratch::new_directory();
    std::filesystem::create_directories(directory_);
    make_authority("ca");
    make_authority("other");
    shell("openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr");
    std::ofstream(directory_ + "/names") << "subjectAltName=DNS:localhost\n";
    shell(
        "openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out "
        "server.crt");
    auto started =
        scratch::PostgresServer::start({.directory = scratch::new_directory(), .settings = {}, .listen_tcp = true});
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
    const auto plain = connect(server_->url());
    ASSERT_TRUE(plain);
    // The server reads its key as its own user, from its own directory.
    install(*plain, "server.key");
    install(*plain, "server.crt");
    ASSERT_TRUE(plain->run_script("ALTER SYSTEM SET ssl = on"));
    ASSERT_TRUE(server_->stop());
    const std::string key = data_directory_ + "/server.key";
    std::filesystem::permissions(key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    ASSERT_TRUE(server_->start_again());
  }
  static void TearDownTestSuite() {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  static void shell(const std::string& command) {
    const std::string whole = "cd " + directory_ + " && " + command + " >log 2>&1";
    ASSERT_EQ(std::system(whole.c_str()), 0) << command;
  }
  static void make_authority(const std::string& name) {
    shell("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=" + name + " -keyout " + name + ".key -out " +
          name + ".crt");
  }
  static void install(Connection& connection, const std::string& name) {
    std::ifstream file(directory_ + "/" + name);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    const auto rows = connection.query("SELECT setting FROM pg_settings WHERE name = 'data_directory'");
    ASSERT_TRUE(rows);
    data_directory_ = rows->text(0, 0);
    // Two statements: a large object is exported as it was before the statement.
    const auto made = connection.query("SELECT lo_from_bytea(0, convert_to($1, 'UTF8'))", Parameters().add(content));
    ASSERT_TRUE(made) << made.error().message;
    const auto written = connection.query("SELECT lo_export($1::bigint::oid, $2)",
                                          Parameters().add(made->integer(0, 0)).add(data_directory_ + "/" + name));
    ASSERT_TRUE(written) << written.error().message;
  }

  static Result<std::unique_ptr<Connection>> connect_as(const std::string& mode, const std::string& extra = "") {
    std::string url = server_->tcp_url();
    if (!extra.empty()) url += (url.find('?') == std::string::npos ? "?" : "&") + extra;
    return Connection::connect({.url = url, .ssl_mode = mode});
  }
  static std::string encryption(Connection& connection) {
    const auto rows = connection.query("SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    return rows ? rows->text(0, 0) : rows.error().message;
  }
  static std::string root(const std::string& name) { return "sslrootcert=" + directory_ + "/" + name + ".crt"; }

  static std::string directory_;
  static std::string data_directory_;
  static std::unique_ptr<scratch::PostgresServer> server_;
};
std::string TlsTest::directory_;
std::string TlsTest::data_directory_;
std::unique_ptr<scratch::PostgresServer> TlsTest::server_;

TEST_F(TlsTest, RequireEncrypts) {
  const auto connection = connect_as("require");
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_EQ(encryption(**connection), "true");
  const auto plain = connect_as("disable");
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(encryption(**plain), "false");
}

TEST_F(TlsTest, TheModeOfTheUrlWins) {
  const auto connection = connect_as("disable", "sslmode=require");
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_EQ(encryption(**connection), "true");
}

TEST_F(TlsTest, VerifyFullTakesTheNameAndTheAuthority) {
  // The address is not in the certificate, the name is.
  const std::string name = "host=localhost&" + root("ca");
  const auto connection = connect_as("verify-full", name);
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_EQ(encryption(**connection), "true");
}

TEST_F(TlsTest, AnotherNameIsRefused) {
  const auto connection = connect_as("verify-full", root("ca"));
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, Errc::not_found) << connection.error().message;
  EXPECT_THAT(connection.error().message, HasSubstr("DATABASE_SSL_MODE"));
}

TEST_F(TlsTest, AnotherAuthorityIsRefused) {
  const auto connection = connect_as("verify-ca", root("other"));
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, Errc::not_found) << connection.error().message;
  EXPECT_THAT(connection.error().message, HasSubstr("certificate verify failed"));
  EXPECT_THAT(connection.error().message, HasSubstr("DATABASE_SSL_MODE"));
}

TEST_F(TlsTest, AServerWithoutTlsIsRefused) {
  auto plain =
      scratch::PostgresServer::start({.directory = scratch::new_directory(), .settings = {}, .listen_tcp = true});
  ASSERT_TRUE(plain) << plain.error().message;
  const auto connection = Connection::connect({.url = (*plain)->tcp_url(), .ssl_mode = "require"});
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, Errc::not_found) << connection.error().message;
  EXPECT_THAT(connection.error().message, HasSubstr("DATABASE_SSL_MODE"));
}

}  // namespace
}  // namespace blotter::postgres
