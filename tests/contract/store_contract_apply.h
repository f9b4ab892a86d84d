// The part of the store contract about writing: cursor, fence, atomicity, the meaning of each vector of a batch.
#pragma once

#include "contract/store_contract.h"
#include "core/order_machine.h"

namespace blotter {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_P(StoreContract, KnowsNothingOfABookItHasNeverSeen) {
  const auto cursor = store_->cursor("nobody");
  ASSERT_TRUE(cursor.has_value());
  EXPECT_EQ(cursor->applied, Seq{0});
  EXPECT_EQ(cursor->epoch, Epoch{0});
  Batch batch = store_rows::batch(1, 1);
  batch.book_id = "nobody";
  EXPECT_EQ(refusal(batch), Errc::stale);
}

TEST_P(StoreContract, AppliesEveryKindOfRowAndMovesTheCursor) {
  must_apply(store_rows::full_batch());
  EXPECT_EQ(applied(), 6u);
  for (int table = 0; table <= static_cast<int>(Table::ledger_entries); ++table) {
    const bool has_rows = static_cast<Table>(table) != Table::refused_rows;
    EXPECT_EQ(!store_rows::all_of(*store_, static_cast<Table>(table)).empty(), has_rows) << table;
  }
}

TEST_P(StoreContract, ApplyingTheSameBatchAgainChangesNothing) {
  must_apply(store_rows::full_batch());
  const auto before = store_rows::everything(*store_);
  must_apply(store_rows::full_batch());
  EXPECT_EQ(store_rows::everything(*store_), before);
}

TEST_P(StoreContract, RefusesAGapAndLeavesTheCursorAlone) {
  must_apply(store_rows::batch(1, 5));
  must_refuse(store_rows::batch(7, 8), Errc::stale);
  EXPECT_EQ(applied(), 5u);
}

TEST_P(StoreContract, RefusesABatchThatOverlapsTheCursor) {
  must_apply(store_rows::batch(1, 5));
  must_refuse(store_rows::batch(4, 8), Errc::stale);
}

TEST_P(StoreContract, RefusesABatchThatEndsBeforeItBegins) {
  must_refuse(store_rows::batch(0, 3), Errc::invalid);
  must_refuse(store_rows::batch(1, 0), Errc::invalid);
}

TEST_P(StoreContract, ANewerEpochFencesTheOlderWriter) {
  must_apply(store_rows::batch(1, 5));
  const auto claimed = store_->claim(store_rows::kBook, Epoch{3});
  ASSERT_TRUE(claimed.has_value());
  EXPECT_EQ(claimed->applied, Seq{5});
  EXPECT_EQ(claimed->epoch, Epoch{3});

  must_refuse(store_rows::batch(6, 6), Errc::fenced);
  must_refuse(store_rows::batch(1, 5), Errc::fenced);
  EXPECT_EQ(store_->claim(store_rows::kBook, Epoch{2}).error().code, Errc::fenced);
  EXPECT_EQ(store_->reset(store_rows::kBook, Epoch{2}).error().code, Errc::fenced);

  Batch next = store_rows::batch(6, 6);
  next.epoch = Epoch{3};
  must_apply(next);
}

// A database that was restored to a moment before the claim has taken nobody's place.
TEST_P(StoreContract, AnEpochThatNeverClaimedHasToClaim) {
  Batch batch = store_rows::batch(1, 1);
  batch.epoch = Epoch{9};
  must_refuse(batch, Errc::stale);
  ASSERT_TRUE(store_->claim(batch.book_id, batch.epoch).has_value());
  must_apply(batch);
}

TEST_P(StoreContract, AnotherHistoryAtTheCursorIsNoSuccess) {
  Batch batch = store_rows::full_batch();
  batch.last_hash = 1;
  must_apply(batch);
  must_apply(batch);
  batch.last_hash = 2;
  must_refuse(batch, Errc::stale);
}

TEST_P(StoreContract, ClaimingAgainWithTheSameEpochChangesNothing) {
  must_apply(store_rows::full_batch());
  const auto before = store_rows::everything(*store_);
  ASSERT_TRUE(store_->claim(store_rows::kBook, store_rows::kEpoch).has_value());
  EXPECT_EQ(store_rows::everything(*store_), before);
}

TEST_P(StoreContract, RefusesAnEpochOfZero) { EXPECT_EQ(store_->claim("b", Epoch{0}).error().code, Errc::invalid); }

TEST_P(StoreContract, OneBadRowUndoesTheWholeBatch) {
  must_apply(store_rows::full_batch());
  Batch bad = store_rows::batch(7, 9);
  bad.accounts = {store_rows::account("B")};
  bad.new_orders = {store_rows::order(3, 7)};
  bad.changed_orders = {store_rows::order(1, 7)};
  bad.positions = {store_rows::position("9", 7)};
  bad.balances = {store_rows::balance("USD", "7", 7)};
  bad.quarantine_releases = {{6}};
  bad.fills = {store_rows::fill(8, 1), store_rows::fill(3, 1)};  // 3 is there already
  must_refuse(bad, Errc::invalid);
  bad.fills.pop_back();
  must_apply(bad);
}

TEST_P(StoreContract, SaysWhichRowItRefused) {
  Batch bad = store_rows::batch(1, 1);
  bad.new_orders = {store_rows::order(1, 1), store_rows::order(2, 1), store_rows::order(1, 1)};
  const auto answer = store_->apply(bad);
  ASSERT_FALSE(answer.has_value());
  EXPECT_THAT(answer.error().message, HasSubstr("orders row 3 of 3"));
}

TEST_P(StoreContract, RefusesANewOrderThatIsThereAndAChangedOneThatIsNot) {
  must_apply(store_rows::full_batch());
  Batch again = store_rows::batch(7, 7);
  again.new_orders = {store_rows::order(1, 7)};
  must_refuse(again, Errc::invalid);
  Batch missing = store_rows::batch(7, 7);
  missing.changed_orders = {store_rows::order(9, 7)};
  must_refuse(missing, Errc::invalid);
}

TEST_P(StoreContract, UpdatesEveryColumnOfAChangedOrder) {
  must_apply(store_rows::full_batch());
  OrderRow changed = store_rows::order(1, 1);
  changed.open = false;
  changed.status = OrdStatus::filled;
  changed.filled_quantity = Quantity(store_rows::dec("1.5"));
  changed.average_price = Price(store_rows::dec("-3"));
  changed.closed_at = store_rows::at(7);
  changed.limit_price.reset();
  changed.last_seq = 7;
  Batch first = store_rows::batch(7, 7);
  first.changed_orders = {changed};
  must_apply(first);
  EXPECT_THAT(texts(select_from(Table::orders, {{"open", Compare::equal, false}}), "closed_at"),
              ElementsAre("2015-05-01T00:00:07.000000000Z"));

  // An external order that is stated later gets new names.
  changed.client_order_id = "stated";
  changed.venue_order_id = "v-1";
  changed.symbol = "ETHUSD";
  changed.last_seq = 8;
  Batch second = store_rows::batch(8, 8);
  second.changed_orders = {changed};
  must_apply(second);
  EXPECT_THAT(
      texts(select_from(Table::orders, {{"venue_order_id", Compare::equal, std::string("v-1")}}), "client_order_id"),
      ElementsAre("stated"));

  // Its old name is free for another order, its new one is taken.
  OrderRow other = store_rows::order(7, 9);
  other.client_order_id = "stated";
  Batch third = store_rows::batch(9, 9);
  third.new_orders = {other};
  must_refuse(third, Errc::invalid);
  third.new_orders[0].client_order_id = "c1";
  must_apply(third);
}

TEST_P(StoreContract, HoldsEachIdentityOnce) {
  must_apply(store_rows::full_batch());
  Batch twin_fill = store_rows::batch(7, 7);
  twin_fill.fills = {store_rows::fill(7, 1)};
  twin_fill.fills[0].exec_id = "e3";
  must_refuse(twin_fill, Errc::invalid);
  Batch twin_cash = store_rows::batch(7, 7);
  twin_cash.cash_movements = {store_rows::cash(7, "d1", "5")};
  must_refuse(twin_cash, Errc::invalid);
  Batch twin_order = store_rows::batch(7, 7);
  twin_order.new_orders = {store_rows::order(8, 7)};
  twin_order.new_orders[0].client_order_id = "c2";
  must_refuse(twin_order, Errc::invalid);

  // The other side, another kind: other identities.
  twin_fill.fills[0].side = Side::sell;
  twin_fill.cash_movements = {store_rows::cash(8, "d1", "5")};
  twin_fill.cash_movements[0].kind = CashKind::withdrawal;
  must_apply(twin_fill);
}

TEST_P(StoreContract, UpsertsReplaceTheWholeRow) {
  must_apply(store_rows::full_batch());
  Batch batch = store_rows::batch(7, 7);
  batch.instruments = {store_rows::instrument("BTCUSD", AssetClass::crypto, "BTC")};
  batch.instruments[0].mark = Price(store_rows::dec("101.5"));
  batch.instruments[0].mark_at = store_rows::at(7);
  batch.positions = {store_rows::position("-2.25", 7)};
  batch.positions[0].average_price = store_rows::dec("7");
  batch.balances = {store_rows::balance("USD", "-0.000000000000000001", 7), store_rows::balance("BTC", "2", 7)};
  batch.pnl_daily = {store_rows::pnl("2015-05-02", 7)};
  must_apply(batch);
  EXPECT_THAT(texts(select_from(Table::positions), "quantity"), ElementsAre("-2.25"));
  EXPECT_THAT(texts(select_from(Table::instruments), "mark"), ElementsAre("101.5"));
  EXPECT_THAT(texts(select_from(Table::balances), "amount"), ElementsAre("2", "-0.000000000000000001"));
  EXPECT_THAT(texts(select_from(Table::pnl_daily), "day"), ElementsAre("2015-05-01", "2015-05-02"));
  batch = store_rows::batch(8, 8);
  batch.positions = {store_rows::position("0", 8)};
  must_apply(batch);
  EXPECT_THAT(texts(select_from(Table::positions), "average_price"), ElementsAre("NULL"));
}

TEST_P(StoreContract, ChangesAFillsStatusAndReleasesFromQuarantine) {
  must_apply(store_rows::full_batch());
  EXPECT_THAT(texts(select_from(Table::fills), "status"), ElementsAre("busted"));
  EXPECT_THAT(texts(select_from(Table::quarantine), "state"), ElementsAre("waiting"));
  Batch batch = store_rows::batch(7, 7);
  batch.fills = {store_rows::fill(7, 1)};
  batch.fill_status_changes = {{7, FillStatus::corrected}};
  batch.quarantine_releases = {{6}};
  must_apply(batch);
  EXPECT_THAT(texts(select_from(Table::fills), "status"), ElementsAre("busted", "corrected"));
  EXPECT_THAT(texts(select_from(Table::quarantine), "state"), ElementsAre("released"));

  Batch no_fill = store_rows::batch(8, 8);
  no_fill.fill_status_changes = {{99, FillStatus::busted}};
  must_refuse(no_fill, Errc::invalid);
  Batch no_record = store_rows::batch(8, 8);
  no_record.quarantine_releases = {{99}};
  must_refuse(no_record, Errc::invalid);
}

TEST_P(StoreContract, RefusesRowsThatBreakARule) {
  must_apply(store_rows::full_batch());
  const auto refused = [&](auto spoil) {
    Batch batch = store_rows::batch(7, 9);
    batch.new_orders = {store_rows::order(7, 7)};
    batch.fills = {store_rows::fill(8, 7)};
    batch.cash_movements = {store_rows::cash(9, "w", "-1")};
    batch.instruments = {store_rows::instrument("X", AssetClass::equity, nullptr)};
    spoil(batch);
    must_refuse(batch, Errc::invalid);
  };
  refused([](Batch& batch) { batch.fills[0].quantity = Quantity(); });
  refused([](Batch& batch) { batch.fills[0].quantity = Quantity(Decimal{-1}); });
  refused([](Batch& batch) { batch.fills[0].seq = 0; });
  refused([](Batch& batch) { batch.fills[0].account.clear(); });
  refused([](Batch& batch) { batch.fills[0].side = static_cast<Side>(77); });
  refused([](Batch& batch) { batch.fills[0].book_id = "another"; });
  refused([](Batch& batch) { batch.fill_status_changes = {{8, static_cast<FillStatus>(9)}}; });
  refused([](Batch& batch) { batch.new_orders[0].last_seq = 6; });
  refused([](Batch& batch) { batch.new_orders[0].quantity = Quantity(Decimal{-1}); });
  refused([](Batch& batch) { batch.cash_movements[0].id.clear(); });
  refused([](Batch& batch) { batch.cash_movements[0].note = std::string("a\0b", 3); });
  refused([](Batch& batch) { batch.instruments[0].multiplier = Decimal{}; });
}

TEST_P(StoreContract, TakesEveryNameOfEveryEnum) {
  Batch batch = store_rows::batch(1, 200);
  std::uint8_t number = 0;
  const auto each = [](auto example, auto use) {
    using E = decltype(example);
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) { use(static_cast<E>(d.value)); });
  };
  const auto new_order = [&]() -> OrderRow& {
    ++number;
    return batch.new_orders.emplace_back(store_rows::order(number, number));
  };
  const auto new_fill = [&]() -> FillRow& {
    ++number;
    return batch.fills.emplace_back(store_rows::fill(number, 1));
  };
  each(OrderType{}, [&](auto value) { new_order().order_type = value; });
  each(TimeInForce{}, [&](auto value) { new_order().tif = value; });
  each(OrdStatus{}, [&](auto value) { new_order().status = value; });
  each(OrdStatus{}, [&](auto value) {
    batch.order_events.push_back(store_rows::order_event(static_cast<std::int64_t>(value) + 1, 1));
    batch.order_events.back().status = value;
  });
  each(OrderEvent{}, [&](auto value) {
    batch.order_events.push_back(store_rows::order_event(static_cast<std::int64_t>(value) + 100, 1));
    batch.order_events.back().event = name_of(value);
    batch.order_events.back().effect = name_of(static_cast<int>(value) % 2 == 0 ? Effect::apply : Effect::ignore);
  });
  each(OrderOrigin{}, [&](auto value) { new_order().origin = value; });
  each(Side{}, [&](auto value) { new_order().side = value; });
  each(Side{}, [&](auto value) { new_fill().side = value; });
  each(Liquidity{}, [&](auto value) { new_fill().liquidity = value; });
  each(FillStatus{}, [&](auto value) { new_fill().status = value; });
  each(PositionAdjustmentKind{}, [&](auto value) {
    batch.position_adjustments.push_back(store_rows::bust_of(store_rows::fill(1, 1), ++number));
    batch.position_adjustments.back().kind = value;
  });
  each(CashKind{}, [&](auto value) {
    batch.cash_movements.push_back(store_rows::cash(++number, "id", "1"));
    batch.cash_movements.back().kind = value;
  });
  each(QuarantineReason{}, [&](auto value) {
    batch.quarantine.push_back(store_rows::quarantine(++number));
    batch.quarantine.back().reason = value;
  });
  each(QuarantineState{}, [&](auto value) {
    batch.quarantine.push_back(store_rows::quarantine(++number));
    batch.quarantine.back().state = value;
  });
  each(AuditSeverity{}, [&](auto value) {
    batch.audit_log.push_back(store_rows::audit(++number));
    batch.audit_log.back().severity = value;
  });
  each(AssetClass{}, [&](auto value) {
    batch.instruments.push_back(store_rows::instrument(std::string(name_of(value)), value, "BTC"));
  });
  each(AccountingMethod{}, [&](auto value) {
    batch.accounts.push_back(store_rows::account(std::string(name_of(value))));
    batch.accounts.back().method = value;
  });
  each(PositionMode{}, [&](auto value) {
    batch.accounts.push_back(store_rows::account(std::string(name_of(value))));
    batch.accounts.back().mode = value;
  });
  must_apply(batch);
  EXPECT_EQ(batch.row_count(), batch.new_orders.size() + batch.order_events.size() + batch.fills.size() +
                                   batch.position_adjustments.size() + batch.cash_movements.size() +
                                   batch.quarantine.size() + batch.audit_log.size() + batch.instruments.size() +
                                   batch.accounts.size());
}

