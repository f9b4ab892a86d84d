#include "store/postgres/postgres_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "scratch/postgres_environment_test.h"
#include "store/postgres/batch_writer.h"
#include "store/postgres/partitions.h"
#include "store/postgres/select_rows.h"
#include "store/test_directory.h"
#include "store/test_rows.h"

namespace blotter::postgres {
namespace {

using testing::HasSubstr;
using testing::Not;

Result<std::unique_ptr<Store>> open(const std::string& url, StoreAccess access = StoreAccess::write) {
  StoreOptions options;
  options.url = url;
  return open_postgres_store(options, access);
}

class PostgresStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = open(url_);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = std::move(*opened);
    ASSERT_TRUE(store_->claim(store_rows::kBook, store_rows::kEpoch).has_value());
    ConnectionSettings settings;
    settings.url = url_;
    admin_ = std::move(*Connection::connect(settings));
  }

  void run(const std::string& sql) {
    const auto done = admin_->run_script(sql.c_str());
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  std::string text(const char* sql) {
    const auto rows = admin_->query(sql);
    EXPECT_TRUE(rows.has_value()) << rows.error().message;
    return rows && rows->size() > 0 ? rows->text(0, 0) : std::string();
  }
  std::int64_t number(const char* sql) {
    const auto rows = admin_->query(sql);
    EXPECT_TRUE(rows.has_value()) << rows.error().message;
    return rows ? rows->integer(0, 0) : -1;
  }
  void must_apply(const Batch& batch) {
    const auto answer = store_->apply(batch);
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
  }
  std::uint64_t applied() { return to_number(store_->cursor(store_rows::kBook)->applied); }

  // Order i is of event i.
  static Batch orders(std::int64_t first, std::int64_t last) {
    Batch batch = store_rows::batch(static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(last));
    for (std::int64_t seq = first; seq <= last; ++seq) {
      OrderRow order = store_rows::order(1, seq);
      order.order_id.bytes[0] = static_cast<std::uint8_t>(seq >> 8);
      order.order_id.bytes[1] = static_cast<std::uint8_t>(seq);
      order.client_order_id = "c" + std::to_string(seq);
      batch.new_orders.push_back(order);
    }
    return batch;
  }

  std::string url_ = scratch::fresh_database();
  std::unique_ptr<Store> store_;
  std::unique_ptr<Connection> admin_;
};

TEST_F(PostgresStoreTest, ACopyThatLandedOtherRowsThanWereSentIsUndone) {
  run("CREATE FUNCTION public.drop_one() RETURNS trigger LANGUAGE plpgsql AS"
      " 'BEGIN IF NEW.client_order_id = ''c77'' THEN RETURN NULL; END IF; RETURN NEW; END';"
      "CREATE TRIGGER drop_one BEFORE INSERT ON execution.orders FOR EACH ROW EXECUTE FUNCTION public.drop_one()");
  const auto answer = store_->apply(orders(1, 500));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::unavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("499"));
  EXPECT_EQ(number("SELECT count(*) FROM execution.orders"), 0);
  EXPECT_EQ(applied(), 0u);
  run("DROP TRIGGER drop_one ON execution.orders");
  must_apply(orders(1, 500));
  EXPECT_EQ(number("SELECT count(*) FROM execution.orders"), 500);
}

TEST_F(PostgresStoreTest, AWriterIsFencedByAClaimOnAnotherConnection) {
  must_apply(orders(1, 2));
  auto other = std::move(*open(url_));
  ASSERT_TRUE(other->claim(store_rows::kBook, Epoch{9}).has_value());
  for (const Batch& late : {orders(3, 4), orders(3, 400)}) {
    const auto answer = store_->apply(late);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, Errc::fenced) << answer.error().message;
  }
  EXPECT_EQ(store_->claim(store_rows::kBook, store_rows::kEpoch).error().code, Errc::fenced);
  EXPECT_EQ(number("SELECT count(*) FROM execution.orders"), 2);
}

TEST_F(PostgresStoreTest, FindsEachRefusedRowOfALargeBatch) {
  must_apply(orders(1, 3));
  Batch batch = orders(4, 3000);
  for (const std::size_t twin : {0u, 1u, 1500u, 2996u}) batch.new_orders[twin].client_order_id = "c2";
  const auto refused = store_->apply(batch);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("orders row 1 of 2997"));
  EXPECT_EQ(applied(), 3u);
  const auto landed = store_->apply_setting_aside(batch);
  ASSERT_TRUE(landed.has_value()) << landed.error().message;
  EXPECT_EQ(applied(), 3000u);
  EXPECT_EQ(number("SELECT count(*) FROM execution.orders"), 2996);
  EXPECT_EQ(number("SELECT count(*) FROM ledger.refused_rows WHERE seq IN (4, 5, 1504, 3000)"), 4);
}

