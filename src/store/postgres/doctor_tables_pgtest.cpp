// The questions about tables and indexes.
#include <thread>

#include "store/postgres/doctor_test.h"

namespace blotter::postgres {
namespace {

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

TEST_F(DoctorTest, OurOwnIndexesThatNobodyReadsAreNoAlarm) {
  run("SELECT ledger.ensure_partitions('audit_log', ARRAY[now()]), ledger.ensure_partitions('fills', ARRAY[now()])");
  DoctorThresholds thresholds;
  thresholds.unused_days = 0;
  thresholds.unused_bytes_min = 0;
  const HealthCheck unused = check("unused_indexes", thresholds);
  EXPECT_EQ(unused.level, HealthLevel::ok) << unused.value;
  EXPECT_THAT(unused.value, HasSubstr("execution.orders_metadata"));
  EXPECT_THAT(unused.value, HasSubstr("logging.audit_log_details"));
  run("CREATE INDEX of_nobody ON execution.fills (price)");
  const HealthCheck of_theirs = check("unused_indexes", thresholds);
  EXPECT_EQ(of_theirs.level, HealthLevel::warn);
  EXPECT_THAT(of_theirs.value, testing::StartsWith("execution.of_nobody ("));
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
  thresholds.scans_per_day = 10;
  thresholds.scanned_rows_min = 500;
  const HealthCheck missing = eventually("missing_indexes", HealthLevel::warn, thresholds);
  EXPECT_THAT(missing.value, HasSubstr("ledger.books"));
}

// As a dump or `blotter verify` reads it, every night.
TEST_F(DoctorTest, APartitionedTableThatIsReadWholeNowAndThenIsNoAlarm) {
  for (int month = 1; month <= 10; ++month) {
    run("SELECT ledger.ensure_partitions('order_events', ARRAY[TIMESTAMPTZ '2020-" + std::to_string(month) + "-01'])");
  }
  for (int i = 0; i < 15; ++i) run_counted("SELECT count(*) FROM execution.order_events");
  EXPECT_EQ(text_of("SELECT sum(seq_scan) >= 150 FROM pg_stat_user_tables WHERE relname LIKE 'order_events_%'"),
            "true");
  DoctorThresholds thresholds;
  thresholds.scanned_rows_min = 0;
  const HealthCheck missing = check("missing_indexes", thresholds);
  EXPECT_EQ(missing.level, HealthLevel::ok) << missing.value;
}

TEST_F(DoctorTest, AnIndexThatIsBeingMadeIsNotInvalid) {
  const auto holder = connect(url_);
  ASSERT_TRUE(holder->begin(kBegin));
  ASSERT_TRUE(holder->execute("INSERT INTO ledger.books VALUES ('a', 1, 0, 0)"));
  const auto maker = connect(url_);
  std::thread making([&] { (void)maker->run_script("CREATE INDEX CONCURRENTLY being_made ON ledger.books (epoch)"); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const char* kThere = "SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'being_made')";
  while (text_of(kThere) != "true" && std::chrono::steady_clock::now() < deadline) {
  }
  const HealthCheck invalid = check("invalid_indexes");
  EXPECT_EQ(invalid.level, HealthLevel::ok) << invalid.value;
  holder->rollback();
  making.join();
}

TEST_F(DoctorTest, FindsTablesAndIndexesThatAreMostlyAir) {
  EXPECT_EQ(check("bloat").level, HealthLevel::skipped);
  EXPECT_THAT(check("bloat").value, HasSubstr("CREATE EXTENSION pgstattuple"));
  run("CREATE SCHEMA tools; CREATE EXTENSION pgstattuple SCHEMA tools;"
      "CREATE TABLE ledger.swollen WITH (autovacuum_enabled = off) AS"
      " SELECT i, repeat('x', 100) AS filling FROM generate_series(1, 20000) AS i;"
      "CREATE INDEX swollen_i ON ledger.swollen (i)");
  run("VACUUM ledger.swollen");
  DoctorThresholds thresholds;
  thresholds.bloat_bytes_min = 100'000;
  EXPECT_EQ(check("bloat", thresholds).level, HealthLevel::ok) << check("bloat", thresholds).value;
  run("DELETE FROM ledger.swollen WHERE i % 10 <> 0");
  run("VACUUM ledger.swollen");
  const HealthCheck bloat = check("bloat", thresholds);
  EXPECT_EQ(bloat.level, HealthLevel::warn) << bloat.value;
  EXPECT_THAT(bloat.value, HasSubstr("ledger.swollen ("));
  EXPECT_THAT(bloat.value, HasSubstr("ledger.swollen_i ("));
  EXPECT_THAT(bloat.advice, HasSubstr("REINDEX INDEX CONCURRENTLY"));
  thresholds.bloat_bytes_read = 1'000'000;
  EXPECT_THAT(check("bloat", thresholds).value, HasSubstr("1 of 2")) << "the table is too large";
}

TEST_F(DoctorTest, FindsAnInvalidIndex) {
  run("INSERT INTO ledger.books VALUES ('a', 1, 0, 0), ('b', 1, 0, 0)");
  refusal_of(db(), "CREATE UNIQUE INDEX CONCURRENTLY broken ON ledger.books (epoch)");
  const HealthCheck invalid = check("invalid_indexes");
  EXPECT_EQ(invalid.level, HealthLevel::warn);
  EXPECT_EQ(invalid.value, "ledger.broken");
  EXPECT_THAT(invalid.advice, HasSubstr("_ccnew"));
}

}  // namespace
}  // namespace blotter::postgres