TEST_P(StoreContract, KeepsTwoBooksApart) {
  must_apply(store_rows::full_batch());
  const auto first_book = store_rows::everything(*store_);
  ASSERT_TRUE(store_->claim("b2", Epoch{7}).has_value());
  Batch other = store_rows::batch(1, 1);
  other.book_id = "b2";
  other.epoch = Epoch{7};
  other.new_orders = {store_rows::order(1, 1)};
  other.new_orders[0].book_id = "b2";
  must_apply(other);
  EXPECT_EQ(store_rows::everything(*store_), first_book);
  EXPECT_EQ(store_rows::all_of(*store_, Table::orders, "b2").size(), 1u);

  ASSERT_TRUE(store_->reset(store_rows::kBook, store_rows::kEpoch).has_value());
  EXPECT_EQ(store_rows::all_of(*store_, Table::orders, "b2").size(), 1u);
  EXPECT_TRUE(store_rows::all_of(*store_, Table::orders).empty());
}

TEST_P(StoreContract, ResetEmptiesTheBookAndKeepsTheEpoch) {
  must_apply(store_rows::full_batch());
  const auto before = store_rows::everything(*store_);
  ASSERT_TRUE(store_->reset(store_rows::kBook, store_rows::kEpoch).has_value());
  const auto cursor = store_->cursor(store_rows::kBook);
  EXPECT_EQ(cursor->applied, Seq{0});
  EXPECT_EQ(cursor->epoch, store_rows::kEpoch);
  for (int table = 1; table <= static_cast<int>(Table::ledger_entries); ++table) {
    EXPECT_TRUE(store_rows::all_of(*store_, static_cast<Table>(table)).empty());
  }
  must_apply(store_rows::full_batch());
  EXPECT_EQ(store_rows::everything(*store_), before);
}

TEST_P(StoreContract, ResetOfABookThatNobodyClaimedIsFenced) {
  EXPECT_EQ(store_->reset("nobody", Epoch{0}).error().code, Errc::fenced);
  EXPECT_EQ(store_->reset("nobody", Epoch{1}).error().code, Errc::fenced);
}

}  // namespace blotter