TEST_F(PostgresStoreTest, ALargeBatchOfNothingButRefusedRowsIsSetAside) {
  must_apply(orders(1, 1));
  Batch batch = orders(2, 600);
  for (OrderRow& order : batch.new_orders) order.client_order_id = "c1";
  ASSERT_TRUE(store_->apply_setting_aside(batch).has_value());
  EXPECT_EQ(number("SELECT count(*) FROM ledger.refused_rows"), 599);
}

// A missing partition has the same SQLSTATE, and is retried.
TEST_F(PostgresStoreTest, ATriggersCheckViolationIsARefusedRow) {
  run("CREATE FUNCTION public.limit_cash() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.amount > 5 THEN"
      " RAISE check_violation USING MESSAGE = ''not wanted''; END IF; RETURN NEW; END';"
      "CREATE TRIGGER limit_cash BEFORE INSERT ON execution.cash_movements FOR EACH ROW EXECUTE FUNCTION"
      " public.limit_cash()");
  Batch batch = store_rows::batch(1, 2);
  batch.cash_movements = {store_rows::cash(1, "a", "6"), store_rows::cash(2, "b", "5")};
  EXPECT_EQ(store_->apply(batch).error().code, Errc::invalid);
  ASSERT_TRUE(store_->apply_setting_aside(batch).has_value());
  EXPECT_EQ(number("SELECT count(*) FROM execution.cash_movements"), 1);
  EXPECT_EQ(number("SELECT count(*) FROM ledger.refused_rows WHERE reason LIKE '%not wanted%'"), 1);
}

TEST_F(PostgresStoreTest, AnInterruptedStoreAnswersAtOnceAndForEver) {
  run("BEGIN; LOCK TABLE execution.orders");
  std::thread interrupter([&] {
    while (number("SELECT count(*) FROM pg_locks WHERE NOT granted") == 0) {
    }
    store_->interrupt();
  });
  EXPECT_EQ(store_->apply(orders(1, 2)).error().code, Errc::unavailable);
  interrupter.join();
  run("ROLLBACK");
  EXPECT_EQ(store_->cursor(store_rows::kBook).error().code, Errc::unavailable);
  store_ = std::move(*open(url_));
  EXPECT_EQ(applied(), 0u);
}

// What finding one refused row costs, counted in the server's log.
TEST_F(PostgresStoreTest, OneRefusedRowIsFoundInAHandfulOfAttempts) {
  run("ALTER TABLE execution.positions ADD CHECK (symbol <> 'S-700')");
  run("DO 'BEGIN EXECUTE format(''ALTER DATABASE %I SET log_statement = ''''all'''''', current_database()); END'");
  store_ = std::move(*open(url_));
  const auto attempts = [] {
    std::ifstream log(scratch::scratch_server().directory() + "/log");
    int count = 0;
    for (std::string line; std::getline(log, line);) count += line.ends_with("statement: SAVEPOINT landing") ? 1 : 0;
    return count;
  };
  Batch batch = store_rows::batch(1, 1);
  for (int i = 0; i < 1024; ++i) {
    batch.positions.push_back(store_rows::position("1", 1));
    batch.positions.back().symbol = "S-" + std::to_string(i);
  }
  const int before = attempts();
  ASSERT_TRUE(store_->apply_setting_aside(batch).has_value());
  EXPECT_EQ(number("SELECT count(*) FROM execution.positions"), 1023);
  const int by_halves = attempts() - before;
  EXPECT_GT(by_halves, 1);
  EXPECT_LE(by_halves, 2 * 10 + 1);
  must_apply(orders(2, 2));
  Batch named = orders(3, 1026);
  named.new_orders[700].client_order_id = "c2";
  ASSERT_TRUE(store_->apply_setting_aside(named).has_value());
  EXPECT_EQ(attempts() - before - by_halves, 4) << "the whole, the rows before, the row, the rows behind";
}

TEST_F(PostgresStoreTest, NamesMayPassFromOneOrderToAnotherInOneBatch) {
  must_apply(orders(1, 300));
  Batch batch = store_rows::batch(301, 301);
  // Each takes the name of the next, whose turn to give it up comes only afterwards, except in this very order.
  Batch all = orders(1, 300);
  for (std::size_t i = 300; i > 0; --i) {
    OrderRow order = all.new_orders[i - 1];
    order.client_order_id = "c" + std::to_string(i + 1);
    order.last_seq = 301;
    batch.changed_orders.push_back(order);
  }
  must_apply(batch);
  EXPECT_EQ(number("SELECT count(*) FROM execution.orders WHERE client_order_id = 'c301'"), 1);
}

