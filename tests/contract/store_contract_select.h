// The part of the store contract about reading: filters, order, limits, exact values, ledger_entries.
#pragma once

#include "contract/store_contract.h"

namespace blotter {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_P(StoreContract, SelectsByEveryComparison) {
  Batch batch = store_rows::batch(1, 12);
  for (std::uint8_t number = 1; number <= 12; ++number) {
    batch.new_orders.push_back(store_rows::order(number, number));
    if (number % 4 == 0) batch.new_orders.back().venue_order_id = "v" + std::to_string(number);
    batch.new_orders.back().open = number > 9;
  }
  must_apply(batch);
  const auto found = [&](const char* column, Compare compare, Cell value) {
    return texts(select_from(Table::orders, {{column, compare, std::move(value)}}), "client_order_id");
  };
  EXPECT_THAT(found("first_seq", Compare::equal, std::int64_t{3}), ElementsAre("c3"));
  EXPECT_THAT(found("first_seq", Compare::less, std::int64_t{3}), ElementsAre("c1", "c2"));
  EXPECT_THAT(found("first_seq", Compare::at_most, std::int64_t{2}), ElementsAre("c1", "c2"));
  EXPECT_THAT(found("first_seq", Compare::greater, std::int64_t{10}), ElementsAre("c11", "c12"));
  EXPECT_THAT(found("first_seq", Compare::at_least, std::int64_t{12}), ElementsAre("c12"));
  EXPECT_THAT(found("open", Compare::equal, true), ElementsAre("c10", "c11", "c12"));
  EXPECT_THAT(found("venue_order_id", Compare::is_not_null, {}), ElementsAre("c4", "c8", "c12"));
  EXPECT_EQ(found("venue_order_id", Compare::is_null, {}).size(), 9u);
  // Text compares byte by byte, and NULL with nothing.
  EXPECT_THAT(found("venue_order_id", Compare::less, std::string("v4")), ElementsAre("c12"));
  EXPECT_THAT(found("client_order_id", Compare::greater, std::string("c7")), ElementsAre("c8", "c9"));
  EXPECT_THAT(texts(select_from(Table::orders,
                                {{"open", Compare::equal, true}, {"first_seq", Compare::less, std::int64_t{11}}}),
                    "client_order_id"),
              ElementsAre("c10"));
}

TEST_P(StoreContract, OrdersWithNullsFirstAndTiesByKey) {
  Batch batch = store_rows::batch(1, 4);
  const char* venue_ids[] = {nullptr, "b", "a", "b"};
  for (std::uint8_t number = 1; number <= 4; ++number) {
    batch.new_orders.push_back(store_rows::order(number, 10 - number));
    if (venue_ids[number - 1] != nullptr) batch.new_orders.back().venue_order_id = venue_ids[number - 1];
  }
  must_apply(batch);
  const auto ordered = [&](std::vector<OrderBy> order, std::int64_t limit = -1) {
    return texts(select_from(Table::orders, {}, std::move(order), limit), "client_order_id");
  };
  EXPECT_THAT(ordered({}), ElementsAre("c1", "c2", "c3", "c4"));
  EXPECT_THAT(ordered({{"venue_order_id"}}), ElementsAre("c1", "c3", "c2", "c4"));
  EXPECT_THAT(ordered({{"venue_order_id", Direction::descending}}), ElementsAre("c4", "c2", "c3", "c1"));
  EXPECT_THAT(ordered({{"venue_order_id"}, {"first_seq"}}), ElementsAre("c1", "c3", "c4", "c2"));
  EXPECT_THAT(ordered({{"first_seq"}}, 2), ElementsAre("c4", "c3"));
  EXPECT_THAT(ordered({}, 0), IsEmpty());
}

TEST_P(StoreContract, GivesTheAskedColumnsInTheAskedOrder) {
  must_apply(store_rows::full_batch());
  Select select = select_from(Table::orders, {}, {}, 1);
  select.book_id = store_rows::kBook;
  select.columns = {"first_seq", "open", "venue_order_id", "account"};
  const auto rows = store_rows::rows_of(*store_, select);
  ASSERT_TRUE(rows.has_value());
  EXPECT_EQ(rows->at(0), (std::vector<Cell>{std::int64_t{1}, true, Cell{}, std::string("A")}));
  select.columns.clear();
  EXPECT_EQ(store_rows::rows_of(*store_, select)->at(0).size(), columns_of(Table::orders).size());
}

TEST_P(StoreContract, RefusesColumnsThatTheTableDoesNotHave) {
  must_apply(store_rows::full_batch());
  const auto refused = [&](Select select) {
    select.book_id = store_rows::kBook;
    const auto rows = store_rows::rows_of(*store_, select);
    ASSERT_FALSE(rows.has_value());
    EXPECT_EQ(rows.error().code, Errc::invalid);
    EXPECT_THAT(rows.error().message, HasSubstr("orders has no column"));
  };
  refused(select_from(Table::orders, {{"nothing", Compare::equal, std::string("x")}}));
  refused(select_from(Table::orders, {{"1=1 OR account", Compare::equal, std::string("x")}}));
  refused(select_from(Table::orders, {}, {{"account; DROP TABLE orders"}}));
  Select columns = select_from(Table::orders);
  columns.columns = {"rowid"};
  refused(columns);
  EXPECT_EQ(store_rows::all_of(*store_, Table::orders).size(), 2u);
}

TEST_P(StoreContract, RefusesAValueOfAnotherKindThanItsColumn) {
  for (const Filter& filter :
       {Filter{"first_seq", Compare::equal, std::string("1")}, Filter{"account", Compare::equal, std::int64_t{1}},
        Filter{"open", Compare::equal, std::int64_t{1}}, Filter{"account", Compare::equal, Cell{}}}) {
    Select select = select_from(Table::orders, {filter});
    select.book_id = store_rows::kBook;
    const auto rows = store_rows::rows_of(*store_, select);
    ASSERT_FALSE(rows.has_value());
    EXPECT_EQ(rows.error().code, Errc::invalid);
  }
}

TEST_P(StoreContract, EndsWithTheVisitorsError) {
  must_apply(store_rows::full_batch());
  Select select = select_from(Table::orders);
  select.book_id = store_rows::kBook;
  int visited = 0;
  const auto answer = store_->select(select, [&](const std::vector<Cell>&) -> Result<void> {
    ++visited;
    return fail(Errc::exhausted, "enough");
  });
  EXPECT_EQ(answer.error().code, Errc::exhausted);
  EXPECT_EQ(visited, 1);
  must_apply(store_rows::batch(7, 7));  // the store is as usable as before
}

TEST_P(StoreContract, KeepsDecimalsExactToTheLastDigit) {
  const std::vector<std::string> extremes = {"170141183460469231731.687303715884105727",
                                             "-170141183460469231731.687303715884105727",
                                             "0.000000000000000001",
                                             "-0.000000000000000001",
                                             "0",
                                             "1",
                                             "-1",
                                             "100",
                                             "12345678901234567890.000000000000000001"};
  Batch batch = store_rows::batch(1, 20);
  for (std::size_t i = 0; i < extremes.size(); ++i) {
    batch.cash_movements.push_back(
        store_rows::cash(static_cast<std::int64_t>(i) + 1, "d" + std::to_string(i), extremes[i].c_str()));
  }
  must_apply(batch);
  EXPECT_EQ(texts(select_from(Table::cash_movements), "amount"), extremes);
}

TEST_P(StoreContract, TakesHostileTextAsText) {
  const std::vector<std::string> hostile = {"'; DROP TABLE cash_movements; --",
                                            "\"quoted\" 'twice' ''",
                                            "?1 :a @b $c",
                                            "\xf0\x9f\x92\xb0 \xe6\xad\xa3\xe7\xa2\xba",
                                            "line\nbreak\ttab\r\x01",
                                            "%_*[a-z]\\",
                                            "NULL",
                                            "1e5",
                                            " spaces "};
  Batch batch = store_rows::batch(1, 20);
  for (std::size_t i = 0; i < hostile.size(); ++i) {
    batch.cash_movements.push_back(store_rows::cash(static_cast<std::int64_t>(i) + 1, hostile[i], "1"));
  }
  batch.cash_movements.push_back(store_rows::cash(15, "long", "1"));
  batch.cash_movements.back().note = std::string(100'000, 'x');
  batch.cash_movements.push_back(store_rows::cash(16, "empty", "1"));
  batch.cash_movements.back().note = "";
  must_apply(batch);
  for (const std::string& text : hostile) {
    EXPECT_THAT(texts(select_from(Table::cash_movements, {{"id", Compare::equal, text}}), "id"), ElementsAre(text));
  }
  const auto note = [&](const char* id) {
    return texts(select_from(Table::cash_movements, {{"id", Compare::equal, std::string(id)}}), "note");
  };
  EXPECT_THAT(note("long"), ElementsAre(std::string(100'000, 'x')));
  EXPECT_THAT(note("empty"), ElementsAre(""));
  EXPECT_THAT(note("NULL"), ElementsAre("NULL"));
}

// "seq account asset amount entry" of every entry, in the store's order.
inline std::vector<std::string> entries_of(Store& store) {
  std::vector<std::string> lines;
  for (const auto& row : store_rows::all_of(store, Table::ledger_entries)) {
    std::string line = std::to_string(std::get<std::int64_t>(row[1]));
    for (std::size_t i = 2; i < row.size(); ++i) line += " " + std::get<std::string>(row[i]);
    lines.push_back(line);
  }
  return lines;
}

TEST_P(StoreContract, AFillOfACoinMovesPositionCashBaseAndFee) {
  Batch batch = store_rows::batch(1, 2);
  batch.instruments = {store_rows::instrument("BTCUSD", AssetClass::crypto, "BTC")};
  batch.fills = {store_rows::fill(1, 1), store_rows::fill(2, 1)};
  batch.fills[1].fee_asset = Asset::of("BTC");  // inside position_delta
  batch.fills[1].position_delta = store_rows::dec("0.4");
  must_apply(batch);
  EXPECT_THAT(entries_of(*store_),
              ElementsAre("1 A BTC 0.5 base", "1 A BTCUSD@V 0.5 position", "1 A USD -0.1 fee", "1 A USD -50 cash",
                          "1 fees USD 0.1 fee", "1 market BTC -0.5 base", "1 market BTCUSD@V -0.5 position",
                          "1 market USD 50 cash", "2 A BTC 0.4 base", "2 A BTCUSD@V 0.4 position", "2 A USD -50 cash",
                          "2 market BTC -0.4 base", "2 market BTCUSD@V -0.4 position", "2 market USD 50 cash"));
}

TEST_P(StoreContract, AFillOfAShareOrAContractMovesNoBase) {
  Batch batch = store_rows::batch(1, 3);
  batch.instruments = {store_rows::instrument("BTCUSD", AssetClass::perpetual, "BTC")};
  batch.fills = {store_rows::fill(1, 1), store_rows::fill(2, 1), store_rows::fill(3, 1)};
  batch.fills[0].fee_asset = Asset::of("BTC");  // here a fee of its own
  batch.fills[0].cash_delta = Decimal{};
  batch.fills[0].fee = store_rows::dec("-0.001");  // a rebate
  batch.fills[1].symbol = "AAPL";                  // an instrument that the store does not hold
  batch.fills[1].fee = Decimal{};
  batch.fills[1].fee_asset = Asset();
  batch.fills[2].position_delta = batch.fills[2].cash_delta = batch.fills[2].fee = Decimal{};
  must_apply(batch);
  EXPECT_THAT(entries_of(*store_),
              ElementsAre("1 A BTC 0.001 fee", "1 A BTCUSD@V 0.5 position", "1 fees BTC -0.001 fee",
                          "1 market BTCUSD@V -0.5 position", "2 A AAPL@V 0.5 position", "2 A USD -50 cash",
                          "2 market AAPL@V -0.5 position", "2 market USD 50 cash"));
}

TEST_P(StoreContract, ABustReversesEveryEntryOfItsFill) {
  Batch batch = store_rows::full_batch();
  must_apply(batch);
  Select select = select_from(Table::ledger_entries, {{"account", Compare::equal, std::string("A")}});
  EXPECT_THAT(texts(select, "amount"), ElementsAre("0.5", "0.5", "-0.1", "-50", "-0.5", "-0.5", "0.1", "50", "100"));
  EXPECT_THAT(texts(select_from(Table::ledger_entries, {{"seq", Compare::equal, std::int64_t{5}}}), "entry"),
              ElementsAre("deposit", "deposit"));
}

TEST_P(StoreContract, EntriesOfEveryEventAndAssetSumToZero) {
  must_apply(store_rows::full_batch());
  std::map<std::pair<std::int64_t, std::string>, Decimal> sums;
  for (const auto& row : store_rows::all_of(*store_, Table::ledger_entries)) {
    sums[{std::get<std::int64_t>(row[1]), std::get<std::string>(row[3])}] +=
        *Decimal::parse(std::get<std::string>(row[4]));
  }
  EXPECT_FALSE(sums.empty());
  for (const auto& [key, sum] : sums) EXPECT_TRUE(sum.is_zero()) << key.first << " " << key.second;
}

}  // namespace blotter
