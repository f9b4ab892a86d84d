#include "store/postgres/partitions.h"

#include <thread>

#include "store/postgres/postgres_schema_test.h"
#include "store/postgres/select_rows.h"

namespace blotter::postgres {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Timestamp instant(const char* text) { return *parse_timestamp(text); }

class PartitionsTest : public PostgresSchemaTest {
 protected:
  void SetUp() override {
    migrate();
    auto opened = Partitions::open(options(), StoreAccess::write);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    partitions_ = std::move(*opened);
  }
  std::string names(const std::string& table) {
    return text_of("SELECT partition_name FROM ledger.partitions WHERE table_name = $1 ORDER BY from_at",
                   Parameters().add(table));
  }
  // Answers how many were made.
  std::string ensure(const std::string& table, const std::string& instants) {
    return text_of("SELECT ledger.ensure_partitions($1, $2::text::timestamptz[])",
                   Parameters().add(table).add("{" + instants + "}"));
  }
  void add_fill(int seq, const std::string& at) {
    run("INSERT INTO execution.fills VALUES ('b', " + std::to_string(seq) +
        ", '00000000-0000-7000-8000-000000000001', 'a', 'S', 'V', 's', 'e" + std::to_string(seq) + "', ('" + at +
        "'::timestamptz AT TIME ZONE 'UTC')::date, 'buy', 1, 2, 0, 'USD', 'maker', 'effective', 1, -2, 2, 0, 'USD', '" +
        at + "', '" + at + "', '" + at + "', 0)");
  }
  std::unique_ptr<Partitions> partitions_;
};

TEST_F(PartitionsTest, APartitionIsOnePeriodInUtcWhateverTheSessionsTimeZone) {
  run("SET TimeZone = 'Pacific/Apia'; SET DateStyle = 'German'");
  EXPECT_EQ(ensure("fills", "2026-12-31T23:59:59.999999Z, 2027-01-01T00:00Z"), "2");
  EXPECT_EQ(ensure("audit_log", "2028-02-29T12:00Z"), "1");
  run("RESET TimeZone; RESET DateStyle");
  EXPECT_EQ(names("fills"), "fills_2026_q4\nfills_2027_q1");
  const auto list = partitions_->list();
  ASSERT_TRUE(list.has_value()) << list.error().message;
  ASSERT_EQ(list->size(), 3U);
  EXPECT_EQ(list->at(0).name, "audit_log_2028_02");
  EXPECT_EQ(list->at(0).from, instant("2028-02-01T00:00:00Z"));
  EXPECT_EQ(list->at(0).to, instant("2028-03-01T00:00:00Z"));
  EXPECT_EQ(list->at(1).from, instant("2026-10-01T00:00:00Z"));
  EXPECT_EQ(list->at(1).to, instant("2027-01-01T00:00:00Z"));
  EXPECT_EQ(list->at(1).state, PartitionState::attached);
}

TEST_F(PartitionsTest, RecordsOfTheFirstAndTheLastYearLand) {
  EXPECT_EQ(ensure("fills", "1678-01-01Z, 2262-04-11T23:47:16Z, 1677-09-21T00:12:44Z"), "3");
  add_fill(1, "1678-01-01T00:00:00Z");
  add_fill(2, "2262-04-11T23:47:16Z");
  add_fill(3, "1677-09-21T00:12:44Z");
  EXPECT_EQ(text_of("SELECT count(*) FROM execution.fills"), "3");
  EXPECT_EQ(partitions_->list()->front().from.ns, INT64_MIN) << "what a Timestamp cannot say is its end";
}

TEST_F(PartitionsTest, EveryPartitionRefusesAnExecutionOfTheSameIdentity) {
  ensure("fills", "2026-11-21Z");
  add_fill(1, "2026-11-21T10:00:00Z");
  const Error error =
      refusal_of(db(),
                 "INSERT INTO execution.fills SELECT book_id, 2, order_id, account, symbol, venue, strategy, exec_id,"
                 " trade_date, side, quantity, price, fee, fee_asset, liquidity, status, position_delta, cash_delta,"
                 " cost_delta, realized_pnl, settle, at + INTERVAL '1 hour', received_at, recorded_at, nanos"
                 " FROM execution.fills");
  EXPECT_THAT(error.message, HasSubstr("fills_2026_q4_identity"));
}

TEST_F(PartitionsTest, CallersAtTheSameTimeMakeOnePartition) {
  std::array<std::string, 6> made;
  std::vector<std::thread> threads;
  for (std::string& each : made) {
    threads.emplace_back([&] {
      const auto own = connect(url_);
      each =
          text_of(*own, "SELECT ledger.ensure_partitions('fills', ARRAY['2030-01-01Z', '2031-01-01Z']::timestamptz[])");
    });
  }
  for (std::thread& each : threads) each.join();
  std::sort(made.begin(), made.end());
  EXPECT_THAT(made, ElementsAre("0", "0", "0", "0", "0", "2"));
}

TEST_F(PartitionsTest, EachSaysWhichRowsItHolds) {
  ensure("fills", "2026-11-21Z");
  EXPECT_EQ(text_of("SELECT obj_description('execution.fills_2026_q4'::regclass)"),
            "Rows of fills from 2026-10-01 until before 2027-01-01, UTC.");
  EXPECT_THAT(text_of("SELECT obj_description('execution.fills_2026_q4_identity'::regclass)"),
              HasSubstr("same identity"));
}

// As a person does it who wants to look at old rows at leisure.
TEST_F(PartitionsTest, ALateRecordLandsBesideATableThatWasDetachedByHand) {
  ensure("fills", "2015-01-01Z");
  run("ALTER TABLE execution.fills DETACH PARTITION execution.fills_2015_q1");
  EXPECT_EQ(ensure("fills", "2015-02-01Z"), "1");
  EXPECT_EQ(names("fills"), "fills_2015_q1_2");
  add_fill(1, "2015-02-01T00:00:00Z");
  run("ALTER TABLE execution.fills DETACH PARTITION execution.fills_2015_q1_2;"
      "ALTER TABLE execution.fills_2015_q1 RENAME TO fills_of_old");
  EXPECT_EQ(ensure("fills", "2015-02-01Z"), "1");
  EXPECT_EQ(names("fills"), "fills_2015_q1_3") << "an index still has the first name";
}

TEST_F(PartitionsTest, ManyPeriodsAreMadeAFewAtATime) {
  EXPECT_EQ(text_of("SELECT ledger.ensure_partitions('fills', ARRAY(SELECT generate_series(TIMESTAMPTZ '1900-01-01Z',"
                    " '1924-12-31Z', INTERVAL '1 month')))"),
            "64")
      << "one transaction has not locks enough for any number";
  ASSERT_TRUE(partitions_->set_rule({"audit_log", Period::day, "", 70}).has_value());
  const auto made = partitions_->ensure(instant("2026-11-21T10:00:00Z"));
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(text_of("SELECT count(*) FROM ledger.partitions WHERE table_name = 'audit_log'"), "71");
}

TEST_F(PartitionsTest, ALongReaderDoesNotHoldUpAMaker) {
  ensure("fills", "2026-11-21Z");
  const auto reader = connect(url_);
  ASSERT_TRUE(reader->begin(kBeginOneMoment).has_value());
  ASSERT_TRUE(reader->query("SELECT count(*) FROM execution.fills").has_value());
  EXPECT_EQ(ensure("fills", "2027-11-21Z"), "1");
  reader->rollback();
}

TEST_F(PartitionsTest, ALockThatIsNotToBeHadIsARetryNotAWait) {
  const auto holder = connect(url_);
  ASSERT_TRUE(holder->begin(kBegin).has_value());
  ASSERT_TRUE(holder->run_script("LOCK TABLE execution.fills IN ACCESS EXCLUSIVE MODE").has_value());
  const Error error = refusal_of(db(), "SELECT ledger.ensure_partitions('fills', ARRAY[now()])");
  EXPECT_EQ(error.code, Errc::unavailable);
  EXPECT_EQ(db().refusal().sqlstate, "55P03");
  holder->rollback();
  EXPECT_EQ(ensure("fills", "now"), "1");
  EXPECT_EQ(text_of("SELECT current_setting('lock_timeout')"), "0") << "the caller's setting came back";
}

TEST_F(PartitionsTest, OnlyTablesWithARuleGetPartitions) {
  EXPECT_THAT(refusal_of(db(), "SELECT ledger.ensure_partitions('orders', ARRAY[now()])").message, HasSubstr("orders"));
  EXPECT_THAT(refusal_of(db(), "SELECT ledger.ensure_partitions('fills; DROP TABLE x', ARRAY[now()])").message,
              HasSubstr("no partition rule"));
}

TEST_F(PartitionsTest, EnsureMakesTheRulesPeriodsAheadOnce) {
  const Timestamp now = instant("2026-11-21T10:00:00Z");
  const auto made = partitions_->ensure(now);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(made->size(), 4U * 8U);
  EXPECT_EQ(names("fills"),
            "fills_2026_q4\nfills_2027_q1\nfills_2027_q2\nfills_2027_q3\nfills_2027_q4\nfills_2028_q1\nfills_2028_q2\n"
            "fills_2028_q3");
  EXPECT_EQ(names("audit_log").substr(0, 35), "audit_log_2026_11\naudit_log_2026_12");
  EXPECT_TRUE(partitions_->ensure(now)->empty());
}

TEST_F(PartitionsTest, AChangedPeriodHoldsForNewPartitionsAndOverlapsNone) {
  ensure("fills", "2026-02-10Z");
  ASSERT_TRUE(partitions_->set_rule({"fills", Period::day, "30 days", 3}).has_value());
  EXPECT_EQ(ensure("fills", "2026-03-31Z, 2026-04-01Z, 2026-05-20Z"), "2") << "the quarter covers March";
  ASSERT_TRUE(partitions_->set_rule({"fills", Period::quarter, "", 7}).has_value());
  EXPECT_EQ(ensure("fills", "2026-04-02Z, 2026-06-02Z, 2026-07-01Z"), "3");
  EXPECT_EQ(names("fills"),
            "fills_2026_q1\nfills_2026_04_01\nfills_2026_04_02\nfills_2026_05_20\nfills_2026_06\nfills_2026_q3");
  const auto made = partitions_->ensure(instant("2026-05-01T00:00:00Z"));
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(text_of("SELECT count(*) FROM generate_series(TIMESTAMPTZ '2026-05-01Z', '2028-03-30Z', '1 day') AS day"
                    " WHERE NOT EXISTS (SELECT FROM ledger.list_partitions() WHERE table_name = 'fills'"
                    " AND from_at <= day AND to_at > day)"),
            "0")
      << "no gap is left";
}

TEST_F(PartitionsTest, RulesThatMakeNoSenseAreRefused) {
  EXPECT_EQ(partitions_->set_rule({"orders", Period::day, "", 3}).error().code, Errc::not_found);
  EXPECT_EQ(partitions_->set_rule({"fills", Period::day, "a while", 3}).error().code, Errc::invalid);
  EXPECT_EQ(partitions_->set_rule({"fills", Period::day, "-1 day", 3}).error().code, Errc::invalid);
  EXPECT_EQ(partitions_->set_rule({"fills", Period::day, "1 day", 0}).error().code, Errc::invalid);
  for (const char* retention : {"7", "23 hours", "1000 years 1 day", "300000 years", "99999999999999 years", "0"}) {
    SCOPED_TRACE(retention);
    const auto refused = partitions_->set_rule({"fills", Period::day, retention, 3});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::invalid);
    EXPECT_THAT(refused.error().message, HasSubstr("write '7 years'"));
  }
  EXPECT_EQ(partitions_->set_rule({"fills", Period::quarter, "89 days", 3}).error().code, Errc::invalid);
  EXPECT_EQ(partitions_->set_rule({"fills", Period::month, "29 days", 3}).error().code, Errc::invalid);
  for (const char* rule : {"retention = '7'", "retention = '300000 years'", "retention = '1 day'"}) {
    refusal_of(db(), "UPDATE ledger.partition_rules SET " + std::string(rule) + " WHERE table_name = 'fills'");
    EXPECT_EQ(db().refusal().constraint, "retention_makes_sense") << rule;
  }
  const auto rules = *partitions_->rules();
  ASSERT_EQ(rules.size(), 4U);
  EXPECT_EQ(rules[2].table, "fills");
  EXPECT_EQ(rules[2].period, Period::quarter);
  EXPECT_EQ(rules[2].retention, "7 years");
}