TEST_F(PostgresStoreTest, GoesOnAfterItsConnectionWasLost) {
  must_apply(orders(1, 2));
  run("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
      " WHERE datname = current_database() AND pid <> pg_backend_pid()");
  const auto lost = store_->apply(orders(3, 4));
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code, Errc::unavailable);
  EXPECT_EQ(applied(), 2u);
  must_apply(orders(3, 4));
}

TEST_F(PostgresStoreTest, APartitionThatWasRetiredIsMadeAgain) {
  Batch batch = store_rows::batch(1, 1);
  batch.fills = {store_rows::fill(1, 1)};
  must_apply(batch);
  run("ALTER TABLE execution.fills DETACH PARTITION execution.fills_2015_q2;"
      "ALTER TABLE execution.fills_2015_q2 RENAME TO fills_2015_q2_gone;"
      "ALTER INDEX execution.fills_2015_q2_pkey RENAME TO fills_2015_q2_gone_pkey;"
      "ALTER INDEX execution.fills_2015_q2_identity RENAME TO fills_2015_q2_gone_identity");
  batch = store_rows::batch(2, 2);
  batch.fills = {store_rows::fill(2, 1)};
  must_apply(batch);
  EXPECT_EQ(number("SELECT count(*) FROM execution.fills"), 1);
}

// The event `seq` busts the fills.
Batch bust(std::uint64_t seq, const std::vector<std::int64_t>& fills) {
  Batch batch = store_rows::batch(seq, seq);
  for (const std::int64_t fill : fills) batch.fill_status_changes.push_back({fill, FillStatus::busted});
  batch.position_adjustments = {
      store_rows::bust_of(store_rows::fill(fills.front(), 1), static_cast<std::int64_t>(seq))};
  return batch;
}

