// Orders as stories: the sequences of FIX Appendix D that break order management systems, told in reports.
#include "core/order.h"

#include "core/test_ledger_test.h"

namespace blotter {
namespace {

using enum OrdStatus;
constexpr Side kBuy = Side::buy;

struct OrderStories : testing::Test {
  TestLedger ledger;
  void say(const Report& report) { ledger.offer(report); }
  void status(OrdStatus value, std::int64_t at) { say(status_line("C1", value, at)); }
  void order(std::string_view quantity = "10000") { say(order_line("C1", kBuy, quantity, "20", 1)); }
  void fill(std::string exec_id, std::string_view quantity, std::int64_t at) {
    say(fill_line(std::move(exec_id), "C1", kBuy, quantity, "20", at));
  }
  void replaced(std::string_view quantity, std::int64_t at) {
    OrderStatusReport report = status_line("C1", OrdStatus::replaced, at);
    report.quantity = qty(quantity);
    say(report);
  }
  std::string now() const { return ledger.status("C1"); }
  void TearDown() override { prove_conservation(ledger); }
};

TEST_F(OrderStories, D35CancelOfAPartFilledOrderThenBustThenNewFillOnTheCancelledOrder) {
  order();
  fill("E1", "5000", 2);
  EXPECT_EQ(now(), "partially_filled 5000");
  status(pending_cancel, 3);
  EXPECT_EQ(now(), "pending_cancel 5000");
  status(canceled, 4);
  EXPECT_EQ(now(), "canceled 5000");
  say(bust_line("E1", 5));
  EXPECT_EQ(now(), "canceled 0");
  fill("E2", "4000", 6);
  EXPECT_EQ(now(), "canceled 4000");
  EXPECT_EQ(ledger.held("SYM"), "4000 80000 0");
  EXPECT_FALSE(ledger.order("C1")->is_open());
}

TEST_F(OrderStories, AFillBeforeTheAcknowledgementCounts) {
  SubmitOrder submit{.terms = order_line("C1", kBuy, "10", "20", 1)};
  ASSERT_TRUE(ledger.command(submit).has_value());
  EXPECT_EQ(now(), "pending_new 0");
  fill("E1", "4", 2);
  EXPECT_EQ(now(), "partially_filled 4");
  status(new_, 3);
  EXPECT_EQ(now(), "partially_filled 4");
  EXPECT_TRUE(ledger.order("C1")->is_open());
}

TEST_F(OrderStories, CancelledOrderWasFilled_TheLateFillStillCounts) {
  order("10");
  status(canceled, 2);
  fill("E1", "4", 3);
  EXPECT_EQ(now(), "canceled 4");
  fill("E2", "6", 3);
  EXPECT_EQ(now(), "filled 10");
  EXPECT_EQ(ledger.held("SYM"), "10 200 0");
}

TEST_F(OrderStories, ACancelThatCrossesTheFillLeavesAFilledOrder) {
  order("10");
  status(pending_cancel, 2);
  fill("E1", "10", 3);
  EXPECT_EQ(now(), "filled 10");
  status(canceled, 4);
  EXPECT_EQ(now(), "filled 10");
  say(bust_line("E1", 5));
  EXPECT_EQ(now(), "canceled 0");
}

TEST_F(OrderStories, ABustOfAFilledOrderReopensIt) {
  order("10");
  fill("E1", "6", 2);
  fill("E2", "4", 3);
  EXPECT_EQ(now(), "filled 10");
  EXPECT_EQ(ledger.book().counters().orders_open, 0u);
  say(bust_line("E2", 4));
  EXPECT_EQ(now(), "partially_filled 6");
  EXPECT_TRUE(ledger.order("C1")->is_open());
  EXPECT_FALSE(ledger.order("C1")->closed_at.has_value());
  EXPECT_EQ(ledger.book().counters().orders_open, 1u);
}

TEST_F(OrderStories, AReplaceDownToWhatIsFilledMakesItFilled) {
  order();
  fill("E1", "5000", 2);
  status(pending_replace, 3);
  EXPECT_EQ(now(), "pending_replace 5000");
  replaced("5000", 4);
  EXPECT_EQ(now(), "filled 5000");
  EXPECT_FALSE(ledger.order("C1")->is_overfilled());
}

TEST_F(OrderStories, AReplaceBelowWhatIsFilledIsFilledAndFlaggedAsOverfilled) {
  order();
  fill("E1", "5000", 2);
  replaced("4000", 4);
  EXPECT_EQ(now(), "filled 5000");
  EXPECT_TRUE(ledger.order("C1")->is_overfilled());
}

TEST_F(OrderStories, AFilledOrderThatIsReplacedToMoreWorksAgain) {
  order("100");
  fill("E1", "100", 2);
  status(pending_replace, 3);
  EXPECT_EQ(now(), "pending_replace 100");
  replaced("150", 4);
  EXPECT_EQ(now(), "partially_filled 100");
  EXPECT_TRUE(ledger.order("C1")->is_open());
}

TEST_F(OrderStories, PendingCancelIsShownAbovePendingReplaceAndPartialFills) {
  order();
  status(pending_replace, 2);
  status(pending_cancel, 3);
  EXPECT_EQ(now(), "pending_cancel 0");
  fill("E1", "100", 4);
  EXPECT_EQ(now(), "pending_cancel 100");
  status(canceled, 5);
  EXPECT_EQ(now(), "canceled 100");
}

TEST_F(OrderStories, AnOrderThatWorksAgainAfterPendingCancelMayBeCancelledAgain) {
  order();
  const CancelOrder cancel{.account = "A", .at = second(2), .order = {.client_order_id = "C1", .venue_order_id = {}}};
  EXPECT_EQ(*ledger.command(cancel), Outcome::created);
  EXPECT_EQ(*ledger.command(cancel), Outcome::exists);
  // The venue refused the cancel and says so by the state that the order is in.
  fill("E1", "100", 3);
  status(partially_filled, 4);
  EXPECT_EQ(now(), "partially_filled 100");
  EXPECT_EQ(*ledger.command(cancel), Outcome::created);
  EXPECT_EQ(now(), "pending_cancel 100");
}

TEST_F(OrderStories, TheAcknowledgementOfAnOrderDoesNotEndACancelThatWasAskedForMeanwhile) {
  ASSERT_TRUE(ledger.command(SubmitOrder{.terms = order_line("C1", kBuy, "10", "20", 1)}).has_value());
  const CancelOrder cancel{.account = "A", .at = second(2), .order = {.client_order_id = "C1", .venue_order_id = {}}};
  EXPECT_EQ(*ledger.command(cancel), Outcome::created);
  status(new_, 3);
  EXPECT_EQ(now(), "pending_cancel 0");
}

TEST_F(OrderStories, H1cAGoodTillCancelOrderOverTwoDays) {
  OrderReport gtc = order_line("C1", kBuy, "10000", "20", 1);
  gtc.tif = TimeInForce::gtc;
  say(gtc);
  fill("E1", "2000", 2);
  status(done_for_day, 3);
  EXPECT_EQ(now(), "done_for_day 2000");
  EXPECT_FALSE(ledger.order("C1")->is_open());
  OrderStatusReport restated = status_line("C1", new_, 86'400);
  restated.cum_quantity = qty("2000");
  say(restated);
  EXPECT_EQ(now(), "partially_filled 2000");
  EXPECT_TRUE(ledger.order("C1")->is_open());
  say(fill_line("E1", "C1", kBuy, "8000", "20", 86'401));  // the venue starts its ids anew
  EXPECT_EQ(now(), "filled 10000");
}

TEST_F(OrderStories, AFillOfASleepingOrderCountsAndLetsItSleep) {
  order();
  status(done_for_day, 2);
  fill("E1", "100", 3);
  EXPECT_EQ(now(), "done_for_day 100");
}

TEST_F(OrderStories, AnAcknowledgementFromBeforeTheDaysEndDoesNotWakeTheOrder) {
  order();
  status(done_for_day, 5);
  status(new_, 2);
  EXPECT_EQ(now(), "done_for_day 0");
}

TEST_F(OrderStories, AReplaceThatArrivesAfterTheCancelThatFollowedItLeavesNoGhostOrder) {
  order();
  status(canceled, 5);
  replaced("8000", 4);
  EXPECT_EQ(now(), "canceled 0");
  EXPECT_EQ(ledger.order("C1")->terms.quantity, qty("8000"));
  EXPECT_EQ(ledger.book().counters().orders_open, 0u);
}

TEST_F(OrderStories, AReinstatedOrderWorksAgain) {
  order();
  status(canceled, 5);
  replaced("8000", 6);
  EXPECT_EQ(now(), "new 0");
  EXPECT_TRUE(ledger.order("C1")->is_open());
  EXPECT_EQ(ledger.book().counters().orders_open, 1u);
}

TEST_F(OrderStories, AnOlderReplaceDoesNotUndoANewerOne) {
  order();
  replaced("8000", 6);
  replaced("9000", 5);
  EXPECT_EQ(ledger.order("C1")->terms.quantity, qty("8000"));
}

TEST_F(OrderStories, ARestatementInAnyStatusChangesWhatTheOrderIsFor) {
  order();
  OrderStatusReport partial_decline = status_line("C1", new_, 3);
  partial_decline.quantity = qty("6000");
  say(partial_decline);
  EXPECT_EQ(ledger.order("C1")->terms.quantity, qty("6000"));
  OrderStatusReport wish = status_line("C1", pending_replace, 4);
  wish.quantity = qty("7000");
  say(wish);
  EXPECT_EQ(ledger.order("C1")->terms.quantity, qty("6000")) << "asked for, not granted";
}

TEST_F(OrderStories, ARejectionAfterAFillKeepsWhatIsFilled) {
  order();
  fill("E1", "100", 2);
  EXPECT_EQ(ledger.offer(status_line("C1", rejected, 3)), Outcome::created);
  EXPECT_EQ(now(), "rejected 100");
  EXPECT_FALSE(ledger.order("C1")->is_open());
}

TEST_F(OrderStories, AFillOnARejectedOrderCounts) {
  order();
  status(rejected, 2);
  fill("E1", "100", 3);
  EXPECT_EQ(now(), "rejected 100");
  EXPECT_EQ(ledger.held("SYM"), "100 2000 0");
}

TEST_F(OrderStories, ARejectionOfAFilledOrderIsKeptForAPerson) {
  order("10");
  fill("E1", "10", 2);
  EXPECT_EQ(ledger.offer(status_line("C1", rejected, 3)), Outcome::quarantined);
  EXPECT_EQ(now(), "filled 10");
  EXPECT_EQ(ledger.last<Quarantined>().reason, QuarantineReason::contradiction);
}

TEST_F(OrderStories, AStoppedOrderShowsItsPartialFillOnceItComes) {
  order();
  status(stopped, 2);
  EXPECT_EQ(now(), "stopped 0");
  fill("E1", "1000", 3);
  EXPECT_EQ(now(), "partially_filled 1000");
}

TEST_F(OrderStories, ASuspendedOrderStaysSuspendedUntilTheVenueSaysOtherwise) {
  order();
  status(suspended, 2);
  fill("E1", "1000", 3);
  EXPECT_EQ(now(), "suspended 1000");
  status(new_, 4);
  EXPECT_EQ(now(), "partially_filled 1000");
}

TEST_F(OrderStories, AStatusThatClaimsAFillProvesThatTheVenueHasTheOrder) {
  ASSERT_TRUE(ledger.command(SubmitOrder{.terms = order_line("C1", kBuy, "10", "20", 1)}).has_value());
  OrderStatusReport claim = status_line("C1", filled, 2);
  claim.cum_quantity = qty("10");
  say(claim);
  EXPECT_EQ(now(), "new 0") << "a claim is no fill";
  EXPECT_EQ(ledger.order("C1")->claimed_cum, qty("10"));
  EXPECT_TRUE(ledger.order("C1")->is_open());
}

TEST_F(OrderStories, BrokerReplaysNewAndFillThreeTimes_OneFillResults) {
  for (int i = 0; i < 3; ++i) {
    order("10");
    status(new_, 2);
    fill("E1", "10", 3);
    status(filled, 4);
  }
  EXPECT_EQ(now(), "filled 10");
  EXPECT_EQ(ledger.all<FillBooked>().size(), 1u);
  EXPECT_EQ(ledger.all<OrderUpdated>().size(), 2u);
  EXPECT_EQ(ledger.held("SYM"), "10 200 0");
}

TEST_F(OrderStories, AnOverfillIsBookedAndFlagged) {
  order("10");
  fill("E1", "8", 2);
  fill("E2", "8", 3);
  EXPECT_EQ(now(), "filled 16");
  EXPECT_TRUE(ledger.order("C1")->is_overfilled());
  EXPECT_EQ(ledger.held("SYM"), "16 320 0");
}

TEST_F(OrderStories, FillArrivingDuringAModifyIsNotDiscarded) {
  order("10");
  const ReplaceOrder replace{.account = "A",
                             .at = second(2),
                             .order = {.client_order_id = "C1", .venue_order_id = {}},
                             .quantity = qty("20"),
                             .limit_price = {}};
  EXPECT_EQ(*ledger.command(replace), Outcome::created);
  EXPECT_EQ(now(), "pending_replace 0");
  fill("E1", "10", 3);
  EXPECT_EQ(now(), "pending_replace 10");
  replaced("20", 4);
  EXPECT_EQ(now(), "partially_filled 10");
  EXPECT_EQ(ledger.held("SYM"), "10 200 0");
}

}  // namespace
}  // namespace blotter
