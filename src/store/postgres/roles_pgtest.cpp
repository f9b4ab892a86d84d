#include "store/postgres/roles.h"

#include "store/postgres/postgres_schema_test.h"
#include "store/postgres/postgres_store.h"
#include "store/test_rows.h"

namespace blotter::postgres {
namespace {

using testing::HasSubstr;

// Roles belong to the whole server, so every test has members of its own.
class RolesTest : public PostgresSchemaTest {
 protected:
  void SetUp() override {
    migrate();
    const auto made = make_roles(options());
    ASSERT_TRUE(made.has_value()) << made.error().message;
    run("CREATE ROLE " + name("r") + " LOGIN IN ROLE blotter_reader; CREATE ROLE " + name("w") +
        " LOGIN IN ROLE blotter_writer; CREATE ROLE " + name("o") + " LOGIN IN ROLE blotter_operator; CREATE ROLE " +
        name("nobody") + " LOGIN");
    database_ = text_of("SELECT current_database()");
  }
  std::string name(const std::string& role) const {
    return role + "_" + testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  std::string url_as(const std::string& role) const {
    std::string url = url_;
    const std::string user = "postgres@";
    const std::size_t at = url.find(user);
    EXPECT_NE(at, std::string::npos) << url;
    std::string lower = name(role);
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    return url.replace(at, user.size(), lower + "@");
  }
  std::string of_database(std::string url, const std::string& other) const {
    const std::size_t at = url.find(database_);
    EXPECT_NE(at, std::string::npos) << url;
    return url.replace(at, database_.size(), other);
  }
  void allows(Connection& connection, const std::string& sql) {
    const auto done = connection.run_script(sql.c_str());
    EXPECT_TRUE(done.has_value()) << sql << ": " << done.error().message;
  }
  void refuses(Connection& connection, const std::string& sql) {
    const Error error = refusal_of(connection, sql);
    EXPECT_EQ(connection.refusal().sqlstate, "42501") << sql << ": " << error.message;
    EXPECT_THAT(error.message, HasSubstr("blotter migrate roles"));
  }
  const std::vector<std::string> append_only_ = {"execution.order_events", "execution.position_adjustments",
                                                 "execution.cash_movements", "logging.audit_log",
                                                 "ledger.refused_rows"};
  const std::vector<std::string> mutable_ = {"ledger.accounts",     "ledger.instruments",  "strategy_engine.strategies",
                                             "execution.orders",    "execution.positions", "execution.balances",
                                             "analytics.pnl_daily", "ledger.books"};
  std::string database_;
};

TEST_F(RolesTest, AreIdempotent) {
  const auto again = make_roles(options());
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->size(), 3U);
  EXPECT_EQ(text_of("SELECT rolname FROM pg_roles WHERE rolname LIKE 'blotter\\_%'"
                    " AND shobj_description(oid, 'pg_authid') IS NULL"),
            "")
      << "every one says what it is for";
}

TEST_F(RolesTest, NobodyElseReadsAnything) {
  const auto nobody = connect(url_as("nobody"));
  refuses(*nobody, "SELECT FROM ledger.books");
  refuses(*nobody, "SELECT FROM execution.fills");
  refuses(*nobody, "SELECT ledger.ensure_partitions('fills', ARRAY[now()])");
}

TEST_F(RolesTest, AReaderReadsEverythingAndChangesNothing) {
  const auto reader = connect(url_as("r"));
  for (const auto* tables : {&append_only_, &mutable_}) {
    for (const std::string& table : *tables) {
      allows(*reader, "SELECT * FROM " + table);
      refuses(*reader, "INSERT INTO " + table + " DEFAULT VALUES");
      refuses(*reader, "DELETE FROM " + table);
    }
  }
  allows(*reader, "SELECT * FROM execution.ledger_entries; SELECT * FROM ledger.partitions");
  refuses(*reader, "UPDATE execution.fills SET status = status");
  refuses(*reader, "SELECT ledger.ensure_partitions('fills', ARRAY[now()])");
  refuses(*reader, "CREATE TABLE execution.mine (a int)");
}

TEST_F(RolesTest, AWriterMayNeitherChangeNorDeleteEvidence) {
  const auto writer = connect(url_as("w"));
  allows(*writer,
         "INSERT INTO ledger.books VALUES ('b', 1, 0, 0); UPDATE ledger.books SET applied_seq = 5;"
         "SELECT ledger.ensure_partitions('audit_log', ARRAY[TIMESTAMPTZ '2026-11-21Z']);"
         "INSERT INTO logging.audit_log VALUES ('b', 1, 'risk', 'halted', '[]', '[]', NULL, NULL, 'info',"
         " '2026-11-21Z', '2026-11-21Z', '2026-11-21Z', 0)");
  for (const std::string& table : append_only_) {
    refuses(*writer, "UPDATE " + table + " SET seq = seq");
    refuses(*writer, "DELETE FROM " + table);
    refuses(*writer, "TRUNCATE " + table);
  }
  for (const std::string& table : mutable_) {
    allows(*writer, "UPDATE " + table + " SET book_id = book_id");
    refuses(*writer, "DELETE FROM " + table);
  }
  allows(*writer, "UPDATE execution.fills SET status = 'busted' WHERE seq = 1");
  refuses(*writer, "UPDATE execution.fills SET price = price");
  refuses(*writer, "DELETE FROM execution.fills");
  allows(*writer, "UPDATE ledger.quarantine SET state = 'released' WHERE seq = 1");
  refuses(*writer, "UPDATE ledger.quarantine SET content = content");
  refuses(*writer, "UPDATE ledger.partition_rules SET ahead = 1");
  refuses(*writer, "SELECT ledger.settle_detached(1)");
  refuses(*writer, "INSERT INTO ledger.schema_migrations VALUES (9, 'x', 'x', now())");
  refuses(*writer, "CREATE TABLE execution.mine (a int)");
  refuses(*writer, "DROP TABLE logging.audit_log_2026_11");
}

// Everything that a store does for who records, refused rows of every way included.
TEST_F(RolesTest, AWritersRightsAreEnoughToLand) {
  StoreOptions as_writer;
  as_writer.url = url_as("w");
  const auto store = open_postgres_store(as_writer, StoreAccess::write);
  ASSERT_TRUE(store.has_value()) << store.error().message;
  ASSERT_TRUE((*store)->claim(store_rows::kBook, store_rows::kEpoch).has_value());
  const auto landed = (*store)->apply(store_rows::full_batch());
  ASSERT_TRUE(landed.has_value()) << landed.error().message;
  run("ALTER TABLE execution.positions ADD CHECK (quantity <> 6); ALTER TABLE execution.cash_movements ADD CHECK "
      "(amount <> 6)");
  Batch bad = store_rows::batch(7, 8);
  bad.positions = {store_rows::position("6", 7)};
  bad.cash_movements = {store_rows::cash(7, "d2", "6"), store_rows::cash(8, "d3", "1")};
  bad.fill_status_changes = {{99, FillStatus::busted}};
  bad.quarantine_releases = {{98}};
  const auto set_aside = (*store)->apply_setting_aside(bad);
  ASSERT_TRUE(set_aside.has_value()) << set_aside.error().message;
  EXPECT_EQ(text_of("SELECT count(*) FROM ledger.refused_rows"), "4");
  EXPECT_EQ(text_of("SELECT count(*) FROM execution.cash_movements"), "2");
  const auto writer = connect(url_as("w"));
  refuses(*writer, "UPDATE ledger.refused_rows SET table_name = table_name");
}

TEST_F(RolesTest, AnOperatorRebuildsABookAndKeepsThePartitions) {
  const auto op = connect(url_as("o"));
  for (const std::string& table : append_only_) allows(*op, "DELETE FROM " + table);
  allows(*op, "DELETE FROM execution.orders; DELETE FROM execution.fills; UPDATE ledger.books SET applied_seq = 0");
  allows(*op,
         "SELECT ledger.ensure_partitions('fills', ARRAY[TIMESTAMPTZ '2020-01-01Z']); UPDATE ledger.partition_rules "
         "SET ahead = 9");
  allows(*op, "ALTER TABLE execution.fills DETACH PARTITION execution.fills_2020_q1 CONCURRENTLY");
  allows(*op, "DROP TABLE execution.fills_2020_q1");
  allows(*op, "SELECT query FROM pg_stat_activity");
  EXPECT_EQ(text_of(*op, "SELECT pg_has_role('pg_read_all_stats', 'MEMBER')"), "true");
  refuses(*op, "CREATE TABLE ledger.mine (a int)");
  refuses(*op, "UPDATE ledger.partition_rules SET identity = identity");
  refuses(*op, "DROP TABLE execution.orders");
}

TEST_F(RolesTest, PartitionsMadeByTheWriterBelongToTheOperator) {
  const auto writer = connect(url_as("w"));
  allows(*writer, "SELECT ledger.ensure_partitions('fills', ARRAY[TIMESTAMPTZ '2031-05-05Z'])");
  EXPECT_EQ(text_of("SELECT tableowner FROM pg_tables WHERE tablename = 'fills_2031_q2'"), "blotter_operator");
}

TEST_F(RolesTest, ASearchPathOfTheMemberLetsTheQueriesOfSqliteRun) {
  run("ALTER ROLE " + name("r") + " IN DATABASE " + database_ +
      " SET search_path = ledger, execution, strategy_engine, analytics, logging");
  const auto reader = connect(url_as("r"));
  allows(*reader,
         "SELECT count(*) FROM fills; SELECT * FROM ledger_entries; SELECT * FROM pnl_daily;"
         "SELECT * FROM audit_log; SELECT * FROM strategies");
}

TEST_F(RolesTest, AMigrationAfterwardsIsUndoneAndDoneByItsOwner) {
  ASSERT_TRUE(migrator().down(0).has_value());
  migrate();
}

TEST_F(RolesTest, WithoutTheRightToCreateRolesItSaysWhatToDo) {
  StoreOptions as_writer = options();
  as_writer.url = url_as("w");
  const auto made = make_roles(as_writer);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, Errc::not_found);
  EXPECT_THAT(made.error().message, HasSubstr("blotter migrate roles"));
  EXPECT_THAT(made.error().message, HasSubstr("superuser"));
}

TEST_F(RolesTest, APartitionThatIsHalfDetachedIsNamedWithWhatToDo) {
  run("CREATE DATABASE half_detached_db");
  StoreOptions half;
  half.url = of_database(url_, "half_detached_db");
  ASSERT_TRUE(make_migrator(half)->up(INT32_MAX).has_value());
  const auto admin = connect(half.url);
  ASSERT_TRUE(admin->query("SELECT ledger.ensure_partitions('fills', ARRAY[TIMESTAMPTZ '2015-01-01Z'])").has_value());
  // A reader makes the detachment wait in its middle, where it is cut off.
  const auto reader = connect(half.url);
  ASSERT_TRUE(reader->begin(kBeginOneMoment).has_value());
  ASSERT_TRUE(reader->query("SELECT count(*) FROM execution.fills").has_value());
  ASSERT_TRUE(admin->run_script("SET lock_timeout = '300ms'").has_value());
  EXPECT_FALSE(admin->run_script("ALTER TABLE execution.fills DETACH PARTITION execution.fills_2015_q1 CONCURRENTLY")
                   .has_value());
  reader->rollback();
  const auto refused = make_roles(half);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("fills_2015_q1"));
  EXPECT_THAT(refused.error().message, HasSubstr("FINALIZE"));
  ASSERT_TRUE(
      admin->run_script("ALTER TABLE execution.fills DETACH PARTITION execution.fills_2015_q1 FINALIZE").has_value());
  EXPECT_TRUE(make_roles(half).has_value());
}

