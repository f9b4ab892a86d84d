// Rows from events: each type by hand, and the same tables whatever the batches.
#include "ledger/projection.h"

#include "ledger/accepting_test.h"

namespace blotter::ledger_test {
namespace {

EventTimes when(std::int64_t at) {
  return {.at = second(at), .received_at = second(at + 100), .recorded_at = second(at + 200)};
}

// Reports decided as a ledger does, projected in batches that the test chooses.
struct ProjectionTest : testing::Test {
  Directory directory;
  Accepting accepting{directory.journal()};
  Projection projection{"main", Book{}};
  Batch batch;
  std::uint64_t projected_to = 0;

  // The batch of all that these reports caused.
  const Batch& after(const std::vector<Report>& reports) {
    accepting.offer(reports);
    return next_batch();
  }
  const Batch& next_batch() {
    std::uint64_t seq = 0;
    for (const Event& event : events_of(directory.journal())) {
      if (++seq > projected_to) projection.add(event, Seq{seq});
    }
    projected_to = seq;
    projection.take(Epoch{1}, batch);
    return batch;
  }
};

TEST_F(ProjectionTest, AnOrderOnFirstSightRegistersItsNames) {
  OrderReport report = order("C1");
  report.strategy = "S";
  report.order.venue_order_id = "V1";
  report.metadata = "{\"k\":1}";
  const Batch& rows = after({report});
  EXPECT_EQ(rows.first, Seq{1});
  EXPECT_EQ(rows.last, Seq{4});
  ASSERT_EQ(rows.accounts.size(), 1u);
  EXPECT_EQ(rows.accounts[0].account, "A");
  EXPECT_EQ(rows.accounts[0].base_currency, Asset::of("USD"));
  ASSERT_EQ(rows.instruments.size(), 1u);
  EXPECT_EQ(rows.instruments[0].symbol, "SYM");
  EXPECT_EQ(rows.instruments[0].settle, Asset::of("USD"));
  EXPECT_FALSE(rows.instruments[0].mark.has_value());
  ASSERT_EQ(rows.strategies.size(), 2u) << "the first batch brings the one that every book has";
  EXPECT_EQ(rows.strategies[0].strategy, "unattributed");
  EXPECT_EQ(rows.strategies[1].strategy, "S");
  ASSERT_EQ(rows.new_orders.size(), 1u);
  const OrderRow& row = rows.new_orders[0];
  EXPECT_EQ(row.order_id, make_order_id(second(1), "A", "C1"));
  EXPECT_EQ(row.client_order_id, "C1");
  EXPECT_EQ(row.venue_order_id, "V1");
  EXPECT_EQ(row.strategy, "S");
  EXPECT_EQ(row.quantity, qty("10"));
  EXPECT_EQ(row.limit_price, price("20"));
  EXPECT_EQ(row.status, OrdStatus::new_);
  EXPECT_EQ(row.metadata, "{\"k\":1}");
  EXPECT_EQ(row.first_seq, 4);
  EXPECT_EQ(row.last_seq, 4);
  ASSERT_EQ(rows.order_events.size(), 1u);
  EXPECT_EQ(rows.order_events[0].event, "accepted");
  EXPECT_EQ(rows.order_events[0].effect, "apply");
  EXPECT_EQ(rows.order_events[0].order_id, row.order_id);
  EXPECT_EQ(rows.order_events[0].seq, 4);
  EXPECT_EQ(rows.row_count(), 6u);
}

TEST_F(ProjectionTest, AFillMovesOrderPositionBalancesAndTheDay) {
  after({order("C1")});
  FillReport report = fill("E1", "C1", "4", "21");
  report.fee = dec("0.5");
  report.fee_asset = Asset::of("BNB");
  report.liquidity = Liquidity::maker;
  const Batch& rows = after({report});
  EXPECT_TRUE(rows.new_orders.empty()) << "the order is there since the batch before";
  ASSERT_EQ(rows.changed_orders.size(), 1u);
  EXPECT_EQ(rows.changed_orders[0].filled_quantity, qty("4"));
  EXPECT_EQ(rows.changed_orders[0].average_price, price("21"));
  EXPECT_EQ(rows.changed_orders[0].status, OrdStatus::partially_filled);
  ASSERT_EQ(rows.fills.size(), 1u);
  const FillRow& row = rows.fills[0];
  EXPECT_EQ(row.exec_id, "E1");
  EXPECT_EQ(row.trade_date, "2015-05-01");
  EXPECT_EQ(row.fee, dec("0.5"));
  EXPECT_EQ(row.fee_asset, Asset::of("BNB"));
  EXPECT_EQ(row.liquidity, Liquidity::maker);
  EXPECT_EQ(row.status, FillStatus::effective);
  EXPECT_EQ(row.position_delta, dec("4"));
  EXPECT_EQ(row.cost_delta, dec("84"));
  EXPECT_EQ(row.realized_pnl, Decimal{});
  ASSERT_EQ(rows.positions.size(), 1u);
  EXPECT_EQ(rows.positions[0].quantity, dec("4"));
  EXPECT_EQ(rows.positions[0].cost_basis, dec("84"));
  EXPECT_EQ(rows.positions[0].fees, Decimal{}) << "paid in another asset";
  ASSERT_EQ(rows.pnl_daily.size(), 1u);
  EXPECT_EQ(rows.pnl_daily[0].day, "2015-05-01");
  EXPECT_EQ(rows.pnl_daily[0].bought, dec("4"));
  EXPECT_EQ(rows.pnl_daily[0].fills, 1);
  bool paid = false;
  for (const BalanceRow& balance : rows.balances) {
    if (balance.asset == Asset::of("BNB")) paid = balance.amount == dec("-0.5");
  }
  EXPECT_TRUE(paid);
  EXPECT_EQ(rows.order_events.back().event, "fill");
  EXPECT_EQ(rows.order_events.back().quantity, qty("4"));
}

TEST_F(ProjectionTest, ABustAndACorrectionChangeTheFillsStatusAndLeaveTheirRow) {
  after({order("C1"), fill("E1", "C1"), fill("E2", "C1", "3", "22", 3)});
  CorrectReport correct;
  correct.account = "A";
  correct.at = second(6);
  correct.exec_id = "E2";
  correct.new_exec_id = "E3";
  correct.quantity = qty("2");
  const Batch& rows = after({bust("E1", 5), correct});
  ASSERT_EQ(rows.fill_status_changes.size(), 2u);
  EXPECT_EQ(rows.fill_status_changes[0].status, FillStatus::busted);
  EXPECT_EQ(rows.fill_status_changes[1].status, FillStatus::corrected);
  ASSERT_EQ(rows.position_adjustments.size(), 2u);
  EXPECT_EQ(rows.position_adjustments[0].kind, PositionAdjustmentKind::bust);
  EXPECT_EQ(rows.position_adjustments[0].exec_id, "E1");
  EXPECT_EQ(rows.position_adjustments[0].position_delta, dec("-4"));
  EXPECT_FALSE(rows.position_adjustments[0].quantity.has_value());
  EXPECT_EQ(rows.position_adjustments[1].kind, PositionAdjustmentKind::correction);
  EXPECT_EQ(rows.position_adjustments[1].new_exec_id, "E3");
  EXPECT_EQ(rows.position_adjustments[1].quantity, qty("2"));
  EXPECT_EQ(rows.position_adjustments[1].position_delta, dec("-1"));
  EXPECT_EQ(rows.positions[0].quantity, dec("2"));
  EXPECT_EQ(rows.changed_orders[0].filled_quantity, qty("2"));
  const Batch& later = after({bust("E3", 7)});
  ASSERT_EQ(later.fill_status_changes.size(), 1u);
  EXPECT_EQ(later.fill_status_changes[0].status, FillStatus::busted);
}

TEST_F(ProjectionTest, LateFeesCashMarksAndSplitsHaveTheirRows) {
  after({order("C1"), fill("E1", "C1")});
  FeeReport fee;
  fee.account = "A";
  fee.at = second(5);
  fee.exec_id = "E1";
  fee.id = "F1";
  fee.amount = dec("0.25");
  fee.asset = Asset::of("USD");
  CashReport funding = cash("P1", "-3", 6);
  funding.kind = CashKind::funding;
  funding.symbol = "SYM";
  funding.venue = "X";
  funding.note = "eight hours";
  const MarkReport mark{.at = second(7), .instrument = order("").instrument, .price = price("25")};
  const Batch& rows = after({fee, funding, mark});
  ASSERT_EQ(rows.position_adjustments.size(), 1u);
  EXPECT_EQ(rows.position_adjustments[0].kind, PositionAdjustmentKind::fee);
  EXPECT_EQ(rows.position_adjustments[0].fee_id, "F1");
  EXPECT_EQ(rows.position_adjustments[0].fee, dec("0.25"));
  ASSERT_EQ(rows.cash_movements.size(), 1u);
  EXPECT_EQ(rows.cash_movements[0].kind, CashKind::funding);
  EXPECT_EQ(rows.cash_movements[0].amount, dec("-3"));
  EXPECT_EQ(rows.cash_movements[0].note, "eight hours");
  ASSERT_EQ(rows.instruments.size(), 1u);
  EXPECT_EQ(rows.instruments[0].mark, price("25"));
  ASSERT_EQ(rows.positions.size(), 1u);
  EXPECT_EQ(rows.positions[0].fees, dec("0.25"));
  EXPECT_EQ(rows.positions[0].market_value, dec("100"));
  EXPECT_EQ(rows.positions[0].unrealized_pnl, dec("20"));
  const SplitReport split{
      .at = second(8), .instrument = order("").instrument, .numerator = dec("4"), .denominator = dec("1")};
  const Batch& later = after({split});
  ASSERT_EQ(later.position_adjustments.size(), 1u);
  EXPECT_EQ(later.position_adjustments[0].kind, PositionAdjustmentKind::split);
  EXPECT_EQ(later.position_adjustments[0].ratio, "4/1");
  EXPECT_EQ(later.position_adjustments[0].position_delta, dec("12"));
  EXPECT_EQ(later.positions[0].quantity, dec("16"));
  EXPECT_EQ(later.instruments[0].mark, price("6.25"));
}

// A coin that is split is held as a balance, too.
TEST_F(ProjectionTest, ASplitOfWhatIsHeldAsABalanceChangesTheBalancesRow) {
  InstrumentReport coin;
  coin.at = second(0);
  coin.symbol = "SYM";
  coin.venue = "X";
  coin.asset_class = AssetClass::crypto;
  coin.base = Asset::of("LUNA");
  coin.quote = Asset::of("USD");
  after({coin, order("C1"), fill("E1", "C1")});
  const SplitReport split{
      .at = second(8), .instrument = order("").instrument, .numerator = dec("10"), .denominator = dec("1")};
  const Batch& rows = after({split});
  ASSERT_EQ(rows.balances.size(), 1u);
  EXPECT_EQ(rows.balances[0].asset, Asset::of("LUNA"));
  EXPECT_EQ(rows.balances[0].amount, dec("40"));
}

TEST_F(ProjectionTest, QuarantineIsARowAndItsReleaseAChange) {
  const Batch& rows = after({status("C1", OrdStatus::canceled)});
  ASSERT_EQ(rows.quarantine.size(), 1u);
  EXPECT_EQ(rows.quarantine[0].state, QuarantineState::waiting);
  EXPECT_EQ(rows.quarantine[0].reason, QuarantineReason::unknown_order);
  const std::int64_t seq = rows.quarantine[0].seq;
  const Batch& later = after({order("C1")});
  ASSERT_EQ(later.quarantine_releases.size(), 1u);
  EXPECT_EQ(later.quarantine_releases[0].seq, seq);
  ASSERT_EQ(later.new_orders.size(), 1u);
  EXPECT_EQ(later.new_orders[0].status, OrdStatus::canceled);
}

TEST_F(ProjectionTest, AnAuditEntryIsARowAndChangesNothingElse) {
  after({cash("P1", "5")});
  AuditReport full;
  full.at = second(3);
  full.component = "gate";
  full.action = "refused";
  full.id = "a-1";
  full.details = "{ \"n\": 1 }";
  full.user_id = "ann";
  full.session_id = "s";
  full.severity = AuditSeverity::error;
  AuditReport least;
  least.at = second(4);
  least.component = "engine";
  least.action = "started";
  const Batch& rows = after({full, least, full});
  EXPECT_EQ(rows.row_count(), 2u);
  ASSERT_EQ(rows.audit_log.size(), 2u);
  const AuditRow& first = rows.audit_log[0];
  EXPECT_EQ(first.book_id, "main");
  EXPECT_EQ(first.seq, 3) << "behind the account and its cash";
  EXPECT_EQ(first.component, "gate");
  EXPECT_EQ(first.action, "refused");
  EXPECT_EQ(first.details, "{\"n\":1}");
  EXPECT_EQ(first.user_id, "ann");
  EXPECT_EQ(first.session_id, "s");
  EXPECT_EQ(first.severity, AuditSeverity::error);
  EXPECT_EQ(first.at, second(3));
  EXPECT_EQ(rows.audit_log[1].details, "{}");
  EXPECT_FALSE(rows.audit_log[1].user_id.has_value());
  EXPECT_FALSE(rows.audit_log[1].session_id.has_value());
}

TEST_F(ProjectionTest, RowsOfOneKeyAreCoalescedWithinABatch) {
  std::vector<Report> reports = {order("C1")};
  for (int i = 0; i < 8; ++i) reports.emplace_back(fill("E" + std::to_string(i), "C1", "1", "20", 2 + i));
  const Batch& rows = after(reports);
  ASSERT_EQ(rows.new_orders.size(), 1u);
  EXPECT_EQ(rows.new_orders[0].filled_quantity, qty("8")) << "as it stands at the end";
  EXPECT_TRUE(rows.changed_orders.empty());
  EXPECT_EQ(rows.positions.size(), 1u);
  EXPECT_EQ(rows.pnl_daily.size(), 1u);
  EXPECT_EQ(rows.fills.size(), 8u);
  EXPECT_EQ(rows.order_events.size(), 9u);
  EXPECT_TRUE(after({}).row_count() == 0) << "nothing is carried over";
}

// More closed orders than memory keeps, in one batch: their rows are made from what was noted as they were dropped.
TEST(Projections, AnOrderDroppedInsideABatchStillGetsItsLastRow) {
  Projection projection("main", Book{});
  std::uint64_t seq = 0;
  const auto add = [&](const Event& event) { projection.add(event, Seq{++seq}); };
  AccountDefined account;
  account.times = when(0);
  account.account = AccountId{1};
  account.name = "A";
  account.base_currency = Asset::of("USD");
  InstrumentDefined instrument;
  instrument.times = when(0);
  instrument.instrument = InstrumentId{1};
  instrument.symbol = "SYM";
  instrument.venue = "X";
  instrument.quote = instrument.settle = Asset::of("USD");
  add(account);
  add(instrument);
  constexpr std::uint64_t kOrders = Book::kClosedOrdersKept + 50;
  for (std::uint64_t no = 1; no <= kOrders; ++no) {
    OrderOpened opened;
    opened.times = when(1);
    opened.order = OrderNo{no};
    opened.account = AccountId{1};
    opened.instrument = InstrumentId{1};
    opened.strategy = kUnattributed;
    opened.terms.client_order_id = "C" + std::to_string(no);
    opened.terms.quantity = qty("1");
    opened.order_id = make_order_id(second(1), "A", opened.terms.client_order_id);
    opened.identity.key = order_key("A", opened.terms.client_order_id);
    add(opened);
    OrderUpdated closed;
    closed.times = when(2);
    closed.order = OrderNo{no};
    closed.event = OrderEvent::canceled;
    closed.previous_of_order = Seq{seq};
    add(closed);
  }
  ASSERT_EQ(projection.book().find_order(OrderNo{1}), nullptr) << "dropped";
  Batch batch;
  projection.take(Epoch{1}, batch);
  ASSERT_EQ(batch.new_orders.size(), kOrders);
  for (const OrderRow& row : batch.new_orders) {
    ASSERT_EQ(row.status, OrdStatus::canceled) << row.client_order_id;
    ASSERT_EQ(row.last_seq, row.first_seq + 1) << row.client_order_id;
  }
  EXPECT_EQ(batch.order_events.size(), 2 * kOrders);
}

TEST(Projections, BatchesOfAnySizeGiveTheSameTables) {
  const Directory directory;
  { Accepting(directory.journal()).offer(simulated(2'500, 21, 200)); }
  const std::vector<Event> events = events_of(directory.journal());
  const Tables expected = tables(*projected(events, 1'000'000));
  for (const unsigned size : {1u, 2u, 7u, 100u, 1'000u}) {
    EXPECT_EQ(difference(expected, tables(*projected(events, size))), "") << "batches of " << size;
  }
}

}  // namespace
}  // namespace blotter::ledger_test
