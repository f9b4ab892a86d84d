// The questions about tables and indexes.
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

}  // namespace
}  // namespace blotter::postgres