TEST_F(PartitionsTest, TheShortestAndTheLongestRetentionCanBePlanned) {
  ensure("fills", "1700-01-01Z, 2026-11-20Z");
  const Timestamp now = instant("2026-11-22T00:00:00Z");
  ASSERT_TRUE(partitions_->set_rule({"fills", Period::quarter, "1000 years", 7}).has_value());
  auto plan = partitions_->plan_retire(now);
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  EXPECT_TRUE(plan->empty());
  ASSERT_TRUE(partitions_->set_rule({"fills", Period::quarter, "3 months", 7}).has_value());
  ASSERT_TRUE(partitions_->set_rule({"fills", Period::month, "1 month", 7}).has_value());
  ASSERT_TRUE(partitions_->set_rule({"fills", Period::day, "1 day", 7}).has_value());
  plan = partitions_->plan_retire(now);
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  ASSERT_EQ(plan->size(), 1U);
  EXPECT_EQ(plan->front().partition, "fills_1700_q1");
}

TEST_F(PartitionsTest, PartitionsWithoutBothEndsAreLeftOut) {
  run("CREATE TABLE execution.fills_rest PARTITION OF execution.fills DEFAULT;"
      "CREATE TABLE execution.cash_old PARTITION OF execution.cash_movements FOR VALUES FROM (MINVALUE) TO"
      " ('2001-01-01Z');"
      "CREATE TABLE execution.cash_late PARTITION OF execution.cash_movements FOR VALUES FROM ('2201-01-01Z') TO"
      " ('infinity')");
  EXPECT_EQ(ensure("fills", "2026-11-21Z"), "1");
  const auto list = partitions_->list();
  ASSERT_TRUE(list.has_value()) << list.error().message;
  ASSERT_EQ(list->size(), 1U);
  EXPECT_EQ(list->front().name, "fills_2026_q4");
  EXPECT_TRUE(partitions_->ensure(instant("2026-11-21T10:00:00Z")).has_value());
  EXPECT_TRUE(partitions_->plan_retire(instant("2026-11-21T10:00:00Z")).has_value());
}

