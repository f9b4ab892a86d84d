// What becomes of orders, statuses and commands: created, exists, conflict, quarantined, invalid.
#include "core/test_ledger_test.h"

namespace blotter {
namespace {

constexpr Side kBuy = Side::buy;
constexpr Side kSell = Side::sell;

struct DecideOrder : testing::Test {
  TestLedger ledger;
  void TearDown() override { prove_conservation(ledger); }
};

OrderReport with_venue_id(OrderReport report, std::string id) {
  report.order.venue_order_id = std::move(id);
  return report;
}

TEST_F(DecideOrder, TheSameOrderTwiceIsOneOrder) {
  EXPECT_EQ(ledger.offer(order_line("C1", kBuy, "10", "20", 1)), Outcome::created);
  const auto again = ledger.try_offer(order_line("C1", kBuy, "10.0", "20.00", 7));
  EXPECT_EQ(again->outcome, Outcome::exists);
  EXPECT_EQ(again->events, 0u);
  EXPECT_EQ(ledger.book().counters().orders, 1u);
}

TEST_F(DecideOrder, TheSameIdWithOtherTermsIsAConflictAndBothAreKept) {
  ledger.offer(order_line("C1", kBuy, "10", "20", 1));
  EXPECT_EQ(ledger.offer(order_line("C1", kBuy, "11", "20", 1), "the line as it came"), Outcome::conflict);
  const Quarantined kept = ledger.last<Quarantined>();
  EXPECT_EQ(kept.content, "the line as it came");
  EXPECT_NE(kept.existing.find("\"quantity\":\"10\""), std::string::npos) << kept.existing;
  EXPECT_EQ(ledger.order("C1")->terms.quantity, qty("10"));
  EXPECT_EQ(ledger.offer(order_line("C1", kBuy, "11", "20", 1), "the line, spaced otherwise"), Outcome::exists);
  EXPECT_EQ(ledger.offer(order_line("C1", kBuy, "12", "20", 1)), Outcome::conflict) << "a third content is kept too";
  EXPECT_EQ(ledger.book().counters().conflicts, 2u);
}

TEST_F(DecideOrder, ConflictingIntentsAreAllKept) {
  EXPECT_EQ(*ledger.command(SubmitOrder{.terms = order_line("C1", kBuy, "10", "20", 1)}), Outcome::created);
  EXPECT_EQ(*ledger.command(SubmitOrder{.terms = order_line("C1", kBuy, "10", "20", 1)}), Outcome::exists);
  EXPECT_EQ(*ledger.command(SubmitOrder{.terms = order_line("C1", kBuy, "11", "20", 1)}), Outcome::conflict);
  EXPECT_EQ(*ledger.command(SubmitOrder{.terms = order_line("C1", kBuy, "12", "20", 1)}), Outcome::conflict);
  EXPECT_NE(ledger.last<Quarantined>().content.find("\"quantity\":\"12\""), std::string::npos);
}

TEST_F(DecideOrder, AnIntentIsConfirmedByTheOrderLine) {
  ledger.command(SubmitOrder{.terms = order_line("C1", kBuy, "10", "20", 1)}).has_value();
  EXPECT_EQ(ledger.status("C1"), "pending_new 0");
  EXPECT_EQ(ledger.offer(with_venue_id(order_line("C1", kBuy, "10", "20", 2), "V1")), Outcome::created);
  EXPECT_EQ(ledger.status("C1"), "new 0");
  EXPECT_EQ(ledger.order_by_venue_id("V1"), ledger.order("C1"));
  EXPECT_EQ(ledger.order("C1")->origin, OrderOrigin::intent);
  EXPECT_EQ(ledger.offer(with_venue_id(order_line("C1", kBuy, "10", "20", 3), "V1")), Outcome::exists);
}

TEST_F(DecideOrder, AnOrderKeepsAllItsVenueIds) {
  ledger.offer(with_venue_id(order_line("C1", kBuy, "10", "20", 1), "V1"));
  OrderStatusReport replaced = status_line("C1", OrdStatus::replaced, 2);
  replaced.order.venue_order_id = "V2";
  ledger.offer(replaced);
  EXPECT_EQ(ledger.order_by_venue_id("V1"), ledger.order("C1"));
  EXPECT_EQ(ledger.order_by_venue_id("V2"), ledger.order("C1"));
  FillReport late = fill_line("E1", "", kBuy, "3", "20", 3);
  late.order.venue_order_id = "V1";
  ledger.offer(late);
  EXPECT_EQ(ledger.status("C1"), "partially_filled 3");
}

TEST_F(DecideOrder, AStatusOfAnUnknownOrderWaitsForIt) {
  EXPECT_EQ(ledger.offer(status_line("C1", OrdStatus::canceled, 5)), Outcome::quarantined);
  EXPECT_EQ(ledger.offer(status_line("C1", OrdStatus::canceled, 5), "other words"), Outcome::exists);
  EXPECT_EQ(ledger.book().awaited().size(), 1u);
  ledger.offer(order_line("C1", kBuy, "10", "20", 1));
  EXPECT_EQ(ledger.status("C1"), "canceled 0");
  EXPECT_TRUE(ledger.book().awaited().empty());
  EXPECT_EQ(ledger.last<OrderUpdated>().released, Seq{1});
  EXPECT_EQ(ledger.offer(status_line("C1", OrdStatus::canceled, 5)), Outcome::exists);
}

TEST_F(DecideOrder, AStatusByVenueIdWaitsUntilTheOrderLearnsThatId) {
  OrderStatusReport status = status_line("", OrdStatus::canceled, 5);
  status.order.venue_order_id = "V1";
  EXPECT_EQ(ledger.offer(status), Outcome::quarantined);
  ledger.offer(order_line("C1", kBuy, "10", "20", 1));
  EXPECT_EQ(ledger.status("C1"), "new 0");
  FillReport fill = fill_line("E1", "C1", kBuy, "3", "20", 3);
  fill.order.venue_order_id = "V1";
  ledger.offer(fill);
  EXPECT_EQ(ledger.status("C1"), "canceled 3");
}

TEST_F(DecideOrder, TheOrderLineAfterTheFillStatesTheOrder) {
  ledger.offer(fill_line("E1", "C1", kBuy, "4", "20", 3));
  EXPECT_EQ(ledger.order("C1")->origin, OrderOrigin::external);
  EXPECT_FALSE(ledger.order("C1")->is_open());
  EXPECT_EQ(ledger.offer(order_line("C1", kBuy, "10", "20", 1)), Outcome::created);
  EXPECT_EQ(ledger.status("C1"), "partially_filled 4");
  EXPECT_EQ(ledger.order("C1")->origin, OrderOrigin::reported);
  EXPECT_TRUE(ledger.order("C1")->is_open());
  EXPECT_EQ(ledger.book().counters().orders, 1u);
  EXPECT_EQ(ledger.book().counters().orders_open, 1u);
  EXPECT_EQ(ledger.offer(order_line("C1", kBuy, "10", "20", 1)), Outcome::exists);
  EXPECT_EQ(ledger.offer(order_line("C1", kBuy, "12", "20", 1)), Outcome::conflict);
}

TEST_F(DecideOrder, AFillByVenueIdIsJoinedByTheOrderLineThatNamesBothIds) {
  FillReport fill = fill_line("E1", "", kBuy, "4", "20", 3);
  fill.order.venue_order_id = "V1";
  ledger.offer(fill);
  EXPECT_NE(ledger.order("venue:V1"), nullptr);
  ledger.offer(with_venue_id(order_line("C1", kBuy, "10", "20", 1), "V1"));
  EXPECT_EQ(ledger.status("C1"), "partially_filled 4");
  EXPECT_EQ(ledger.order("venue:V1"), ledger.order("C1")) << "the name people saw before still finds it";
  EXPECT_EQ(ledger.offer(status_line("venue:V1", OrdStatus::canceled, 9)), Outcome::created);
  EXPECT_EQ(ledger.status("C1"), "canceled 4");
  EXPECT_EQ(ledger.book().counters().orders, 1u);
}

TEST_F(DecideOrder, AReplaceThatArrivedBeforeTheOrderLineIsNotUndoneByIt) {
  ledger.offer(fill_line("E1", "C1", kBuy, "4", "20", 2));
  OrderStatusReport replaced = status_line("C1", OrdStatus::replaced, 3);
  replaced.quantity = qty("6");
  ledger.offer(replaced);
  ledger.offer(order_line("C1", kBuy, "10", "20", 1));
  EXPECT_EQ(ledger.order("C1")->terms.quantity, qty("6"));
  EXPECT_EQ(ledger.order("C1")->terms.limit_price, price("20"));
  EXPECT_EQ(ledger.offer(order_line("C1", kBuy, "10", "20", 1)), Outcome::exists);
}

TEST_F(DecideOrder, AVenueIdThatBelongsToAnotherOrderIsAContradiction) {
  ledger.offer(with_venue_id(order_line("C1", kBuy, "10", "20", 1), "V1"));
  EXPECT_EQ(ledger.offer(with_venue_id(order_line("C2", kBuy, "10", "20", 1), "V1")), Outcome::quarantined);
  EXPECT_EQ(ledger.order("C2"), nullptr);
  EXPECT_EQ(ledger.order_by_venue_id("V1"), ledger.order("C1"));
}

TEST_F(DecideOrder, OrdersOfTwoAccountsMayShareAnId) {
  ledger.offer(order_line("C1", kBuy, "10", "20", 1));
  OrderReport other = order_line("C1", kSell, "5", "21", 1);
  other.account = "B";
  EXPECT_EQ(ledger.offer(other), Outcome::created);
  EXPECT_EQ(ledger.order("C1", "B")->terms.side, kSell);
  EXPECT_EQ(ledger.order("C1", "A")->terms.side, kBuy);
}

TEST_F(DecideOrder, ACommandForAnUnknownOrAClosedOrderIsRefused) {
  const OrderName c1{.client_order_id = "C1", .venue_order_id = {}};
  const auto unknown = ledger.command(CancelOrder{.account = "A", .at = second(1), .order = c1});
  EXPECT_EQ(unknown.error().code, Errc::not_found);
  ledger.offer(order_line("C1", kBuy, "10", "20", 1));
  const ReplaceOrder nothing{.account = "A", .at = second(2), .order = c1, .quantity = {}, .limit_price = {}};
  EXPECT_EQ(ledger.command(nothing).error().code, Errc::invalid);
  ReplaceOrder zero = nothing;
  zero.quantity = qty("0");
  EXPECT_EQ(ledger.command(zero).error().code, Errc::invalid);
  ledger.offer(fill_line("E1", "C1", kBuy, "10", "20", 3));
  EXPECT_EQ(ledger.command(CancelOrder{.account = "A", .at = second(4), .order = c1}).error().code, Errc::stale);
  ReplaceOrder late = nothing;
  late.limit_price = price("19");
  EXPECT_EQ(ledger.command(late).error().code, Errc::stale);
}

TEST_F(DecideOrder, AnInvalidLineNamesItsFieldAndChangesNothing) {
  const auto message = [&](const Report& report) {
    const auto answer = ledger.try_offer(report);
    EXPECT_FALSE(answer.has_value());
    return answer ? std::string() : answer.error().message;
  };
  OrderReport order = order_line("C1", kBuy, "0", "20", 1);
  EXPECT_EQ(message(order), "quantity: must be positive");
  order = order_line("C1", kBuy, "1", "20", 1);
  order.limit_price.reset();
  EXPECT_EQ(message(order), "limit_price: a limit order needs one");
  order = order_line("", kBuy, "1", "20", 1);
  EXPECT_EQ(message(order), "client_order_id: must not be empty");
  order = order_line("C\n1", kBuy, "1", "20", 1);
  EXPECT_EQ(message(order), "client_order_id: holds a control character");
  order = order_line("C1", kBuy, "1", "20", 1);
  order.metadata = "[1]";
  EXPECT_EQ(message(order), "metadata: must be a JSON object: expected '{' at byte 1");
  order = order_line("C1", kBuy, "1", "20", 1);
  order.account = "market";
  EXPECT_NE(message(order).find("reserved"), std::string::npos);
  order.account = "A";
  order.instrument.symbol = std::string(257, 'x');
  EXPECT_EQ(message(order), "symbol: longer than 256 bytes");
  EXPECT_TRUE(ledger.events().empty());
}

}  // namespace
}  // namespace blotter
