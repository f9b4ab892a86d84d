// Each question of the doctor, with a server that has the trouble it asks for.
#include "store/postgres/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <thread>

#include "store/postgres/partitions.h"
#include "store/postgres/postgres_schema_test.h"
#include "store/postgres/roles.h"

namespace blotter::postgres {
namespace {

using testing::HasSubstr;

class DoctorTest : public PostgresSchemaTest {
 protected:
  void SetUp() override { migrate(); }

  HealthCheck check(const std::string& name, const DoctorThresholds& thresholds = {}) {
    return check(options(), name, thresholds);
  }
  static HealthCheck check(const StoreOptions& options, const std::string& name,
                           const DoctorThresholds& thresholds = {}) {
    const auto checks = examine(options, thresholds);
    EXPECT_TRUE(checks) << checks.error().message;
    if (!checks) return {};
    for (const HealthCheck& each : *checks) {
      if (each.name == name) return each;
    }
    ADD_FAILURE() << "no check is called " << name;
    return {};
  }
  // Answers how many partitions it made.
  std::size_t ensure_now() const {
    auto partitions = Partitions::open(options(), StoreAccess::write);
    EXPECT_TRUE(partitions) << partitions.error().message;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto made = (*partitions)->ensure({std::chrono::nanoseconds(now).count()});
    EXPECT_TRUE(made) << made.error().message;
    return made ? made->size() : 0;
  }
  // A session's statistics are told when it is idle for long, or asked to.
  void run_counted(const std::string& sql) {
    run(sql);
    run("SELECT pg_stat_force_next_flush()");
  }
  // Looks until the level is there.
  HealthCheck eventually(const std::string& name, HealthLevel level, const DoctorThresholds& thresholds = {}) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    HealthCheck found = check(name, thresholds);
    while (found.level != level && std::chrono::steady_clock::now() < deadline) found = check(name, thresholds);
    EXPECT_EQ(found.level, level) << found.value;
    return found;
  }
};

TEST_F(DoctorTest, AsksEveryQuestionOfAHealthyServer) {
  const auto checks = examine(options());
  ASSERT_TRUE(checks) << checks.error().message;
  std::vector<std::string> names;
  for (const HealthCheck& each : *checks) {
    names.push_back(each.name);
    EXPECT_FALSE(each.value.empty()) << each.name;
    EXPECT_EQ(each.value.find('\n'), std::string::npos) << each.name;
    if (each.level == HealthLevel::crit || each.level == HealthLevel::warn) {
      EXPECT_FALSE(each.advice.empty()) << each.name;
    }
  }
  EXPECT_THAT(names, testing::ElementsAre("server", "encryption", "connections", "cache_hits", "freeze_age", "disk",
                                          "schema", "refused_rows", "partitions_ahead", "partitions_detaching",
                                          "slow_statements", "long_transactions", "idle_in_transaction", "lock_waits",
                                          "sizes", "unused_indexes", "missing_indexes", "dead_rows", "invalid_indexes",
                                          "durability", "tuning", "replication_lag", "replication_slots"));
}

TEST_F(DoctorTest, SaysWhenItCannotConnect) {
  StoreOptions nowhere;
  nowhere.url = "postgresql://127.0.0.1:1/nothing";
  const auto checks = examine(nowhere);
  ASSERT_FALSE(checks);
  EXPECT_EQ(checks.error().code, Errc::unavailable);
}

TEST_F(DoctorTest, KnowsTheServerAndItsSchema) {
  EXPECT_EQ(check("server").level, HealthLevel::ok);
  EXPECT_THAT(check("server").value, HasSubstr("PostgreSQL 15"));
  EXPECT_EQ(check("encryption").level, HealthLevel::ok);
  EXPECT_EQ(check("schema").level, HealthLevel::ok);
  run("INSERT INTO ledger.schema_migrations VALUES (9999, 'later', 'x', now())");
  const HealthCheck newer = check("schema");
  EXPECT_EQ(newer.level, HealthLevel::crit);
  EXPECT_THAT(newer.value, HasSubstr("newer"));
}

TEST_F(DoctorTest, AnEmptyDatabaseHasNoLedger) {
  StoreOptions empty;
  empty.url = scratch::fresh_database();
  const HealthCheck schema = check(empty, "schema");
  EXPECT_EQ(schema.level, HealthLevel::crit);
  EXPECT_THAT(schema.value, HasSubstr("blotter migrate up"));
}

TEST_F(DoctorTest, CountsConnections) {
  DoctorThresholds thresholds;
  EXPECT_EQ(check("connections").level, HealthLevel::ok);
  thresholds.connections_warn = 0.1;
  EXPECT_EQ(check("connections", thresholds).level, HealthLevel::warn);
  thresholds.connections_crit = 0.1;
  EXPECT_EQ(check("connections", thresholds).level, HealthLevel::crit);
}

TEST_F(DoctorTest, FindsConnectionsNearlyUsedUp) {
  auto server =
      scratch::PostgresServer::start({.directory = scratch::new_directory(),
                                      .settings = {"max_connections = 13", "superuser_reserved_connections = 3"}});
  ASSERT_TRUE(server) << server.error().message;
  StoreOptions small;
  small.url = (*server)->url();
  std::deque<std::unique_ptr<Connection>> held;
  for (int i = 0; i < 7; ++i) held.push_back(connect(small.url));
  EXPECT_EQ(check(small, "connections").level, HealthLevel::ok) << "8 of 10";
  held.push_back(connect(small.url));
  EXPECT_EQ(check(small, "connections").level, HealthLevel::warn) << "9 of 10";
  held.push_back(connect(small.url));
  EXPECT_EQ(check(small, "connections").level, HealthLevel::crit) << "10 of 10";
}

TEST_F(DoctorTest, FindsATransactionThatIsIdle) {
  const auto forgotten = connect(url_);
  ASSERT_TRUE(forgotten->begin(kBegin));
  DoctorThresholds thresholds;
  thresholds.idle_s_warn = 0;
  thresholds.transaction_s_warn = 0;
  const HealthCheck idle = check("idle_in_transaction", thresholds);
  EXPECT_EQ(idle.level, HealthLevel::warn);
  EXPECT_THAT(idle.value, HasSubstr("pid " + std::to_string(forgotten->backend_pid())));
  EXPECT_EQ(check("long_transactions", thresholds).level, HealthLevel::warn);
  thresholds.transaction_s_crit = 0;
  EXPECT_EQ(check("long_transactions", thresholds).level, HealthLevel::crit);
  forgotten->rollback();
  EXPECT_EQ(check("idle_in_transaction", thresholds).level, HealthLevel::ok);
}

TEST_F(DoctorTest, FindsAWaitForALock) {
  const auto holder = connect(url_);
  ASSERT_TRUE(holder->begin(kBegin));
  ASSERT_TRUE(holder->execute("LOCK TABLE ledger.books IN ACCESS EXCLUSIVE MODE"));
  const auto waiter = connect(url_);
  std::thread waiting([&] { (void)waiter->run_script("SET lock_timeout = '60s'; SELECT * FROM ledger.books"); });
  DoctorThresholds thresholds;
  thresholds.lock_wait_s = 0;
  const HealthCheck waits = eventually("lock_waits", HealthLevel::warn, thresholds);
  EXPECT_THAT(waits.value, HasSubstr("for pid " + std::to_string(holder->backend_pid())));
  EXPECT_THAT(waits.value, HasSubstr("ledger.books"));
  holder->rollback();
  waiting.join();
}

TEST_F(DoctorTest, FindsDeadRows) {
  DoctorThresholds thresholds;
  thresholds.dead_rows_min = 100;
  EXPECT_EQ(check("dead_rows", thresholds).level, HealthLevel::ok);
  run_counted(
      "ALTER TABLE ledger.books SET (autovacuum_enabled = off);"
      "INSERT INTO ledger.books SELECT 'b' || i, 1, 0, 0 FROM generate_series(1, 1000) AS i;"
      "UPDATE ledger.books SET epoch = epoch + 1; UPDATE ledger.books SET epoch = epoch + 1");
  const HealthCheck dead = eventually("dead_rows", HealthLevel::warn, thresholds);
  EXPECT_THAT(dead.value, HasSubstr("ledger.books"));
}

TEST_F(DoctorTest, FindsIndexesThatNobodyReads) {
  run("CREATE INDEX of_nobody ON execution.balances (amount)");
  EXPECT_EQ(check("unused_indexes").level, HealthLevel::ok) << "the counting is young";
  DoctorThresholds thresholds;
  thresholds.unused_days = 0;
  thresholds.unused_bytes_min = 0;
  const HealthCheck unused = check("unused_indexes", thresholds);
  EXPECT_EQ(unused.level, HealthLevel::warn);
  EXPECT_THAT(unused.value, HasSubstr("of_nobody"));
  EXPECT_THAT(unused.value, testing::Not(HasSubstr("_pkey"))) << "a promise is no waste";
}

TEST_F(DoctorTest, BelievesNoCountFromBeforeTheServersStart) {
  run("CREATE INDEX of_nobody ON execution.balances (amount);"
      "UPDATE ledger.schema_migrations SET applied_at = now() - interval '30 days'");
  DoctorThresholds thresholds;
  thresholds.unused_bytes_min = 0;
  const HealthCheck unused = check("unused_indexes", thresholds);
  EXPECT_EQ(unused.level, HealthLevel::ok) << unused.value;
  EXPECT_THAT(unused.value, HasSubstr("counted only since"));
}

TEST_F(DoctorTest, FindsTablesThatAreReadThrough) {
  run("INSERT INTO ledger.books SELECT 'b' || i, 1, 0, 0 FROM generate_series(1, 1000) AS i");
  for (int i = 0; i < 20; ++i) run_counted("SELECT count(*) FROM ledger.books WHERE epoch = 5");
  DoctorThresholds thresholds;
  thresholds.scans_min = 10;
  thresholds.scanned_rows_min = 500;
  const HealthCheck missing = eventually("missing_indexes", HealthLevel::warn, thresholds);
  EXPECT_THAT(missing.value, HasSubstr("ledger.books"));
}

TEST_F(DoctorTest, FindsAnInvalidIndex) {
  run("INSERT INTO ledger.books VALUES ('a', 1, 0, 0), ('b', 1, 0, 0)");
  refusal_of(db(), "CREATE UNIQUE INDEX CONCURRENTLY broken ON ledger.books (epoch)");
  const HealthCheck invalid = check("invalid_indexes");
  EXPECT_EQ(invalid.level, HealthLevel::warn);
  EXPECT_EQ(invalid.value, "ledger.broken");
}

TEST_F(DoctorTest, FindsARefusedRow) {
  EXPECT_EQ(check("refused_rows").level, HealthLevel::ok);
  ASSERT_TRUE(db().execute("INSERT INTO ledger.refused_rows SELECT 'main', 7, 'fills', 'k', $1, 'x'",
                           Parameters().add(std::string_view("violates fills_price_check"))));
  const HealthCheck refused = check("refused_rows");
  EXPECT_EQ(refused.level, HealthLevel::crit);
  EXPECT_EQ(refused.value, "1, the last in fills of book main: violates fills_price_check");
}

TEST_F(DoctorTest, FindsPartitionsThatAreNotMadeAhead) {
  const HealthCheck none = check("partitions_ahead");
  EXPECT_EQ(none.level, HealthLevel::warn) << none.value;
  EXPECT_THAT(none.value, HasSubstr("audit_log 0 of 8"));
  ensure_now();
  const HealthCheck made = check("partitions_ahead");
  EXPECT_EQ(made.level, HealthLevel::ok) << made.value;
  EXPECT_THAT(made.value, HasSubstr("audit_log 8 of 8"));
}

TEST_F(DoctorTest, AsksForThePartitionsThatEnsureWouldMake) {
  const auto set = [&](const std::string& rule) {
    run("UPDATE ledger.partition_rules SET " + rule + " WHERE table_name = 'order_events'");
  };
  ensure_now();
  set("period = 'day', ahead = 30");
  EXPECT_EQ(ensure_now(), 0u);
  EXPECT_EQ(check("partitions_ahead").level, HealthLevel::ok) << "the months cover the days";
  set("period = 'day', ahead = 400");
  EXPECT_EQ(check("partitions_ahead").level, HealthLevel::warn);
  EXPECT_GT(ensure_now(), 0u);
  EXPECT_EQ(check("partitions_ahead").level, HealthLevel::ok);
  set("period = 'month', ahead = 11");
  EXPECT_EQ(ensure_now(), 0u);
  EXPECT_EQ(check("partitions_ahead").level, HealthLevel::ok) << "the days cover the months";
}

TEST_F(DoctorTest, APartitionFarAwayDoesNotMakeUpForOneThatIsMissing) {
  ensure_now();
  run("SELECT ledger.ensure_partitions('audit_log', ARRAY[TIMESTAMPTZ '2199-01-01Z']);"
      "DO $$ BEGIN EXECUTE (SELECT format('DROP TABLE logging.%I', partition_name) FROM ledger.list_partitions()"
      " WHERE table_name = 'audit_log' AND from_at > now() ORDER BY from_at LIMIT 1); END $$");
  const HealthCheck gap = check("partitions_ahead");
  EXPECT_EQ(gap.level, HealthLevel::warn);
  EXPECT_THAT(gap.value, HasSubstr("audit_log 7 of 8"));
}

TEST_F(DoctorTest, FindsARetirementThatWasCutShort) {
  EXPECT_EQ(check("partitions_detaching").level, HealthLevel::ok);
  run("SELECT ledger.ensure_partitions('fills', ARRAY[TIMESTAMPTZ '2020-01-01'])");
  const auto reader = connect(url_);
  ASSERT_TRUE(reader->begin(kBeginOneMoment));
  ASSERT_TRUE(reader->query("SELECT count(*) FROM execution.fills"));
  run("SET statement_timeout = '300ms'");
  refusal_of(db(), "ALTER TABLE execution.fills DETACH PARTITION execution.fills_2020_q1 CONCURRENTLY");
  reader->rollback();
  const HealthCheck pending = check("partitions_detaching");
  EXPECT_EQ(pending.level, HealthLevel::warn);
  EXPECT_EQ(pending.value, "execution.fills_2020_q1");
}

TEST_F(DoctorTest, FindsSettingsThatBreakPromises) {
  // The shared server of the tests runs without fsync.
  const HealthCheck durability = check("durability");
  EXPECT_EQ(durability.level, HealthLevel::crit);
  EXPECT_THAT(durability.value, HasSubstr("fsync off"));
}

TEST_F(DoctorTest, ComparesTheSettingsWithTheAdvice) {
  const HealthCheck tuning = check("tuning");
  EXPECT_EQ(tuning.level, HealthLevel::warn);
  EXPECT_THAT(tuning.value, HasSubstr("shared_buffers = 64MB (advice: 4GB, or 25 % of memory)"));
  EXPECT_THAT(tuning.value, HasSubstr("random_page_cost = 4"));
}

TEST_F(DoctorTest, AReaderIsToldWhatItMayNotSee) {
  const auto roles = make_roles(options());
  ASSERT_TRUE(roles) << roles.error().message;
  run("DROP ROLE IF EXISTS doctor_reader");
  run("CREATE ROLE doctor_reader LOGIN IN ROLE blotter_reader");
  StoreOptions reader = options();
  reader.url.replace(reader.url.find("postgres@"), 8, "doctor_reader");
  const auto checks = examine(reader);
  ASSERT_TRUE(checks) << checks.error().message;
  for (const HealthCheck& each : *checks) {
    if (each.name == "disk" || each.name == "idle_in_transaction" || each.name == "long_transactions") {
      EXPECT_EQ(each.level, HealthLevel::skipped) << each.name << ": " << each.value;
      EXPECT_THAT(each.value + each.advice, HasSubstr("GRANT pg_monitor TO doctor_reader")) << each.name;
    } else if (each.name == "slow_statements") {
      EXPECT_EQ(each.level, HealthLevel::skipped);
      EXPECT_THAT(each.value, HasSubstr("pg_stat_statements"));
    } else if (each.name != "replication_lag") {
      EXPECT_NE(each.level, HealthLevel::skipped) << each.name << ": " << each.value;
    }
  }
  run("GRANT pg_monitor TO doctor_reader");
  EXPECT_EQ(check(reader, "idle_in_transaction").level, HealthLevel::ok);
  EXPECT_NE(check(reader, "disk").level, HealthLevel::skipped);
  run("DROP ROLE doctor_reader");
}

TEST_F(DoctorTest, AQuestionThatIsCutOffIsAWarningAndTheOthersAreAsked) {
  const auto holder = connect(url_);
  ASSERT_TRUE(holder->begin(kBegin));
  ASSERT_TRUE(holder->execute("LOCK TABLE ledger.refused_rows IN ACCESS EXCLUSIVE MODE"));
  const HealthCheck refused = check("refused_rows");
  EXPECT_EQ(refused.level, HealthLevel::warn) << refused.value;
  EXPECT_THAT(refused.value, HasSubstr("lock timeout"));
  EXPECT_THAT(refused.advice, HasSubstr("lock_waits"));
  EXPECT_NE(check("durability").level, HealthLevel::skipped);
  holder->rollback();
  EXPECT_EQ(check("refused_rows").level, HealthLevel::ok);
}

TEST_F(DoctorTest, WhatTheRoleMayNotAskIsSkippedAndWhatTheServerCannotAnswerIsNot) {
  run("DROP ROLE IF EXISTS doctor_guest");
  run("CREATE ROLE doctor_guest LOGIN; GRANT USAGE ON SCHEMA ledger TO doctor_guest;"
      "GRANT SELECT ON ledger.schema_migrations TO doctor_guest");
  StoreOptions guest = options();
  guest.url.replace(guest.url.find("postgres@"), 8, "doctor_guest");
  const HealthCheck denied = check(guest, "refused_rows");
  EXPECT_EQ(denied.level, HealthLevel::skipped) << denied.value;
  EXPECT_THAT(denied.value, HasSubstr("permission denied"));
  run("DROP OWNED BY doctor_guest; DROP ROLE doctor_guest; DROP TABLE ledger.refused_rows");
  const HealthCheck missing = check("refused_rows");
  EXPECT_EQ(missing.level, HealthLevel::warn) << missing.value;
  EXPECT_FALSE(missing.advice.empty());
}

TEST_F(DoctorTest, AnExtensionWhoseLibraryIsNotLoadedIsSkipped) {
  run("CREATE EXTENSION pg_stat_statements");
  const HealthCheck slow = check("slow_statements");
  EXPECT_EQ(slow.level, HealthLevel::skipped) << slow.value;
  EXPECT_THAT(slow.value, HasSubstr("shared_preload_libraries"));
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
