// The questions about what runs and is set, with a server that has the trouble they ask for.
#include <thread>

#include "store/postgres/doctor_test.h"
#include "store/postgres/roles.h"

namespace blotter::postgres {
namespace {

TEST_F(DoctorTest, AsksEveryQuestionOfAHealthyServer) {
  const auto checks = examine(options());
  ASSERT_TRUE(checks) << checks.error().message;
  std::vector<std::string> names;
  for (const HealthCheck& each : *checks) {
    names.push_back(each.name);
    EXPECT_TRUE(is_health_check(each.name)) << each.name;
    EXPECT_FALSE(each.value.empty()) << each.name;
    EXPECT_EQ(each.value.find('\n'), std::string::npos) << each.name;
    if (each.level == HealthLevel::crit || each.level == HealthLevel::warn) {
      EXPECT_FALSE(each.advice.empty()) << each.name;
    }
  }
  EXPECT_THAT(
      names, testing::ElementsAre("server", "encryption", "connections", "cache_hits", "freeze_age", "disk", "wal_disk",
                                  "schema", "refused_rows", "partitions_ahead", "partitions_detaching", "write_latency",
                                  "slow_statements", "long_transactions", "idle_in_transaction", "lock_waits", "sizes",
                                  "dead_rows", "bloat", "unused_indexes", "missing_indexes", "invalid_indexes",
                                  "durability", "tuning", "replication_lag", "replication_slots"));
}

TEST_F(DoctorTest, SaysWhenItCannotConnect) {
  StoreOptions nowhere;
  nowhere.url = "postgresql://127.0.0.1:1/nothing";
  const auto checks = examine(nowhere);
  ASSERT_FALSE(checks);
  EXPECT_EQ(checks.error().code, Errc::unavailable);
}

TEST_F(DoctorTest, CountsConnections) {
  DoctorThresholds thresholds;
  EXPECT_EQ(check("connections").level, HealthLevel::ok);
  thresholds.connections_warn = 0.1;
  EXPECT_EQ(check("connections", thresholds).level, HealthLevel::warn);
  thresholds.connections_crit = 0.1;
  EXPECT_EQ(check("connections", thresholds).level, HealthLevel::crit);
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

TEST_F(DoctorTest, WaitsOfAnotherDatabaseAreNotOurs) {
  const std::string other = scratch::fresh_database();
  const auto holder = connect(other);
  ASSERT_TRUE(holder->run_script("CREATE TABLE one AS SELECT 1 AS n"));
  ASSERT_TRUE(holder->begin(kBegin));
  ASSERT_TRUE(holder->execute("UPDATE one SET n = 2"));
  const auto waiter = connect(other);
  std::thread waiting([&] { (void)waiter->run_script("SET lock_timeout = '60s'; UPDATE one SET n = 3"); });
  const std::string pid = std::to_string(waiter->backend_pid());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (text_of("SELECT count(*) FROM pg_locks WHERE NOT granted AND waitstart IS NOT NULL AND pid = " + pid) == "0" &&
         std::chrono::steady_clock::now() < deadline) {
  }
  DoctorThresholds thresholds;
  thresholds.lock_wait_s = 0;
  const HealthCheck waits = check("lock_waits", thresholds);
  EXPECT_EQ(waits.level, HealthLevel::ok) << waits.value;
  holder->rollback();
  waiting.join();
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
    } else if (each.name == "slow_statements" || each.name == "bloat") {
      EXPECT_EQ(each.level, HealthLevel::skipped);
      EXPECT_THAT(each.value, HasSubstr("CREATE EXTENSION pg"));
    } else if (each.name == "write_latency") {
      EXPECT_EQ(each.level, HealthLevel::skipped);
      EXPECT_THAT(each.value, HasSubstr("track_wal_io_timing"));
    } else if (each.name != "replication_lag") {
      EXPECT_NE(each.level, HealthLevel::skipped) << each.name << ": " << each.value;
    }
  }
  run("GRANT pg_monitor TO doctor_reader");
  EXPECT_EQ(check_of(reader, "idle_in_transaction").level, HealthLevel::ok);
  EXPECT_NE(check_of(reader, "disk").level, HealthLevel::skipped);
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
  const HealthCheck denied = check_of(guest, "refused_rows");
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

}  // namespace
}  // namespace blotter::postgres
