// The questions about our own tables: the schema, refused rows, partitions.
#include "store/postgres/doctor_test.h"
#include "store/postgres/partitions.h"

namespace blotter::postgres {
namespace {

// Answers how many partitions it made.
std::size_t ensure_now(const StoreOptions& options) {
  auto partitions = Partitions::open(options, StoreAccess::write);
  EXPECT_TRUE(partitions) << partitions.error().message;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto made = (*partitions)->ensure({std::chrono::nanoseconds(now).count()});
  EXPECT_TRUE(made) << made.error().message;
  return made ? made->size() : 0;
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
  const HealthCheck schema = check_of(empty, "schema");
  EXPECT_EQ(schema.level, HealthLevel::crit);
  EXPECT_THAT(schema.value, HasSubstr("blotter migrate up"));
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
  ensure_now(options());
  const HealthCheck made = check("partitions_ahead");
  EXPECT_EQ(made.level, HealthLevel::ok) << made.value;
  EXPECT_THAT(made.value, HasSubstr("audit_log 8 of 8"));
}

TEST_F(DoctorTest, AsksForThePartitionsThatEnsureWouldMake) {
  const auto set = [&](const std::string& rule) {
    run("UPDATE ledger.partition_rules SET " + rule + " WHERE table_name = 'order_events'");
  };
  ensure_now(options());
  set("period = 'day', ahead = 30");
  EXPECT_EQ(ensure_now(options()), 0u);
  EXPECT_EQ(check("partitions_ahead").level, HealthLevel::ok) << "the months cover the days";
  set("period = 'day', ahead = 400");
  EXPECT_EQ(check("partitions_ahead").level, HealthLevel::warn);
  EXPECT_GT(ensure_now(options()), 0u);
  EXPECT_EQ(check("partitions_ahead").level, HealthLevel::ok);
  set("period = 'month', ahead = 11");
  EXPECT_EQ(ensure_now(options()), 0u);
  EXPECT_EQ(check("partitions_ahead").level, HealthLevel::ok) << "the days cover the months";
}

TEST_F(DoctorTest, APartitionFarAwayDoesNotMakeUpForOneThatIsMissing) {
  ensure_now(options());
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
  EXPECT_THAT(pending.advice, HasSubstr("blotter partitions retire --yes"));
}

TEST_F(DoctorTest, FindsARetirementThatWasCutShortAfterItsDetach) {
  run("INSERT INTO ledger.retired_partitions (table_name, partition_name, from_at, to_at, state, started_at) VALUES"
      " ('fills', 'fills_2019_q1', '2019-01-01Z', '2019-04-01Z', 'detached', now() - interval '50 minutes')");
  EXPECT_EQ(check("partitions_detaching").level, HealthLevel::ok) << "it is being archived";
  run("UPDATE ledger.retired_partitions SET started_at = now() - interval '70 minutes'");
  const HealthCheck cut = check("partitions_detaching");
  EXPECT_EQ(cut.level, HealthLevel::warn);
  EXPECT_EQ(cut.value, "fills_2019_q1 (detached)");
  run("UPDATE ledger.retired_partitions SET state = 'dropped', row_count = 0, sha256 = '', archive = ''");
  EXPECT_EQ(check("partitions_detaching").level, HealthLevel::ok);
}

TEST_F(DoctorTest, ADetachOfAnotherApplicationIsNotOurs) {
  run("CREATE TABLE theirs (n INT) PARTITION BY RANGE (n);"
      "CREATE TABLE theirs_1 PARTITION OF theirs FOR VALUES FROM (0) TO (1)");
  const auto reader = connect(url_);
  ASSERT_TRUE(reader->begin(kBeginOneMoment));
  ASSERT_TRUE(reader->query("SELECT count(*) FROM theirs"));
  run("SET statement_timeout = '300ms'");
  refusal_of(db(), "ALTER TABLE theirs DETACH PARTITION theirs_1 CONCURRENTLY");
  EXPECT_EQ(check("partitions_detaching").level, HealthLevel::ok);
}

}  // namespace
}  // namespace blotter::postgres