TEST_F(PostgresStoreTest, ABustOfARetiredFillIsDoneAndAnUnknownOneIsNot) {
  Batch batch = store_rows::batch(1, 6);
  batch.fills = {store_rows::fill(2, 1), store_rows::fill(4, 1), store_rows::fill(5, 1)};
  FillRow& young = batch.fills.back();
  young.at = *parse_timestamp("2026-11-02T00:00:00Z");
  young.trade_date = "2026-11-02";
  must_apply(batch);

  StoreOptions options;
  options.url = url_;
  const TemporaryDirectory directory;
  // What each step leaves behind is a state in which a bust may come.
  std::uint64_t seq = 6;
  const RetireOptions how{.archive_directory = directory.path(),
                          .now = *parse_timestamp("2026-11-21T00:00:00Z"),
                          .before_step = [&](std::string_view step, const std::string&) -> Result<void> {
                            if (step != "record") must_apply(bust(++seq, {2, 5}));
                            return {};
                          }};
  const auto retired = (*Partitions::open(options, StoreAccess::write))->retire(how);
  ASSERT_TRUE(retired.has_value()) << retired.error().message;
  ASSERT_EQ(retired->dropped.size(), 1U);
  EXPECT_EQ(seq, 13u);
  EXPECT_EQ(number("SELECT 10 * first_seq + last_seq FROM ledger.retired_partitions"), 24);

  must_apply(bust(++seq, {2, 5}));
  const auto aside = store_->apply_setting_aside(bust(++seq, {4, 5}));
  ASSERT_TRUE(aside.has_value()) << aside.error().message;
  EXPECT_EQ(number("SELECT count(*) FROM ledger.refused_rows"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM execution.fills WHERE seq = 5 AND status = 'busted'"), 1);
  EXPECT_EQ(number("SELECT count(*) FROM execution.position_adjustments"), 9) << "the effect of each landed";

  const auto unknown = store_->apply(bust(++seq, {6}));
  ASSERT_FALSE(unknown.has_value()) << "no fill of a retired partition has this number";
  EXPECT_EQ(unknown.error().code, Errc::invalid);
  EXPECT_THAT(unknown.error().message, HasSubstr("fills has no seq 6"));
}

TEST_F(PostgresStoreTest, ABustThatTheServerRefusesIsNotTakenForARetiredOne) {
  Batch batch = store_rows::batch(1, 3);
  batch.fills = {store_rows::fill(3, 1)};
  must_apply(batch);
  run("INSERT INTO ledger.retired_partitions (table_name, partition_name, from_at, to_at, state)"
      " VALUES ('fills', 'fills_2014_q1', '2014-01-01Z', '2014-04-01Z', 'detached');"
      "ALTER TABLE execution.fills ADD CHECK (status <> 'busted')");
  const auto refused = store_->apply(bust(4, {3}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::invalid);
  const auto aside = store_->apply_setting_aside(bust(4, {3}));
  ASSERT_TRUE(aside.has_value()) << aside.error().message;
  EXPECT_THAT(text("SELECT reason FROM ledger.refused_rows"), HasSubstr("fills_status_check"))
      << "in the server's words";
}

TEST_F(PostgresStoreTest, ADeferredConstraintRefusesARowAndNotTheBatch) {
  run("CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS"
      " $$BEGIN IF NEW.strategy = 's2' THEN RAISE 'no such strategy here'; END IF; RETURN NEW; END$$;"
      "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON execution.positions DEFERRABLE INITIALLY DEFERRED"
      " FOR EACH ROW EXECUTE FUNCTION public.refuse()");
  Batch batch = store_rows::batch(1, 3);
  batch.positions = {store_rows::position("1", 3), store_rows::position("2", 3)};
  batch.positions[1].strategy = "s2";
  const auto refused = store_->apply(batch);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::invalid) << refused.error().message;
  const auto aside = store_->apply_setting_aside(batch);
  ASSERT_TRUE(aside.has_value()) << aside.error().message;
  EXPECT_EQ(number("SELECT count(*) FROM execution.positions"), 1);
  EXPECT_THAT(text("SELECT reason FROM ledger.refused_rows"), HasSubstr("no such strategy here"));
}

TEST_F(PostgresStoreTest, RowsOfManyPeriodsLand) {
  constexpr std::int64_t kRows = 100;
  Batch batch = store_rows::batch(1, kRows);
  for (std::int64_t seq = 1; seq <= kRows; ++seq) {
    batch.audit_log.push_back(store_rows::audit(seq));
    batch.audit_log.back().at = Timestamp{store_rows::at(0).ns + seq * 31 * 86'400 * kNsPerSecond};
  }
  must_apply(batch);
  EXPECT_EQ(number("SELECT count(*) FROM logging.audit_log"), kRows);
}

TEST_F(PostgresStoreTest, RowsLandBesideAPartitionForTheRest) {
  run("CREATE TABLE execution.fills_rest PARTITION OF execution.fills DEFAULT");
  for (const std::int64_t seq : {1, 2}) {
    Batch batch = store_rows::batch(static_cast<std::uint64_t>(seq), static_cast<std::uint64_t>(seq));
    batch.fills = {store_rows::fill(seq, 1)};
    must_apply(batch);
  }
  EXPECT_EQ(number("SELECT count(*) FROM execution.fills_2015_q2"), 2);
  // Another writer, which has read no partitions yet.
  store_ = std::move(*open(url_));
  Batch batch = store_rows::batch(3, 3);
  batch.fills = {store_rows::fill(3, 1)};
  batch.fills[0].at = *parse_timestamp("2026-11-02T00:00:00Z");
  batch.fills[0].trade_date = "2026-11-02";
  must_apply(batch);
  EXPECT_EQ(number("SELECT count(*) FROM execution.fills_2026_q4"), 1);
}

TEST_F(PostgresStoreTest, TimesFarAwayAndBelowTheMicrosecondComeBackExactly) {
  const std::vector<std::int64_t> instants = {-9'223'372'036'854'775'807 - 1, -1'000'000'001, -1, 0, 1, 999, 1'000,
                                              9'223'372'036'854'775'807};
  Batch batch = store_rows::batch(1, 100);
  for (const std::int64_t ns : instants) {
    OrderEventRow row = store_rows::order_event(static_cast<std::int64_t>(batch.order_events.size()) + 1, 1);
    row.at = row.received_at = row.recorded_at = Timestamp{ns};
    batch.order_events.push_back(row);
  }
  must_apply(batch);
  const auto found = [&](Compare compare, std::int64_t ns) {
    Select select;
    select.table = Table::order_events;
    select.book_id = store_rows::kBook;
    select.columns = {"at"};
    select.filters = {{"at", compare, to_text(Timestamp{ns})}};
    select.order = {{"at", Direction::descending}};
    std::vector<std::string> texts;
    const auto rows = store_rows::rows_of(*store_, select);
    EXPECT_TRUE(rows.has_value());
    for (const auto& row : *rows) texts.push_back(std::get<std::string>(row[0]));
    return texts;
  };
  for (const std::int64_t pivot : instants) {
    for (const Compare compare :
         {Compare::equal, Compare::less, Compare::at_most, Compare::greater, Compare::at_least}) {
      std::vector<std::string> expected;
      for (auto each = instants.rbegin(); each != instants.rend(); ++each) {
        const bool holds = compare == Compare::equal     ? *each == pivot
                           : compare == Compare::less    ? *each < pivot
                           : compare == Compare::at_most ? *each <= pivot
                           : compare == Compare::greater ? *each > pivot
                                                         : *each >= pivot;
        if (holds) expected.push_back(to_text(Timestamp{*each}));
      }
      EXPECT_EQ(found(compare, pivot), expected) << pivot << " " << name_of(Table::order_events);
    }
  }
}

TEST_F(PostgresStoreTest, MetadataIsSearchableAndItsTextIsKept) {
  Batch batch = orders(1, 3);
  batch.new_orders[0].metadata = "{\"a\": 1,  \"b\":\"x\"}";
  batch.new_orders[1].metadata = "{\"a\":\"\\u0000\"}";
  must_apply(batch);
  EXPECT_EQ(number("SELECT first_seq FROM execution.orders WHERE metadata @> '{\"a\": 1}'"), 1);
  EXPECT_EQ(number("SELECT count(*) FROM execution.orders WHERE metadata IS NULL"), 2);
  const auto rows = store_rows::all_of(*store_, Table::orders);
  std::vector<std::string> kept;
  for (const auto& row : rows) {
    for (const Cell& cell : row) {
      const auto* text = std::get_if<std::string>(&cell);
      if (text != nullptr && text->starts_with("{")) kept.push_back(*text);
    }
  }
  EXPECT_EQ(kept, (std::vector<std::string>{"{\"a\": 1,  \"b\":\"x\"}", "{\"a\":\"\\u0000\"}"}));
}

TEST_F(PostgresStoreTest, LeavesNothingBehindInTheSession) {
  constexpr const char* kSettings =
      "SELECT string_agg(name || '=' || setting, ',' ORDER BY name) FROM pg_settings WHERE source = 'session'";
  const auto state = [&] {
    const auto rows = admin_->query(kSettings);
    return rows->is_null(0, 0) ? std::string() : rows->text(0, 0);
  };
  const std::string before = state();
  BatchWriter writer(*admin_);
  Batch batch = orders(1, 400);
  batch.fills = {store_rows::fill(5, 1)};
  batch.fill_status_changes = {{5, FillStatus::busted}};
  ASSERT_TRUE(writer.apply(batch).has_value());
  EXPECT_FALSE(writer.apply(orders(300, 500)).has_value());
  Batch twin = orders(401, 401);
  twin.new_orders[0].client_order_id = "c1";
  ASSERT_TRUE(writer.apply_setting_aside(twin).has_value());
  Select select;
  select.book_id = store_rows::kBook;
  ASSERT_TRUE(select_rows(*admin_, select, [](const std::vector<Cell>&) { return Result<void>(); }).has_value());
  EXPECT_TRUE(admin_->usable());
  EXPECT_EQ(state(), before);
  EXPECT_EQ(number("SELECT count(*) FROM pg_prepared_statements"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"), 0);
}

TEST_F(PostgresStoreTest, RefusesANewerSchema) {
  run("INSERT INTO ledger.schema_migrations VALUES (900, 'later', 'x', now())");
  for (const StoreAccess access : {StoreAccess::write, StoreAccess::read}) {
    const auto opened = open(url_, access);
    ASSERT_FALSE(opened.has_value());
    EXPECT_THAT(opened.error().message, HasSubstr("newer"));
  }
}

TEST_F(PostgresStoreTest, AUserWithoutRightsIsToldWhatToDo) {
  run("DROP ROLE IF EXISTS bare_user; CREATE ROLE bare_user LOGIN");
  const std::string as_user = "postgresql://bare_user" + url_.substr(url_.find('@'));
  const auto opened = open(as_user);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, Errc::not_found) << opened.error().message;
  EXPECT_THAT(opened.error().message, HasSubstr("blotter migrate"));

  run("GRANT USAGE ON SCHEMA ledger TO bare_user; GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO bare_user");
  auto reading = open(as_user);
  ASSERT_TRUE(reading.has_value()) << reading.error().message;
  const auto answer = (*reading)->claim("another", Epoch{1});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::not_found);
  EXPECT_THAT(answer.error().message, HasSubstr("blotter migrate roles"));
  run("DROP OWNED BY bare_user; DROP ROLE bare_user");
}

}  // namespace
}  // namespace blotter::postgres
