// Orders that were dropped from memory long after their close, and the late facts that name them.
#include "core/snapshot.h"
#include "core/test_ledger_test.h"

namespace blotter {
namespace {

constexpr Side kBuy = Side::buy;

// One order part-filled and cancelled, then more closed orders than memory keeps.
const std::vector<Event>& long_day() {
  static const std::vector<Event> events = [] {
    TestLedger ledger;
    OrderReport first = order_line("C1", kBuy, "10", "20", 1);
    first.order.venue_order_id = "V1";
    ledger.offer(first);
    ledger.offer(fill_line("E1", "C1", kBuy, "4", "20", 2));
    ledger.offer(status_line("C1", OrdStatus::canceled, 3));
    FillReport by_venue = fill_line("E2", "", kBuy, "1", "20", 3);
    by_venue.order.venue_order_id = "V2";
    ledger.offer(by_venue);
    OrderReport second = order_line("C2", kBuy, "1", "20", 1);
    second.order.venue_order_id = "V2";
    ledger.offer(second);
    for (std::size_t i = 0; i < Book::kClosedOrdersKept + 10; ++i) {
      const std::string id = "N" + std::to_string(i);
      ledger.offer(order_line(id, kBuy, "10", "20", 10));
      ledger.offer(status_line(id, OrdStatus::canceled, 11));
    }
    return ledger.events();
  }();
  return events;
}

struct Recall : testing::Test {
  TestLedger ledger;
  void SetUp() override {
    ledger.replay(long_day());
    ASSERT_EQ(ledger.order("C1"), nullptr) << "dropped";
    ASSERT_EQ(ledger.order("C2"), nullptr) << "dropped";
  }
  void TearDown() override { prove_conservation(ledger); }
};

TEST_F(Recall, ALateFillFindsItsOrder) {
  EXPECT_EQ(ledger.offer(fill_line("E9", "C1", kBuy, "5", "20", 50)), Outcome::created);
  EXPECT_EQ(ledger.status("C1"), "canceled 9");
  EXPECT_EQ(ledger.order("C1")->origin, OrderOrigin::reported);
  EXPECT_EQ(ledger.order("C1")->no, OrderNo{1});
  EXPECT_EQ(ledger.all<OrderRecalled>().size(), 1u);
  EXPECT_EQ(ledger.held("SYM"), "10 200 0");
}

TEST_F(Recall, ALateFillByVenueIdFindsItToo) {
  FillReport fill = fill_line("E9", "", kBuy, "5", "20", 50);
  fill.order.venue_order_id = "V1";
  ledger.offer(fill);
  EXPECT_EQ(ledger.status("C1"), "canceled 9");
}

TEST_F(Recall, ALateBustFindsIt) {
  EXPECT_EQ(ledger.offer(bust_line("E1", 50)), Outcome::created);
  EXPECT_EQ(ledger.status("C1"), "canceled 0");
  EXPECT_EQ(ledger.offer(bust_line("E1", 50)), Outcome::exists);
}

TEST_F(Recall, ALateStatusFindsIt) {
  EXPECT_EQ(ledger.offer(status_line("C1", OrdStatus::replaced, 60)), Outcome::created);
  EXPECT_EQ(ledger.status("C1"), "partially_filled 4");
  EXPECT_EQ(ledger.book().counters().orders_open, 1u);
}

TEST_F(Recall, DuplicatesNeedNothingRecalled) {
  const std::size_t before = ledger.events().size();
  OrderReport first = order_line("C1", kBuy, "10", "20", 1);
  first.order.venue_order_id = "V1";
  EXPECT_EQ(ledger.offer(first), Outcome::exists);
  EXPECT_EQ(ledger.offer(fill_line("E1", "C1", kBuy, "4", "20", 2)), Outcome::exists);
  EXPECT_EQ(ledger.offer(status_line("C1", OrdStatus::canceled, 3)), Outcome::exists);
  EXPECT_EQ(ledger.events().size(), before);
}

TEST_F(Recall, AConflictShowsTheOrderAsItWasStated) {
  EXPECT_EQ(ledger.offer(order_line("C1", kBuy, "11", "20", 1)), Outcome::conflict);
  EXPECT_NE(ledger.last<Quarantined>().existing.find("order_opened"), std::string::npos)
      << ledger.last<Quarantined>().existing;
}

TEST_F(Recall, TheNameFromBeforeTheOrderLineFindsTheWholeOrder) {
  EXPECT_EQ(ledger.offer(fill_line("E9", "venue:V2", kBuy, "1", "20", 50)), Outcome::created);
  EXPECT_EQ(ledger.status("C2"), "filled 2");
  EXPECT_EQ(ledger.status("venue:V2"), "filled 2");
}

TEST_F(Recall, CommandsForItAreTooLate) {
  const auto refused = ledger.command(
      CancelOrder{.account = "A", .at = second(50), .order = {.client_order_id = "C1", .venue_order_id = {}}});
  EXPECT_EQ(refused.error().code, Errc::stale);
}

TEST_F(Recall, ARecalledOrderIsDroppedAndRecalledAgain) {
  ledger.offer(fill_line("E9", "C1", kBuy, "1", "20", 50));
  for (std::size_t i = 0; i < Book::kClosedOrdersKept + 10; ++i) {
    const std::string id = "M" + std::to_string(i);
    ledger.offer(order_line(id, kBuy, "10", "20", 60));
    ledger.offer(status_line(id, OrdStatus::canceled, 61));
  }
  ASSERT_EQ(ledger.order("C1"), nullptr);
  ledger.offer(fill_line("E10", "C1", kBuy, "2", "20", 70));
  EXPECT_EQ(ledger.status("C1"), "canceled 7");
}

TEST_F(Recall, ASnapshotKnowsWhatWasDropped) {
  State restored;
  ASSERT_TRUE(decode_snapshot(encode_snapshot(ledger.state()), restored).has_value());
  EXPECT_EQ(canonical(restored), canonical(ledger.state()));
  ledger.state() = std::move(restored);
  ledger.offer(fill_line("E9", "C1", kBuy, "5", "20", 50));
  EXPECT_EQ(ledger.status("C1"), "canceled 9");
}

TEST_F(Recall, MemoryKeepsNoMoreClosedOrdersThanItSays) {
  std::size_t kept = 0;
  ledger.book().for_each_order([&](const Order& order) { kept += order.is_open() ? 0u : 1u; });
  EXPECT_LE(kept, Book::kClosedOrdersKept + 1);
}

}  // namespace
}  // namespace blotter
