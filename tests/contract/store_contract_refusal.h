// The part of the store contract about rows that the schema refuses: they are set aside, everything else lands.
#pragma once

#include "contract/store_contract.h"
#include "store/refused_row.h"

namespace blotter {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Rows for every table that follow full_batch() and are all in order: seq 7 to 12.
inline Batch next_batch() {
  Batch batch = store_rows::batch(7, 12);
  batch.last_hash = 77;
  batch.accounts = {store_rows::account("B")};
  batch.instruments = {store_rows::instrument("ETHUSD", AssetClass::crypto, "ETH")};
  batch.strategies = {store_rows::strategy("trend")};
  batch.new_orders = {store_rows::order(3, 7)};
  batch.changed_orders = {store_rows::order(1, 8)};
  batch.order_events = {store_rows::order_event(8, 3)};
  batch.fills = {store_rows::fill(9, 3)};
  batch.fill_status_changes = {{9, FillStatus::corrected}};
  batch.position_adjustments = {store_rows::bust_of(batch.fills[0], 10)};
  batch.positions = {store_rows::position("2", 10)};
  batch.balances = {store_rows::balance("USD", "3", 11)};
  batch.cash_movements = {store_rows::cash(11, "d2", "1")};
  batch.pnl_daily = {store_rows::pnl("2015-05-02", 10)};
  batch.quarantine = {store_rows::quarantine(12)};
  batch.audit_log = {store_rows::audit(12)};
  batch.quarantine_releases = {{6}};
  return batch;
}

// "seq table key: reason" of every refused row, in the store's order.
inline std::vector<std::string> refused_lines(StoreReader& store) {
  std::vector<std::string> lines;
  for (const auto& row : store_rows::all_of(store, Table::refused_rows)) {
    lines.push_back(std::to_string(std::get<std::int64_t>(row[1])) + " " + std::get<std::string>(row[2]) + " " +
                    std::get<std::string>(row[3]) + ": " + std::get<std::string>(row[4]));
  }
  return lines;
}

struct RefusalCase {
  std::string expected;               // as refused_lines
  std::function<void(Batch&)> spoil;  // appends one bad row to next_batch()
};

inline std::vector<RefusalCase> refusal_cases() {
  using namespace store_rows;
  const std::string o3 = "orders order_id=" + to_text(order_id(3));
  const std::string o9 = "orders order_id=" + to_text(order_id(9));
  return {
      {"12 accounts account=: account is empty", [](Batch& b) { b.accounts.push_back(account("")); }},
      {"12 instruments symbol=X, venue=V: multiplier is not positive",
       [](Batch& b) {
         b.instruments.push_back(instrument("X", AssetClass::bond, nullptr));
         b.instruments.back().multiplier = Decimal{};
       }},
      {"12 strategies strategy=: strategy is empty", [](Batch& b) { b.strategies.push_back(strategy("")); }},
      {"9 " + o3 + ": " + kTwin, [](Batch& b) { b.new_orders.push_back(order(3, 9)); }},
      {"9 " + o9 + ": " + kTwin,
       [](Batch& b) {
         b.new_orders.push_back(order(9, 9));
         b.new_orders.back().client_order_id = "c2";
       }},
      {"9 " + o9 + ": status is not one of its names",
       [](Batch& b) {
         b.new_orders.push_back(order(9, 9));
         b.new_orders.back().status = static_cast<OrdStatus>(99);
       }},
      {"9 " + o9 + ": " + kKeyMissing, [](Batch& b) { b.changed_orders.push_back(order(9, 9)); }},
      {"9 " + o3 + ": " + kTwin,
       [](Batch& b) {
         b.changed_orders.push_back(order(3, 9));
         b.changed_orders.back().client_order_id = "c2";
       }},
      {std::string("8 order_events seq=8: ") + kTwin, [](Batch& b) { b.order_events.push_back(order_event(8, 3)); }},
      {"10 order_events seq=10: event is not one of its names",
       [](Batch& b) {
         b.order_events.push_back(order_event(10, 3));
         b.order_events.back().event = "abandoned";
       }},
      {"10 order_events seq=10: effect is not one of its names",
       [](Batch& b) {
         b.order_events.push_back(order_event(10, 3));
         b.order_events.back().effect = "quarantine";
       }},
      {"10 fills seq=10: quantity is not positive",
       [](Batch& b) {
         b.fills.push_back(fill(10, 3));
         b.fills.back().quantity = Quantity();
       }},
      {std::string("10 fills seq=10: ") + kTwin,
       [](Batch& b) {
         b.fills.push_back(fill(10, 3));
         b.fills.back().exec_id = "e3";
       }},
      {"10 fills seq=10: trade_date is not the UTC day of at",
       [](Batch& b) {
         b.fills.push_back(fill(10, 3));
         b.fills.back().trade_date = "2015-05-02";
       }},
      {"99 fills seq=99, status=busted: fills has no seq 99",
       [](Batch& b) {
         b.fill_status_changes.push_back({99, FillStatus::busted});
       }},
      {"9 fills seq=9, status=: status is not one of its names",
       [](Batch& b) {
         b.fill_status_changes.push_back({9, static_cast<FillStatus>(9)});
       }},
      {"11 position_adjustments seq=11: account is empty",
       [](Batch& b) {
         b.position_adjustments.push_back(bust_of(b.fills[0], 11));
         b.position_adjustments.back().account.clear();
       }},
      {"12 positions account=A, symbol=, venue=V, strategy=unattributed: symbol is empty",
       [](Batch& b) {
         b.positions.push_back(position("1", 12));
         b.positions.back().symbol.clear();
       }},
      {"12 balances account=A, asset=: asset is empty",
       [](Batch& b) {
         b.balances.push_back(balance("USD", "1", 12));
         b.balances.back().asset = Asset();
       }},
      {std::string("12 cash_movements seq=12: ") + kTwin,
       [](Batch& b) { b.cash_movements.push_back(cash(12, "d1", "9")); }},
      {"12 pnl_daily day=yesterday, account=A, symbol=BTCUSD, venue=V, strategy=unattributed: day is not a day "
       "(YYYY-MM-DD)",
       [](Batch& b) { b.pnl_daily.push_back(pnl("yesterday", 12)); }},
      {"12 quarantine seq=0: seq is not positive", [](Batch& b) { b.quarantine.push_back(quarantine(0)); }},
      {"99 quarantine seq=99, state=released: quarantine has no seq 99",
       [](Batch& b) { b.quarantine_releases.push_back({99}); }},
      {"10 audit_log seq=10: component is empty",
       [](Batch& b) {
         b.audit_log.push_back(audit(10));
         b.audit_log.back().component.clear();
       }},
      {"10 audit_log seq=10: book_id is not the batch's",
       [](Batch& b) {
         b.audit_log.push_back(audit(10));
         b.audit_log.back().book_id = "another";
       }},
  };
}

// Every row but the cursor's and the refused ones.
inline std::vector<std::string> landed(StoreReader& store) {
  std::vector<std::string> lines = store_rows::everything(store);
  std::erase_if(lines, [](const std::string& line) { return line.starts_with("refused_rows|"); });
  return lines;
}

TEST_P(StoreContract, SetsARefusedRowAsideAndLandsAllOthers) {
  must_apply(store_rows::full_batch());
  must_apply(next_batch());
  const auto expected = landed(*store_);
  for (const RefusalCase& each : refusal_cases()) {
    SCOPED_TRACE(each.expected);
    ASSERT_TRUE(store_->reset(store_rows::kBook, store_rows::kEpoch).has_value());
    must_apply(store_rows::full_batch());
    Batch batch = next_batch();
    each.spoil(batch);
    must_refuse(batch, Errc::invalid);
    must_set_aside(batch);
    EXPECT_EQ(landed(*store_), expected);
    EXPECT_THAT(refused_lines(*store_), ElementsAre(each.expected));
  }
}

TEST_P(StoreContract, SetsSeveralRowsAsideInOneBatch) {
  must_apply(store_rows::full_batch());
  must_apply(next_batch());
  const auto expected = landed(*store_);
  ASSERT_TRUE(store_->reset(store_rows::kBook, store_rows::kEpoch).has_value());
  must_apply(store_rows::full_batch());

  Batch batch = next_batch();
  for (std::int64_t seq = 100; seq < 140; ++seq) {
    FillRow bad = store_rows::fill(seq, 1);
    if (seq % 2 == 0) bad.account.clear();
    if (seq % 2 != 0) bad.exec_id = "e3";
    batch.fills.insert(batch.fills.begin() + (seq % 3 == 0 ? 0 : 1), bad);
  }
  batch.balances.insert(batch.balances.begin(), store_rows::balance("USD", "1", 0));
  batch.quarantine_releases.insert(batch.quarantine_releases.begin(), {55});
  must_set_aside(batch);
  EXPECT_EQ(landed(*store_), expected);
  EXPECT_EQ(refused_lines(*store_).size(), 42U);
  const auto cursor = store_->cursor(store_rows::kBook);
  EXPECT_EQ(cursor->applied, Seq{12});
  EXPECT_EQ(cursor->applied_hash, 77U);
}

TEST_P(StoreContract, SetsEveryRowOfABatchAside) {
  must_apply(store_rows::full_batch());
  const auto before = landed(*store_);
  Batch batch = store_rows::batch(7, 8);
  batch.fills = {store_rows::fill(3, 1), store_rows::fill(7, 1)};
  batch.fills[1].exec_id.clear();
  batch.new_orders = {store_rows::order(1, 8), store_rows::order(2, 8)};
  must_set_aside(batch);
  EXPECT_EQ(applied(), 8U);
  auto after = landed(*store_);
  EXPECT_EQ(std::vector(after.begin() + 1, after.end()), std::vector(before.begin() + 1, before.end()));
  EXPECT_EQ(refused_lines(*store_).size(), 4U);
}

TEST_P(StoreContract, WhatFollowsFromARefusedRowIsSetAsideToo) {
  must_apply(store_rows::full_batch());
  Batch first = store_rows::batch(7, 7);
  first.new_orders = {store_rows::order(5, 7)};
  first.new_orders[0].client_order_id = "c1";
  first.fills = {store_rows::fill(7, 5)};
  first.fills[0].quantity = Quantity();
  first.fill_status_changes = {{7, FillStatus::busted}};
  must_set_aside(first);
  Batch second = store_rows::batch(8, 8);
  second.changed_orders = {store_rows::order(5, 8)};
  must_refuse(second, Errc::invalid);
  must_set_aside(second);
  const std::string order = "orders order_id=" + to_text(store_rows::order_id(5)) + ": ";
  EXPECT_THAT(refused_lines(*store_),
              ElementsAre("7 fills seq=7: quantity is not positive", "7 fills seq=7, status=busted: fills has no seq 7",
                          "7 " + order + kTwin, "8 " + order + kKeyMissing));
}

TEST_P(StoreContract, KeepsTheRefusedRowAsItWasOffered) {
  must_apply(store_rows::full_batch());
  Batch batch = next_batch();
  OrderRow order = store_rows::order(9, 9);
  order.client_order_id = "c2";
  order.reason = "say \"no\"\n\xe6\xad\xa3";
  order.metadata = R"({"a":1.50})";
  order.created_at = Timestamp{1'430'438'400'000'000'001};
  batch.new_orders.push_back(order);
  batch.cash_movements.push_back(store_rows::cash(8, "d1", "-170141183460469231731.687303715884105727"));
  must_set_aside(batch);
  EXPECT_THAT(texts(select_from(Table::refused_rows), "content"),
              ElementsAre(row_json(batch.cash_movements.back()), row_json(order)));
}

TEST_P(StoreContract, SetsAsideTextThatNoDatabaseHolds) {
  must_apply(store_rows::full_batch());
  Batch batch = store_rows::batch(7, 9);
  batch.accounts = {store_rows::account(std::string("a\0b", 3)), store_rows::account("c\xff\xfe"),
                    store_rows::account("d\\x00"), store_rows::account("good \xe6\xad\xa3")};
  batch.accounts[2].broker = "\xc0\xaf";
  must_refuse(batch, Errc::invalid);
  must_set_aside(batch);
  EXPECT_THAT(refused_lines(*store_), ElementsAre("9 accounts account=a\\x00b: account holds a NUL byte",
                                                  "9 accounts account=c\\xff\\xfe: account is not UTF-8",
                                                  "9 accounts account=d\\\\x00: broker is not UTF-8"));
  EXPECT_THAT(texts(select_from(Table::accounts), "account"), ElementsAre("A", "good \xe6\xad\xa3"));
}

TEST_P(StoreContract, SettingAsideTheSameBatchAgainChangesNothing) {
  must_apply(store_rows::full_batch());
  Batch batch = next_batch();
  batch.fills.push_back(store_rows::fill(3, 1));
  must_set_aside(batch);
  const auto before = store_rows::everything(*store_);
  must_set_aside(batch);
  EXPECT_EQ(store_rows::everything(*store_), before);
}

TEST_P(StoreContract, SettingAsideABatchWithNothingToRefuseIsApplyingIt) {
  must_set_aside(store_rows::full_batch());
  must_set_aside(next_batch());
  const auto set_aside = store_rows::everything(*store_);
  ASSERT_TRUE(store_->reset(store_rows::kBook, store_rows::kEpoch).has_value());
  must_apply(store_rows::full_batch());
  must_apply(next_batch());
  EXPECT_EQ(store_rows::everything(*store_), set_aside);
}

TEST_P(StoreContract, SettingAsideIsFencedAndRefusesGapsAsApplyDoes) {
  must_apply(store_rows::full_batch());
  const auto before = store_rows::everything(*store_);
  const auto refused = [&](const Batch& batch) { return store_->apply_setting_aside(batch).error().code; };
  EXPECT_EQ(refused(store_rows::batch(8, 9)), Errc::stale);
  EXPECT_EQ(refused(store_rows::batch(0, 9)), Errc::invalid);
  EXPECT_EQ(store_rows::everything(*store_), before);
  ASSERT_TRUE(store_->claim(store_rows::kBook, Epoch{2}).has_value());
  const auto claimed = store_rows::everything(*store_);
  EXPECT_EQ(refused(store_rows::batch(7, 9)), Errc::fenced);
  EXPECT_EQ(store_rows::everything(*store_), claimed);
}

TEST_P(StoreContract, ARowRefusedAgainTakesItsOldPlace) {
  Batch batch = store_rows::batch(1, 1);
  batch.new_orders = {store_rows::order(1, 50)};
  batch.new_orders[0].side = static_cast<Side>(9);
  must_set_aside(batch);
  batch.first = batch.last = Seq{2};
  batch.new_orders[0].side = Side::buy;
  batch.new_orders[0].account.clear();
  must_set_aside(batch);
  EXPECT_THAT(texts(select_from(Table::refused_rows), "reason"), ElementsAre("account is empty"));
  EXPECT_THAT(texts(select_from(Table::refused_rows), "content"), ElementsAre(row_json(batch.new_orders[0])));
}

}  // namespace blotter