TEST_F(RolesTest, AnOwnerWhoIsNoSuperuserMigratesAndMakesRoles) {
  run("CREATE ROLE " + name("owner") + " LOGIN CREATEROLE");
  run("CREATE DATABASE owned_db OWNER " + name("owner"));
  StoreOptions owned;
  owned.url = of_database(url_as("owner"), "owned_db");
  const auto applied = make_migrator(owned)->up(INT32_MAX);
  ASSERT_TRUE(applied.has_value()) << applied.error().message;
  const auto made = make_roles(owned);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  const auto undone = make_migrator(owned)->down(0);
  EXPECT_TRUE(undone.has_value()) << undone.error().message;
}

// The usual set-up: the owner of the database may make no roles, so a superuser makes them once. The partitioned tables
// are the operator's then, and the owner's views and functions must still reach them.
TEST_F(RolesTest, AnOwnerKeepsItsRightsWhenASuperuserMakesTheRoles) {
  run("CREATE ROLE " + name("owner") + " LOGIN");
  run("CREATE DATABASE owned_by_one_without_createrole OWNER " + name("owner"));
  const auto url_of = [&](const std::string& url) { return of_database(url, "owned_by_one_without_createrole"); };
  StoreOptions as_owner;
  as_owner.url = url_of(url_as("owner"));
  const auto applied = make_migrator(as_owner)->up(INT32_MAX);
  ASSERT_TRUE(applied.has_value()) << applied.error().message;
  StoreOptions as_superuser;
  as_superuser.url = url_of(url_);
  for (int round = 0; round < 2; ++round) {
    const auto made = make_roles(as_superuser);
    ASSERT_TRUE(made.has_value()) << made.error().message;
  }
  allows(*connect(url_of(url_as("r"))), "SELECT * FROM execution.ledger_entries");
  const auto owner = connect(as_owner.url);
  allows(*owner,
         "SELECT ledger.ensure_partitions('fills', ARRAY[TIMESTAMPTZ '2026-01-01Z']); SELECT * FROM execution.fills");
  const auto undone = make_migrator(as_owner)->down(0);
  EXPECT_TRUE(undone.has_value()) << undone.error().message;
}

}  // namespace
}  // namespace blotter::postgres
