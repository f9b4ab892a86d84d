// The part of the store contract about values: what comes back is what was written, to the last digit and byte, and
// every store compares and orders it alike.
#pragma once

#include "contract/store_contract.h"

namespace blotter {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_P(StoreContract, TheCursorCarriesTheHashOfItsLastEvent) {
  const auto hash = [&] { return store_->cursor(store_rows::kBook)->applied_hash; };
  EXPECT_EQ(hash(), 0U);
  std::uint64_t seq = 0;
  for (const std::uint64_t value : {std::uint64_t{1}, UINT64_MAX, std::uint64_t{1} << 63, std::uint64_t{0}}) {
    Batch batch = store_rows::batch(seq + 1, seq + 2);
    batch.last_hash = value;
    must_apply(batch);
    EXPECT_EQ(hash(), value);
    seq += 2;
  }
  Batch batch = store_rows::batch(seq + 1, seq + 1);
  batch.last_hash = 42;
  must_set_aside(batch);
  EXPECT_EQ(hash(), 42U);

  must_apply(batch);  // applied already
  EXPECT_EQ(hash(), 42U);
  EXPECT_EQ(store_->claim(store_rows::kBook, Epoch{2})->applied_hash, 42U);
  EXPECT_EQ(hash(), 42U);
  EXPECT_EQ(store_->claim(store_rows::kBook, Epoch{2})->applied_hash, 42U);
  ASSERT_TRUE(store_->reset(store_rows::kBook, Epoch{2}).has_value());
  EXPECT_EQ(hash(), 0U);
}

TEST_P(StoreContract, KeepsTheAuditTrail) {
  Batch batch = store_rows::batch(1, 3);
  batch.audit_log = {store_rows::audit(1), store_rows::audit(2), store_rows::audit(3)};
  batch.audit_log[1].component = "auth";
  batch.audit_log[1].user_id = "ann";
  batch.audit_log[1].session_id = "";
  batch.audit_log[2].severity = AuditSeverity::critical;
  batch.audit_log[2].details = "";
  must_apply(batch);
  EXPECT_EQ(batch.row_count(), 3U);
  const auto actions = [&](const char* column, const char* value) {
    return texts(select_from(Table::audit_log, {{column, Compare::equal, std::string(value)}}), "at").size();
  };
  EXPECT_EQ(actions("severity", "critical"), 1U);
  EXPECT_EQ(actions("severity", "info"), 2U);
  EXPECT_EQ(actions("component", "risk"), 2U);
  EXPECT_EQ(actions("user_id", "ann"), 1U);
  EXPECT_THAT(texts(select_from(Table::audit_log), "details"), ElementsAre("{}", "{}", ""));
  EXPECT_THAT(texts(select_from(Table::audit_log), "session_id"), ElementsAre("NULL", "", "NULL"));
  batch.clear();
  EXPECT_EQ(batch.row_count(), 0U);
}

inline std::vector<Timestamp> hostile_instants() {
  std::vector<Timestamp> instants;
  const std::int64_t moment = 1'430'438'404'518'000'000;
  for (const std::int64_t ns : {0, 1, 999, 1'000, 1'001, 999'999, 999'999'999}) {
    instants.push_back(Timestamp{moment + ns});
    instants.push_back(Timestamp{ns});
    instants.push_back(Timestamp{-ns});
    instants.push_back(Timestamp{-moment - ns});
  }
  for (const char* text : {"1678-01-01T00:00:00.000000001Z", "1678-12-31T23:59:59.999999999Z",
                           "2262-04-11T00:00:00.000000999Z", "2000-02-29T12:00:00.123456789Z"}) {
    instants.push_back(*parse_timestamp(text));
  }
  instants.push_back(Timestamp{INT64_MAX});
  instants.push_back(Timestamp{INT64_MIN});
  return instants;
}

TEST_P(StoreContract, KeepsInstantsExactToTheNanosecond) {
  const std::vector<Timestamp> instants = hostile_instants();
  const std::size_t count = instants.size();
  Batch batch = store_rows::batch(1, 100);
  std::vector<std::string> expected[3];
  for (std::size_t i = 0; i < count; ++i) {
    const Timestamp at[] = {instants[i], instants[(i + 7) % count], instants[(i + 13) % count]};
    for (std::size_t k = 0; k < 3; ++k) expected[k].push_back(to_text(at[k]));
    const auto seq = static_cast<std::int64_t>(i) + 1;
    const auto number = static_cast<std::uint8_t>(seq);
    FillRow fill = store_rows::fill(seq, number);
    OrderRow order = store_rows::order(number, seq);
    OrderEventRow event = store_rows::order_event(seq, number);
    CashMovementRow cash = store_rows::cash(seq, "d" + std::to_string(seq), "1");
    AuditRow audit = store_rows::audit(seq);
    fill.trade_date = to_text(day_of(at[0]));
    const auto set = [&](auto& row) {
      row.at = at[0];
      row.received_at = at[1];
      row.recorded_at = at[2];
    };
    set(fill), set(event), set(cash), set(audit);
    order.created_at = at[0];
    order.updated_at = at[1];
    order.closed_at = at[2];
    batch.fills.push_back(fill);
    batch.new_orders.push_back(order);
    batch.order_events.push_back(event);
    batch.cash_movements.push_back(cash);
    batch.audit_log.push_back(audit);
  }
  must_apply(batch);
  for (const Table table : {Table::fills, Table::order_events, Table::cash_movements, Table::audit_log}) {
    SCOPED_TRACE(std::string(name_of(table)));
    EXPECT_EQ(texts(select_from(table), "at"), expected[0]);
    EXPECT_EQ(texts(select_from(table), "received_at"), expected[1]);
    EXPECT_EQ(texts(select_from(table), "recorded_at"), expected[2]);
  }
  EXPECT_EQ(texts(select_from(Table::orders), "created_at"), expected[0]);
  EXPECT_EQ(texts(select_from(Table::orders), "updated_at"), expected[1]);
  EXPECT_EQ(texts(select_from(Table::orders), "closed_at"), expected[2]);
}

TEST_P(StoreContract, ComparesAndOrdersInstantsByTheNanosecond) {
  Batch batch = store_rows::batch(1, 5);
  const std::int64_t moment = 1'430'438'400'000'000'000;
  for (const std::int64_t ns : {1'001, 2, 1, 1'000'000, 0}) {
    const auto seq = static_cast<std::int64_t>(batch.audit_log.size()) + 1;
    batch.audit_log.push_back(store_rows::audit(seq));
    batch.audit_log.back().at = Timestamp{moment + ns};
    batch.audit_log.back().action = "a" + std::to_string(ns);
  }
  must_apply(batch);
  const auto found = [&](Compare compare, const char* value) {
    return texts(select_from(Table::audit_log, {{"at", compare, std::string(value)}}, {{"at"}}), "action");
  };
  // An instant is the same one in any of its spellings.
  EXPECT_THAT(found(Compare::equal, "2015-05-01T02:00:00.000000001+02:00"), ElementsAre("a1"));
  EXPECT_THAT(found(Compare::equal, "1430438400000000002"), ElementsAre("a2"));
  EXPECT_THAT(found(Compare::less, "2015-05-01T00:00:00.000001001Z"), ElementsAre("a0", "a1", "a2"));
  EXPECT_THAT(found(Compare::at_most, "2015-05-01T00:00:00.000001001Z"), ElementsAre("a0", "a1", "a2", "a1001"));
  EXPECT_THAT(found(Compare::greater, "2015-05-01T00:00:00.000000001Z"), ElementsAre("a2", "a1001", "a1000000"));
  EXPECT_THAT(found(Compare::at_least, "2015-05-01T00:00:00.001Z"), ElementsAre("a1000000"));
  EXPECT_THAT(texts(select_from(Table::audit_log, {}, {{"at", Direction::descending}}, 2), "action"),
              ElementsAre("a1000000", "a1001"));
}

TEST_P(StoreContract, FindsADecimalInAnyOfItsSpellings) {
  Batch batch = store_rows::batch(1, 3);
  batch.cash_movements = {store_rows::cash(1, "a", "1.5"), store_rows::cash(2, "b", "-0.000000000000000001"),
                          store_rows::cash(3, "c", "100")};
  must_apply(batch);
  const auto found = [&](const char* value) {
    return texts(select_from(Table::cash_movements, {{"amount", Compare::equal, std::string(value)}}), "id");
  };
  for (const char* same : {"1.5", "1.50", "+01.5", "15e-1"}) EXPECT_THAT(found(same), ElementsAre("a")) << same;
  EXPECT_THAT(found("-0.0000000000000000010"), ElementsAre("b"));
  EXPECT_THAT(found("1e2"), ElementsAre("c"));
  EXPECT_THAT(found("1"), IsEmpty());
}

TEST_P(StoreContract, RefusesAnOrderThatStoresWouldGiveDifferently) {
  must_apply(store_rows::full_batch());
  const auto refused = [&](Select select, const char* column) {
    select.book_id = store_rows::kBook;
    const auto rows = store_rows::rows_of(*store_, select);
    ASSERT_FALSE(rows.has_value()) << column;
    EXPECT_EQ(rows.error().code, Errc::invalid);
    EXPECT_THAT(rows.error().message, HasSubstr(column));
  };
  for (const Compare compare : {Compare::less, Compare::at_most, Compare::greater, Compare::at_least}) {
    refused(select_from(Table::balances, {{"amount", compare, std::string("1")}}), "balances.amount");
    refused(select_from(Table::orders, {{"metadata", compare, std::string("{}")}}), "orders.metadata");
  }
  refused(select_from(Table::positions, {}, {{"quantity", Direction::descending}}), "positions.quantity");
  refused(select_from(Table::audit_log, {}, {{"details"}}), "audit_log.details");
  refused(select_from(Table::ledger_entries, {}, {{"amount"}}), "ledger_entries.amount");
  EXPECT_THAT(texts(select_from(Table::orders, {{"limit_price", Compare::is_not_null, {}}}), "client_order_id"),
              ElementsAre("c1", "c2"));
}

TEST_P(StoreContract, RefusesValuesThatAreNotOfTheColumnsKind) {
  const auto refused = [&](Table table, const char* column, const char* value) {
    Select select = select_from(table, {{column, Compare::equal, std::string(value)}});
    select.book_id = store_rows::kBook;
    const auto rows = store_rows::rows_of(*store_, select);
    ASSERT_FALSE(rows.has_value()) << column << " " << value;
    EXPECT_EQ(rows.error().code, Errc::invalid);
    EXPECT_THAT(rows.error().message, HasSubstr(column));
  };
  refused(Table::orders, "order_id", "1");
  refused(Table::orders, "order_id", "");
  refused(Table::orders, "limit_price", "one");
  refused(Table::orders, "limit_price", "1e-19");
  refused(Table::orders, "created_at", "2015-05-01");
  refused(Table::orders, "created_at", "9999-01-01T00:00:00Z");
  refused(Table::fills, "trade_date", "2015-13-01");
  refused(Table::pnl_daily, "day", "today");
  refused(Table::orders, "account", "\xff");
  Select with_nul = select_from(Table::orders, {{"account", Compare::equal, std::string("a\0b", 3)}});
  with_nul.book_id = store_rows::kBook;
  EXPECT_EQ(store_rows::rows_of(*store_, with_nul).error().code, Errc::invalid);
}

TEST_P(StoreContract, FindsIdsAndDays) {
  must_apply(store_rows::full_batch());
  const auto found = [&](Table table, const char* column, Compare compare, const std::string& value) {
    return texts(select_from(table, {{column, compare, value}}), column).size();
  };
  std::string id = to_text(store_rows::order_id(1));
  EXPECT_EQ(found(Table::orders, "order_id", Compare::equal, id), 1U);
  std::transform(id.begin(), id.end(), id.begin(), [](unsigned char c) { return std::toupper(c); });
  EXPECT_EQ(found(Table::orders, "order_id", Compare::equal, id), 1U);
  EXPECT_EQ(found(Table::orders, "order_id", Compare::greater, id), 1U);
  EXPECT_EQ(found(Table::fills, "trade_date", Compare::equal, "2015-05-01"), 1U);
  EXPECT_EQ(found(Table::pnl_daily, "day", Compare::less, "2015-05-01"), 0U);
  EXPECT_EQ(found(Table::pnl_daily, "day", Compare::at_most, "2015-05-01"), 1U);
}

TEST_P(StoreContract, OrdersNullsBelowEveryValueOfEveryKind) {
  Batch batch = store_rows::batch(1, 3);
  for (std::uint8_t number = 1; number <= 3; ++number) batch.new_orders.push_back(store_rows::order(number, number));
  batch.new_orders[1].closed_at = store_rows::at(1);
  batch.new_orders[1].reason = "";
  must_apply(batch);
  for (const char* column : {"closed_at", "reason"}) {
    EXPECT_THAT(texts(select_from(Table::orders, {}, {{column}}), "client_order_id"), ElementsAre("c1", "c3", "c2"));
    EXPECT_THAT(texts(select_from(Table::orders, {}, {{column, Direction::descending}}), "client_order_id"),
                ElementsAre("c2", "c3", "c1"));
  }
}

TEST_P(StoreContract, KeepsJsonAsItWasWritten) {
  const std::vector<std::string> documents = {
      R"({})",
      R"({"price":1.50,"size":1e5,"tiny":-0.0,"long":12345678901234567890.000000000000000001})",
      R"({"b":1,"a":2,"b":3})",
      R"(  { "spaces" :	[ 1 ,2 ] }  )",
      R"({"zero":"\u0000","pair":"\ud83d\ude00","lone":"\ud800","slash":"\/"})",
      R"({"huge":1e400,"huger":1e999999})",
      "{\"raw\":\"\xf0\x9f\x92\xb0\"}",
      R"({"":{"":[null,true,false,""]}})",
      "",
      "no JSON at all",
      "{\"deep\":" + std::string(500, '[') + std::string(500, ']') + "}",
      "{\"long\":\"" + std::string(1'000'000, 'x') + "\"}",
  };
  Batch batch = store_rows::batch(1, 100);
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const auto number = static_cast<std::uint8_t>(i + 1);
    batch.new_orders.push_back(store_rows::order(number, number));
    batch.new_orders.back().metadata = documents[i];
    batch.audit_log.push_back(store_rows::audit(number));
    batch.audit_log.back().details = documents[i];
  }
  batch.new_orders.push_back(store_rows::order(99, 99));
  must_apply(batch);
  auto expected = documents;
  EXPECT_EQ(texts(select_from(Table::audit_log), "details"), expected);
  expected.emplace_back("NULL");
  EXPECT_EQ(texts(select_from(Table::orders), "metadata"), expected);
  EXPECT_THAT(texts(select_from(Table::orders, {{"metadata", Compare::equal, documents[2]}}), "client_order_id"),
              ElementsAre("c3"));

  Batch change = store_rows::batch(101, 101);
  change.changed_orders = {store_rows::order(1, 101), store_rows::order(2, 101)};
  change.changed_orders[0].metadata = documents[4];
  must_apply(change);
  EXPECT_THAT(texts(select_from(Table::orders, {}, {}, 2), "metadata"), ElementsAre(documents[4], "NULL"));
}

TEST_P(StoreContract, TellsEmptyTextFromNoText) {
  Batch batch = store_rows::batch(1, 2);
  batch.cash_movements = {store_rows::cash(1, "none", "1"), store_rows::cash(2, "empty", "1")};
  batch.cash_movements[1].symbol = batch.cash_movements[1].venue = batch.cash_movements[1].note = "";
  batch.new_orders = {store_rows::order(1, 1), store_rows::order(2, 2)};
  batch.new_orders[1].venue_order_id = batch.new_orders[1].reason = batch.new_orders[1].metadata = "";
  batch.quarantine = {store_rows::quarantine(1), store_rows::quarantine(2)};
  batch.quarantine[1].existing = batch.quarantine[1].account = batch.quarantine[1].content = "";
  batch.instruments = {store_rows::instrument("A", AssetClass::bond, nullptr)};
  must_apply(batch);
  for (const char* column : {"symbol", "venue", "note"}) {
    EXPECT_THAT(texts(select_from(Table::cash_movements), column), ElementsAre("NULL", "")) << column;
    EXPECT_THAT(texts(select_from(Table::cash_movements, {{column, Compare::is_null, {}}}), "id"), ElementsAre("none"));
    EXPECT_THAT(texts(select_from(Table::cash_movements, {{column, Compare::equal, std::string()}}), "id"),
                ElementsAre("empty"));
  }
  for (const char* column : {"venue_order_id", "reason", "metadata"}) {
    EXPECT_THAT(texts(select_from(Table::orders), column), ElementsAre("NULL", "")) << column;
  }
  EXPECT_THAT(texts(select_from(Table::quarantine), "existing"), ElementsAre("NULL", ""));
  EXPECT_THAT(texts(select_from(Table::quarantine), "content"), ElementsAre("{}", ""));
  EXPECT_THAT(texts(select_from(Table::instruments), "base"), ElementsAre("NULL"));
}

TEST_P(StoreContract, KeepsTextOfAMegabyte) {
  std::string text;
  while (text.size() < 1'000'000) text += "\"quoted\" 'twice' \\ \n\t\x01\x7f \xc3\xa9 \xe6\xad\xa3 \xf0\x9f\x92\xb0 ";
  Batch batch = store_rows::batch(1, 1);
  batch.new_orders = {store_rows::order(1, 1)};
  batch.new_orders[0].reason = text;
  batch.cash_movements = {store_rows::cash(1, "d", "1")};
  batch.cash_movements[0].note = text;
  batch.quarantine = {store_rows::quarantine(1)};
  batch.quarantine[0].content = text;
  batch.quarantine[0].existing = text;
  must_apply(batch);
  EXPECT_THAT(texts(select_from(Table::orders), "reason"), ElementsAre(text));
  EXPECT_THAT(texts(select_from(Table::cash_movements), "note"), ElementsAre(text));
  EXPECT_THAT(texts(select_from(Table::quarantine), "content"), ElementsAre(text));
  EXPECT_THAT(texts(select_from(Table::quarantine), "existing"), ElementsAre(text));
}

}  // namespace blotter
