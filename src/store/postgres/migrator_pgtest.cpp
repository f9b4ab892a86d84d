#include "store/postgres/migrator.h"

#include <array>
#include <thread>

#include "store/postgres/postgres_schema_test.h"
#include "store/table_shape.h"

namespace blotter::postgres {
namespace {

using testing::HasSubstr;
using testing::Not;

class MigratorTest : public PostgresSchemaTest {
 protected:
  // Everything in the database that is not PostgreSQL's own, with columns, constraints and comments.
  std::string schema() {
    return text_of(
        "SELECT n.nspname || '.' || c.relname || ' ' || c.relkind::text || ' ' || coalesce(obj_description(c.oid), '')"
        " || ' ' || coalesce((SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || "
        "a.attnotnull"
        "     || coalesce(col_description(c.oid, a.attnum), ''), ',' ORDER BY a.attnum)"
        "   FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0), '')"
        " || ' ' || coalesce((SELECT string_agg(pg_get_constraintdef(o.oid), ',' ORDER BY o.conname)"
        "   FROM pg_constraint o WHERE o.conrelid = c.oid), '')"
        " || ' ' || CASE c.relkind WHEN 'i' THEN pg_get_indexdef(c.oid) WHEN 'v' THEN pg_get_viewdef(c.oid) ELSE '' END"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
        " UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> "
        "'information_schema'"
        " UNION ALL SELECT 'function ' || p.oid::regprocedure::text || p.prosrc FROM pg_proc p JOIN pg_namespace n"
        "   ON n.oid = p.pronamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1");
  }
  SchemaState state() {
    const auto found = schema_state(db());
    EXPECT_TRUE(found.has_value()) << found.error().message;
    return found ? *found : SchemaState::foreign;
  }
  std::string plan_error() const {
    const auto planned = migrator().plan();
    return planned ? "planned" : planned.error().message;
  }
  const std::int32_t newest_ = static_cast<std::int32_t>(built_in_migrations().size());
};

TEST_F(MigratorTest, StatusOfAnEmptyDatabaseIsAllPendingAndCreatesNothing) {
  const std::string before = schema();
  const auto status = migrator().status();
  ASSERT_TRUE(status.has_value()) << status.error().message;
  ASSERT_EQ(status->size(), built_in_migrations().size());
  for (const Migration& each : *status) EXPECT_EQ(each.state, MigrationState::pending);
  EXPECT_EQ(state(), SchemaState::empty);
  EXPECT_THAT(schema_error(SchemaState::empty, db()).message, HasSubstr("blotter migrate up"));
  EXPECT_EQ(schema(), before);
}

TEST_F(MigratorTest, UpAppliesEachMigrationOnce) {
  EXPECT_EQ(migrator().plan()->size(), built_in_migrations().size());
  const auto applied = migrator().up(INT32_MAX);
  ASSERT_TRUE(applied.has_value()) << applied.error().message;
  EXPECT_EQ(applied->size(), built_in_migrations().size());
  EXPECT_EQ(state(), SchemaState::current);
  EXPECT_TRUE(migrator().plan()->empty());
  EXPECT_TRUE(migrator().up(INT32_MAX)->empty());
  const auto status = *migrator().status();
  for (const Migration& each : status) {
    EXPECT_EQ(each.state, MigrationState::applied);
    EXPECT_TRUE(parse_timestamp(each.applied_at).has_value()) << each.applied_at;
    EXPECT_EQ(each.applied_at.size(), static_cast<std::size_t>(kTimestampTextSize));
  }
}

TEST_F(MigratorTest, UpDownUpGivesTheSameSchemaAndDownLeavesNothing) {
  const std::string nothing = schema();
  migrate();
  const std::string first = schema();
  for (std::int32_t version = newest_ - 1; version >= 0; --version) {
    const auto undone = migrator().down(version);
    ASSERT_TRUE(undone.has_value()) << undone.error().message;
    ASSERT_EQ(undone->size(), 1U);
    EXPECT_EQ((*undone)[0].version, version + 1);
    EXPECT_EQ(state(), version > 0 ? SchemaState::older : SchemaState::empty);
  }
  EXPECT_EQ(schema(), nothing);
  migrate();
  EXPECT_EQ(schema(), first);
}

TEST_F(MigratorTest, ColumnsAreThoseOfTheRowsWithJsonInTwoAndNanosLast) {
  migrate();
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<Table>>([&](auto d) {
    const TableShape& shape = shape_of(d.value);
    std::string expected;
    bool instants = false;
    for (const Column& each : shape.columns) {
      expected += each.name + "\n";
      if (each.name == "metadata" || each.name == "details") expected += each.name + "_source\n";
      instants = instants || each.name.ends_with("_at") || each.name == "at";
    }
    if (instants) expected += "nanos\n";
    EXPECT_EQ(text_of("SELECT attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n"
                      " ON n.oid = c.relnamespace WHERE n.nspname IN ('ledger', 'execution', 'strategy_engine',"
                      " 'analytics', 'logging') AND c.relname = '" +
                      shape.name + "' AND attnum > 0 ORDER BY attnum") +
                  "\n",
              expected)
        << shape.name;
  });
}

TEST_F(MigratorTest, EverythingHasAComment) {
  migrate();
  EXPECT_EQ(text_of("SELECT n.nspname || '.' || c.relname || coalesce('.' || a.attname, '') FROM pg_class c"
                    " JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attribute a ON a.attrelid = c.oid"
                    " AND (a.attnum > 0 AND NOT a.attisdropped)"
                    " WHERE n.nspname IN ('ledger', 'execution', 'strategy_engine', 'analytics', 'logging')"
                    " AND c.relkind IN ('r', 'p', 'v')"
                    " AND (obj_description(c.oid, 'pg_class') IS NULL OR col_description(c.oid, a.attnum) IS NULL)"),
            "");
  EXPECT_EQ(text_of("SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
                    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisprimary"
                    " AND n.nspname IN ('ledger', 'execution', 'strategy_engine', 'analytics', 'logging')"
                    " AND obj_description(c.oid, 'pg_class') IS NULL"),
            "");
  EXPECT_EQ(text_of("SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
                    " WHERE n.nspname = 'ledger' AND obj_description(p.oid, 'pg_proc') IS NULL"),
            "");
}

// NaN is above every number for NUMERIC, so `> 0` alone lets it in.
TEST_F(MigratorTest, NoNumberThatHasARuleMayBeNanOrInfinite) {
  migrate();
  for (const char* value : {"NaN", "Infinity"}) {
    const auto landed = db().execute(
        "INSERT INTO analytics.pnl_daily VALUES ('b', '2026-11-21', 'A', 'S', 'V', 's', 'USD', 0, 0, $1::text::numeric,"
        " 0, 1, 1)",
        Parameters().add(value));
    EXPECT_FALSE(landed.has_value()) << value;
    EXPECT_EQ(db().refusal().constraint, "pnl_daily_bought_check");
  }
  EXPECT_EQ(text_of("SELECT o.conrelid::regclass || '.' || a.attname FROM pg_constraint o JOIN pg_attribute a"
                    " ON a.attrelid = o.conrelid AND a.attnum = ANY (o.conkey) WHERE o.contype = 'c'"
                    " AND a.atttypid = 'numeric'::regtype AND pg_get_constraintdef(o.oid) NOT LIKE '%Infinity%'"),
            "");
}

TEST_F(MigratorTest, AnOlderNewerOrChangedSchemaIsToldWithTheCommandThatHelps) {
  ASSERT_TRUE(migrator().up(1).has_value());
  EXPECT_EQ(state(), SchemaState::older);
  EXPECT_THAT(schema_error(SchemaState::older, db()).message, HasSubstr("blotter migrate up"));

  run("INSERT INTO ledger.schema_migrations VALUES (99, 'future', 'x', now())");
  const std::string before = schema();
  EXPECT_EQ(state(), SchemaState::newer);
  EXPECT_EQ(migrator().status()->back().state, MigrationState::unknown);
  EXPECT_EQ(migrator().up(INT32_MAX).error().code, Errc::invalid);
  EXPECT_EQ(migrator().down(0).error().code, Errc::invalid);
  EXPECT_EQ(plan_error(), migrator().up(INT32_MAX).error().message);

  run("DELETE FROM ledger.schema_migrations WHERE version = 99; UPDATE ledger.schema_migrations SET checksum = "
      "'other'");
  EXPECT_EQ(state(), SchemaState::changed);
  EXPECT_EQ(migrator().up(INT32_MAX).error().code, Errc::corrupt);
  EXPECT_EQ(plan_error(), migrator().up(INT32_MAX).error().message);
  EXPECT_EQ(migrator().down(0).error().code, Errc::corrupt);
  EXPECT_EQ(schema(), before);
}

TEST_F(MigratorTest, AnotherApplicationsSchemaOfOurNameIsNamedAndLeftAlone) {
  run("CREATE SCHEMA analytics; CREATE TABLE analytics.theirs (a int)");
  const std::string before = schema();
  EXPECT_EQ(state(), SchemaState::foreign);
  const auto applied = migrator().up(INT32_MAX);
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().code, Errc::invalid);
  EXPECT_THAT(applied.error().message, HasSubstr("would be: analytics;"));
  EXPECT_EQ(plan_error(), applied.error().message);
  EXPECT_FALSE(migrator().down(0).has_value());
  EXPECT_EQ(schema(), before);
}

// Even one that records its own migrations under the same name.
TEST_F(MigratorTest, AnotherApplicationsRecordOfMigrationsIsNotTakenForOurs) {
  run("CREATE SCHEMA ledger; CREATE TABLE ledger.schema_migrations (version text PRIMARY KEY, name text, checksum text,"
      " applied_at timestamptz); INSERT INTO ledger.schema_migrations VALUES ('20260101', '', '', now())");
  const std::string before = schema();
  EXPECT_EQ(state(), SchemaState::foreign);
  const auto status = migrator().status();
  ASSERT_TRUE(status.has_value()) << status.error().message;
  for (const Migration& each : *status) EXPECT_EQ(each.state, MigrationState::pending);
  const auto applied = migrator().up(INT32_MAX);
  ASSERT_FALSE(applied.has_value());
  EXPECT_THAT(applied.error().message, HasSubstr("schemas of another program"));
  EXPECT_EQ(schema(), before);
  run("ALTER TABLE ledger.schema_migrations DROP COLUMN checksum");
  EXPECT_EQ(state(), SchemaState::foreign);
  EXPECT_EQ(migrator().down(0).error().code, Errc::invalid);
}

TEST_F(MigratorTest, AnotherApplicationsTablesInTheDatabaseStayAsTheyWere) {
  run("CREATE SCHEMA prefect; CREATE TABLE prefect.flow_runs (id int PRIMARY KEY, open boolean);"
      "CREATE TABLE public.orders (id int); INSERT INTO public.orders VALUES (7);"
      "INSERT INTO prefect.flow_runs VALUES (1, true)");
  const std::string before = schema();
  migrate();
  ASSERT_TRUE(migrator().down(0).has_value());
  EXPECT_EQ(schema(), before);
  EXPECT_EQ(text_of("SELECT count(*) FROM public.orders, prefect.flow_runs WHERE open"), "1");
}

TEST_F(MigratorTest, DownRefusesToDropWhatSomebodyElsePutIntoOurSchema) {
  migrate();
  run("CREATE TABLE analytics.of_a_person (a int)");
  const auto undone = migrator().down(0);
  ASSERT_FALSE(undone.has_value());
  EXPECT_EQ(text_of("SELECT count(*) FROM analytics.of_a_person"), "0");
  EXPECT_EQ(state(), SchemaState::older);
  run("DROP TABLE analytics.of_a_person");
  EXPECT_TRUE(migrator().down(0).has_value());
}

TEST_F(MigratorTest, DownRefusesToForgetAPartitionOnItsWayToAnArchive) {
  migrate();
  run("SELECT ledger.ensure_partitions('fills', ARRAY[TIMESTAMPTZ '2015-05-01Z']);"
      "INSERT INTO ledger.retired_partitions (table_name, partition_name, from_at, to_at, state)"
      " SELECT table_name, partition_name, from_at, to_at, 'detaching' FROM ledger.list_partitions();"
      "ALTER TABLE execution.fills DETACH PARTITION execution.fills_2015_q2;"
      "SELECT ledger.settle_detached(1)");
  for (const std::int32_t version : {3, 0}) {
    const auto undone = migrator().down(version);
    ASSERT_FALSE(undone.has_value());
    EXPECT_EQ(undone.error().code, Errc::invalid);
    EXPECT_THAT(undone.error().message, HasSubstr("fills_2015_q2"));
    EXPECT_THAT(undone.error().message, HasSubstr("blotter partitions retire --yes"));
    EXPECT_EQ(text_of("SELECT state FROM ledger.retired_partitions"), "detached");
  }
  run("DROP TABLE execution.fills_2015_q2_retired_1; UPDATE ledger.retired_partitions SET state = 'dropped',"
      " row_count = 0, sha256 = '', archive = ''");
  const auto undone = migrator().down(0);
  EXPECT_TRUE(undone.has_value()) << undone.error().message;
}

TEST_F(MigratorTest, AFailingMigrationLeavesNothingBehind) {
  static constexpr std::string_view kRecord =
      "CREATE SCHEMA ledger; CREATE TABLE ledger.schema_migrations (version int, name text, checksum text,"
      " applied_at timestamptz);";
  static constexpr std::array<MigrationText, 2> kBroken = {
      {{1, "good", kRecord, "DROP TABLE ledger.schema_migrations; DROP SCHEMA ledger;"},
       {2, "bad", "CREATE TABLE ledger.half (a int); CREATE TABLE ledger.half (a int);", "DROP TABLE ledger.half;"}}};
  const std::string before = schema();
  PostgresMigrator broken(settings(url_), kBroken);
  EXPECT_FALSE(broken.up(INT32_MAX).has_value());
  EXPECT_EQ(schema(), before) << "an empty database gets all or nothing";
  ASSERT_TRUE(broken.up(1).has_value());
  EXPECT_FALSE(broken.up(2).has_value());
  EXPECT_THAT(schema(), Not(HasSubstr("half")));
  EXPECT_EQ(broken.status()->at(1).state, MigrationState::pending);
}

TEST_F(MigratorTest, SeveralThatStartTogetherApplyEachMigrationOnce) {
  std::array<std::size_t, 4> applied{};
  std::vector<std::thread> threads;
  for (std::size_t& count : applied) {
    threads.emplace_back([&] {
      const auto done = migrator().up(INT32_MAX);
      EXPECT_TRUE(done.has_value()) << done.error().message;
      if (done) count = done->size();
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(applied[0] + applied[1] + applied[2] + applied[3], built_in_migrations().size());
}

TEST_F(MigratorTest, ADatabaseOfAnotherEncodingIsRefusedWithWhatToDo) {
  run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  PostgresMigrator latin(settings(scratch::scratch_server().url("latin")));
  const auto applied = latin.up(INT32_MAX);
  ASSERT_FALSE(applied.has_value());
  EXPECT_THAT(applied.error().message, HasSubstr("ENCODING 'UTF8'"));
  EXPECT_EQ(latin.plan().error().message, applied.error().message);
}

}  // namespace
}  // namespace blotter::postgres
