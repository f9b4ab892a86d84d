// What does not pass by itself: one line says what is wrong and which setting to change; when that is done, landing
// goes on without a restart.
#include <fstream>

#include "postgres/landing_fixture.h"
#include "scratch/process.h"

namespace blotter::postgres_test {
namespace {

class PersonHasToAct : public LandingTest {
 protected:
  Error refusal() {
    record(100);
    EXPECT_TRUE(soon([&] { return !projector_->problem().empty(); }));
    const Result<void> waited = landed(1);
    EXPECT_FALSE(waited.has_value());
    return waited ? Error{} : waited.error();
  }
};

TEST_F(PersonHasToAct, WrongPassword) {
  const auto server = expect_value(PostgresServer::start({.directory = new_directory(), .listen_tcp = true}));
  Session session(server->url());
  session.run("CREATE ROLE keeper LOGIN SUPERUSER PASSWORD 'right'");
  session.run("CREATE DATABASE ledger");
  {
    std::ofstream rules(server->directory() + "/data/pg_hba.conf");
    rules << "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
  }
  session.run("SELECT pg_reload_conf()");
  const std::string address = "@127.0.0.1:" + std::to_string(server->port()) + "/ledger";
  ASSERT_TRUE(soon([&] { return !Session("postgresql://keeper:secret" + address).connected(); }));
  for (const char* user : {"keeper:secret", "keeper"}) {
    start("postgresql://" + std::string(user) + address);
    const Error error = refusal();
    EXPECT_EQ(error.code, Errc::not_found) << error.message;
    expect_helpful(error, "DATABASE_URL");
  }
  start("postgresql://keeper:secret" + address);
  refusal();
  session.run("ALTER ROLE keeper PASSWORD 'secret'");
  ASSERT_TRUE(soon([&] { return landed(1).has_value(); })) << projector_->problem();
  expect_exactly_once(server->url("ledger"));
}

TEST_F(PersonHasToAct, NoDatabase) {
  const std::string url = scratch_server().url("missing_" + std::to_string(seed_));
  start(url);
  const Error error = refusal();
  EXPECT_EQ(error.code, Errc::not_found) << error.message;
  expect_helpful(error, "DATABASE_URL");
  expect_value(scratch_server().create_database("missing_" + std::to_string(seed_)));
  ASSERT_TRUE(soon([&] { return landed(1).has_value(); })) << projector_->problem();
  expect_exactly_once(url);
}

TEST_F(PersonHasToAct, NoRights) {
  const std::string url = fresh_database();
  open_for_writing(url);
  Session session(url);
  session.ask("DROP ROLE IF EXISTS stranger");
  session.run("CREATE ROLE stranger LOGIN");
  std::string theirs = url;
  theirs.replace(theirs.find("postgres@"), 8, "stranger");
  start(theirs);
  const Error error = refusal();
  EXPECT_EQ(error.code, Errc::not_found) << error.message;
  expect_helpful(error, "migrate");
  session.run("ALTER ROLE stranger SUPERUSER");
  ASSERT_TRUE(soon([&] { return landed(1).has_value(); })) << projector_->problem();
  expect_exactly_once(url);
  stop();
  session.run("DROP ROLE stranger");
}

TEST_F(PersonHasToAct, AnEmptyDatabaseThatTheUserMayNotFill) {
  const std::string url = fresh_database();
  Session session(url);
  session.ask("DROP ROLE IF EXISTS guest");
  session.run("CREATE ROLE guest LOGIN");
  std::string theirs = url;
  theirs.replace(theirs.find("postgres@"), 8, "guest");
  start(theirs);
  const Error error = refusal();
  EXPECT_EQ(error.code, Errc::not_found) << error.message;
  expect_helpful(error, "migrate");
  stop();
  session.run("DROP ROLE guest");
}

TEST_F(PersonHasToAct, ASchemaThatIsNewer) {
  const std::string url = fresh_database();
  open_for_writing(url);
  Session session(url);
  session.run("CREATE TABLE kept AS TABLE ledger.schema_migrations");
  session.run("ALTER TABLE ledger.schema_migrations DROP CONSTRAINT IF EXISTS schema_migrations_pkey");
  session.run(
      "UPDATE ledger.schema_migrations SET version = 9999 "
      "WHERE version = (SELECT max(version) FROM ledger.schema_migrations)");
  start(url);
  const Error error = refusal();
  EXPECT_TRUE(error.code == Errc::not_found || error.code == Errc::invalid) << error.message;
  expect_helpful(error, "newer");
  session.run("TRUNCATE ledger.schema_migrations");
  session.run("INSERT INTO ledger.schema_migrations SELECT * FROM kept");
  session.run("DROP TABLE kept");
  ASSERT_TRUE(soon([&] { return landed(1).has_value(); })) << projector_->problem();
  expect_exactly_once(url);
}

TEST_F(PersonHasToAct, AnUnreachableHost) {
  const int port = expect_value(scratch::free_port());
  start("postgresql://keeper:secret@127.0.0.1:" + std::to_string(port) + "/ledger");
  const Error error = refusal();
  EXPECT_EQ(error.code, Errc::unavailable) << error.message;
  expect_helpful(error, "127.0.0.1");
  start("postgresql://keeper:secret@no-such-host.invalid/ledger");
  expect_helpful(refusal(), "no-such-host.invalid");
}

// Another application's schema and database on the same server stay as they were.
TEST_F(PersonHasToAct, ButNotForTheNeighbours) {
  const std::string url = fresh_database();
  Session session(url);
  session.run("CREATE TABLE public.orders (id int PRIMARY KEY, note text)");
  session.run("INSERT INTO public.orders VALUES (1, 'mine')");
  session.run("CREATE SCHEMA shop CREATE TABLE fills (x int)");
  const char* const kTheirs =
      "SELECT string_agg(c.oid || relname || relfilenode || coalesce(relacl::text, ''), ' ' ORDER BY c.oid) "
      "FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('public', 'shop')";
  const std::string before = session.ask(kTheirs);
  const std::string databases =
      "SELECT string_agg(datname || coalesce(datacl::text, '') || dattablespace, ' ' ORDER BY "
      "datname) FROM pg_database WHERE datname IN ('postgres', 'template1')";
  const std::string others = session.ask(databases);
  start(url);
  record(1'000);
  expect_exactly_once(url);
  EXPECT_EQ(session.ask(kTheirs), before);
  EXPECT_EQ(session.ask(databases), others);
  EXPECT_EQ(session.ask("SELECT note FROM public.orders"), "mine");
  stop();
  const auto down = expect_value(open_migrator(url))->down(0);
  ASSERT_TRUE(down.has_value()) << down.error().message;
  EXPECT_EQ(session.ask(kTheirs), before);
}

}  // namespace
}  // namespace blotter::postgres_test