TEST_F(PartitionsTest, AQueryOfASpanOfTimeReadsItsPartitionsOnly) {
  ensure("fills", "2026-01-01Z, 2026-04-01Z, 2026-07-01Z, 2026-10-01Z");
  const auto rows = db().query(
      "EXPLAIN (FORMAT JSON) SELECT * FROM execution.fills WHERE book_id = 'b' AND symbol = 'S'"
      " AND at >= '2026-05-01Z' AND at < '2026-06-01Z'");
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  const std::string text = rows->text(0, 0);
  EXPECT_THAT(text, HasSubstr("fills_2026_q2"));
  for (const char* other : {"fills_2026_q1", "fills_2026_q3", "fills_2026_q4"}) {
    EXPECT_EQ(text.find(other), std::string::npos) << other;
  }
}

// The texts that the verbs fills, orders and audit run, newest first: no listing sorts a whole table, however many
// partitions it reads.
TEST_F(PartitionsTest, EachListingIsServedInItsOrder) {
  ensure("audit_log", "2026-01-01Z, 2026-02-01Z, 2026-03-01Z");
  ensure("fills", "2026-01-01Z, 2026-04-01Z");
  run("INSERT INTO logging.audit_log SELECT 'b', n, 'c' || n % 7, 'a' || n % 11, '[]', '[]', NULL, NULL,"
      " CASE WHEN n % 500 = 0 THEN 'error' ELSE 'info' END, at, at, at, 0"
      " FROM (SELECT n, TIMESTAMPTZ '2026-01-01Z' + n * INTERVAL '4 minutes' AS at FROM generate_series(1, 30000) AS n)"
      " AS x;"
      "INSERT INTO execution.fills SELECT 'b', n, '00000000-0000-7000-8000-000000000001', 'a' || n % 3, 'S' || n % 20,"
      " 'V', 's', 'e' || n, (at AT TIME ZONE 'UTC')::date, 'buy', 1, 2, 0, 'USD', 'maker', 'effective', 1, -2, 2, 0,"
      " 'USD', at, at, at, 0"
      " FROM (SELECT n, TIMESTAMPTZ '2026-01-01Z' + n * INTERVAL '8 minutes' AS at FROM generate_series(1, 20000) AS n)"
      " AS x;"
      "ANALYZE logging.audit_log, execution.fills");
  const auto served = [&](Table table, const std::string& column, const std::string& value, const char* index) {
    Select select{.table = table, .book_id = "b", .columns = {}, .filters = {}, .order = {}, .limit = 50};
    select.order = {{table == Table::orders ? "order_id" : "seq", Direction::descending}};
    if (!column.empty()) select.filters = {{column, Compare::equal, value}};
    const auto sql = select_sql(select);
    ASSERT_TRUE(sql.has_value()) << sql.error().message;
    const auto rows = db().query(("EXPLAIN " + sql->text).c_str(), sql->parameters);
    ASSERT_TRUE(rows.has_value()) << rows.error().message;
    std::string plan;
    for (int row = 0; row < rows->size(); ++row) plan += rows->text(row, 0) + "\n";
    EXPECT_THAT(plan, HasSubstr(index)) << column;
    EXPECT_EQ(plan.find("Sort  ("), std::string::npos) << column << ":\n" << plan;
  };
  served(Table::fills, "", "", "fills_2026_q1_pkey");
  served(Table::fills, "symbol", "S7", "fills_2026_q1_book_id_symbol_seq_idx");
  served(Table::fills, "account", "a1", "fills_2026_q1_pkey");
  served(Table::orders, "symbol", "S7", "orders_symbol");
  served(Table::audit_log, "", "", "audit_log_2026_02_pkey");
  served(Table::audit_log, "component", "c3", "audit_log_2026_02_book_id_component_seq_idx");
  served(Table::audit_log, "action", "a3", "audit_log_2026_02_book_id_action_seq_idx");
  served(Table::audit_log, "severity", "error", "audit_log_2026_02_book_id_severity_seq_idx");
  served(Table::audit_log, "severity", "info", "audit_log_2026_02_pkey");
}

}  // namespace
}  // namespace blotter::postgres
