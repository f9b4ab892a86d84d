// The questions for which a server of its own is made: its settings, its counters, its limits.
#include <deque>

#include "store/postgres/doctor_test.h"

namespace blotter::postgres {
namespace {

TEST_F(DoctorTest, FindsConnectionsNearlyUsedUp) {
  auto server =
      scratch::PostgresServer::start({.directory = scratch::new_directory(),
                                      .settings = {"max_connections = 13", "superuser_reserved_connections = 3"}});
  ASSERT_TRUE(server) << server.error().message;
  StoreOptions small;
  small.url = (*server)->url();
  std::deque<std::unique_ptr<Connection>> held;
  for (int i = 0; i < 7; ++i) held.push_back(connect(small.url));
  EXPECT_EQ(check_of(small, "connections").level, HealthLevel::ok) << "8 of 10";
  held.push_back(connect(small.url));
  EXPECT_EQ(check_of(small, "connections").level, HealthLevel::warn) << "9 of 10";
  held.push_back(connect(small.url));
  EXPECT_EQ(check_of(small, "connections").level, HealthLevel::crit) << "10 of 10";
}

// The server's own account of its oldest transaction is the catalogue's, so a row there makes it as old as needed.
TEST(DoctorServerTest, FindsOldTransactionNumbersWhateverAutovacuumIsSetTo) {
  auto server = scratch::PostgresServer::start(
      {.directory = scratch::new_directory(),
       .settings = {"autovacuum_freeze_max_age = 2000000000", "autovacuum = off", "allow_system_table_mods = on"}});
  ASSERT_TRUE(server) << server.error().message;
  StoreOptions options;
  options.url = (*server)->url();
  const auto connection = connect(options.url);
  const auto level_at = [&](std::int64_t age) {
    const auto made = connection->execute(
        "UPDATE pg_database SET datfrozenxid = (((txid_current() - $1) + 4294967296) % 4294967296)"
        "::text::xid WHERE datname = 'template0'",
        Parameters().add(age));
    EXPECT_TRUE(made) << made.error().message;
    const auto checks = examine(options);
    EXPECT_TRUE(checks) << checks.error().message;
    for (const HealthCheck& each : *checks) {
      if (each.name != "freeze_age") continue;
      EXPECT_THAT(each.value, HasSubstr("template0"));
      return each.level;
    }
    return HealthLevel::skipped;
  };
  EXPECT_EQ(level_at(1'000'000'000), HealthLevel::ok);
  EXPECT_EQ(level_at(1'100'000'000), HealthLevel::warn);
  EXPECT_EQ(level_at(1'600'000'000), HealthLevel::warn);
  EXPECT_EQ(level_at(1'620'000'000), HealthLevel::crit);
  EXPECT_EQ(level_at(2'100'000'000), HealthLevel::crit);
}

TEST(DoctorServerTest, FindsThatAutovacuumDoesNotFreeze) {
  auto server = scratch::PostgresServer::start(
      {.directory = scratch::new_directory(), .settings = {"autovacuum = off", "allow_system_table_mods = on"}});
  ASSERT_TRUE(server) << server.error().message;
  StoreOptions options;
  options.url = (*server)->url();
  const auto connection = connect(options.url);
  const auto made = connection->execute(
      "UPDATE pg_database SET datfrozenxid = (txid_current() - 410000000 + 4294967296)::text::xid"
      " WHERE datname = 'template0'");
  ASSERT_TRUE(made) << made.error().message;
  const auto checks = examine(options);
  ASSERT_TRUE(checks) << checks.error().message;
  for (const HealthCheck& each : *checks) {
    if (each.name == "freeze_age") {
      EXPECT_EQ(each.level, HealthLevel::warn) << "twice the default of 200 million";
    }
  }
}

TEST(DoctorServerTest, FindsSlowStatements) {
  auto server = scratch::PostgresServer::start(
      {.directory = scratch::new_directory(), .settings = {"shared_preload_libraries = 'pg_stat_statements'"}});
  ASSERT_TRUE(server) << server.error().message;
  const auto connection = connect((*server)->url());
  ASSERT_TRUE(connection->run_script("CREATE SCHEMA elsewhere; CREATE EXTENSION pg_stat_statements SCHEMA elsewhere"));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(connection->query("SELECT pg_sleep(0.11)"));
  StoreOptions options;
  options.url = (*server)->url();
  const auto checks = examine(options);
  ASSERT_TRUE(checks) << checks.error().message;
  for (const HealthCheck& each : *checks) {
    if (each.name != "slow_statements") continue;
    EXPECT_EQ(each.level, HealthLevel::warn) << each.value;
    EXPECT_THAT(each.value, HasSubstr("(5 calls): SELECT pg_sleep("));
  }
}

}  // namespace
}  // namespace blotter::postgres
