#include "feeds/lobster.h"

#include <map>

#include "feeds/feed_fixture_test.h"

namespace blotter::feeds {
namespace {

const FeedOptions kApple{.symbol = "AAPL", .date = "2012-06-21"};

std::vector<SeenLine> read(const std::string& text) { return read_text("lobster", text, kApple); }

template <class R>
const R& only(const SeenLine& seen) {
  EXPECT_EQ(seen.line.reports.size(), 1u) << seen.text;
  return std::get<R>(seen.line.reports.at(0));
}

Decimal decimal(std::string_view text) { return *Decimal::parse(text); }

TEST(Lobster, ReadsTheLifeOfAnOrder) {
  const auto lines = read(
      "34200.004241176,1,16113575,18,5853300,1\n"
      "34200.5,2,16113575,8,5853300,1\n"
      "34201,4,16113575,4,5853300,1\n"
      "34202,2,16113575,2,5853300,1\n"
      "34203,3,16113575,4,5853300,1\n");
  ASSERT_EQ(lines.size(), 5u);
  const auto& order = only<OrderReport>(lines[0]);
  EXPECT_EQ(order.account, "LOBSTER");
  EXPECT_EQ(to_text(order.at), "2012-06-21T13:30:00.004241176Z");
  EXPECT_EQ(order.order.client_order_id, "16113575");
  EXPECT_EQ(order.instrument.symbol, "AAPL");
  EXPECT_EQ(order.instrument.venue, "XNAS");
  EXPECT_EQ(order.instrument.asset_class, AssetClass::equity);
  EXPECT_EQ(order.side, Side::buy);
  EXPECT_EQ(order.quantity.value(), Decimal(18));
  EXPECT_EQ(order.limit_price->value(), decimal("585.33"));
  EXPECT_EQ(order.tif, TimeInForce::day);

  EXPECT_EQ(only<OrderStatusReport>(lines[1]).status, OrdStatus::replaced);
  EXPECT_EQ(only<OrderStatusReport>(lines[1]).quantity->value(), Decimal(10));
  const auto& fill = only<FillReport>(lines[2]);
  EXPECT_EQ(fill.exec_id, "3");
  EXPECT_EQ(fill.quantity.value(), Decimal(4));
  EXPECT_EQ(fill.price.value(), decimal("585.33"));
  EXPECT_EQ(only<OrderStatusReport>(lines[3]).quantity->value(), Decimal(8));
  EXPECT_EQ(only<OrderStatusReport>(lines[4]).status, OrdStatus::canceled);
}

TEST(Lobster, BooksAHiddenExecutionOnAnOrderOfItsOwn) {
  const auto lines = read("34200,7,0,0,-1,-1\n34200.25,5,0,100,5853300,-1\n");
  EXPECT_TRUE(lines[0].line.ignored);
  const auto& fill = only<FillReport>(lines[1]);
  EXPECT_EQ(fill.order.client_order_id, "hidden-2");
  EXPECT_EQ(fill.exec_id, "2");
  EXPECT_EQ(fill.side, Side::sell);
}

TEST(Lobster, FillsUnknownOrdersAndQuarantinesTheirCancels) {
  const auto lines = read("34200,4,5,10,5853300,1\n34200,3,5,10,5853300,1\n34200,2,5,10,5853300,1\n");
  EXPECT_EQ(only<FillReport>(lines[0]).order.client_order_id, "5");
  for (const std::size_t i : {1u, 2u}) {
    EXPECT_TRUE(lines[i].line.reports.empty());
    EXPECT_NE(lines[i].line.quarantine, "");
    EXPECT_EQ(lines[i].line.account, "LOBSTER");
    EXPECT_EQ(to_text(lines[i].line.at), "2012-06-21T13:30:00.000000000Z");
  }
}

TEST(Lobster, CancelsAnOrderReducedToNothing) {
  const auto lines = read("34200,1,5,10,5853300,1\n34200,2,5,10,5853300,1\n34200,3,5,10,5853300,1\n");
  EXPECT_EQ(only<OrderStatusReport>(lines[1]).status, OrdStatus::canceled);
  EXPECT_NE(lines[2].line.quarantine, "");
}

TEST(Lobster, AnswersBadLinesWithTheReason) {
  const auto reason = [&](const std::string& line) { return read("34200,1,5,10,5853300,1\n" + line)[1].line.invalid; };
  EXPECT_EQ(reason("1,2,3"), "expected six columns: time, type, order id, size, price, direction");
  EXPECT_EQ(reason("1,1,3,4,5,1,7"), "expected six columns: time, type, order id, size, price, direction");
  EXPECT_EQ(reason("86400,1,3,4,5,1"), "time: '86400' is not a number of seconds after midnight");
  EXPECT_EQ(reason("1.0000000001,1,3,4,5,1"), "time: '1.0000000001' is not a number of seconds after midnight");
  EXPECT_EQ(reason("1,8,3,4,5,1"), "type: '8' is not 1 to 7");
  EXPECT_EQ(reason("1,1,x,4,5,1"), "order id: 'x' is not a whole number");
  EXPECT_EQ(reason("1,1,3,0,5,1"), "size: must be positive");
  EXPECT_EQ(reason("1,1,3,4,5.5,1"), "price: '5.5' is not a number of 1/10,000 dollar");
  EXPECT_EQ(reason("1,1,3,4,5,0"), "direction: '0' is not 1 (buy) or -1 (sell)");
}

// Counts of the excerpt, from its index.
TEST(Lobster, ReadsTheRecordedExcerpt) {
  const auto path = test_data("lobster_aapl_first999/AAPL_2012-06-21_message_10.first999.csv");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here (BLOTTER_TEST_DATA)";
  const auto lines = read(read_file(path));
  std::map<std::string, std::uint64_t> counts;
  Decimal visible;
  Decimal hidden;
  for (const auto& seen : lines) {
    counts["invalid"] += !seen.line.invalid.empty();
    counts["quarantined"] += !seen.line.quarantine.empty();
    for (const Report& report : seen.line.reports) {
      counts["orders"] += std::holds_alternative<OrderReport>(report);
      counts["statuses"] += std::holds_alternative<OrderStatusReport>(report);
      if (const auto* fill = std::get_if<FillReport>(&report)) {
        const bool is_hidden = fill->order.client_order_id.starts_with("hidden-");
        ++counts[is_hidden ? "hidden" : "fills"];
        (is_hidden ? hidden : visible) += fill->quantity.value();
      }
    }
  }
  EXPECT_EQ(lines.size(), 999u);
  EXPECT_EQ(counts["invalid"], 0u);
  EXPECT_EQ(counts["orders"], 471u);
  EXPECT_EQ(counts["statuses"] + counts["quarantined"], 369u);
  EXPECT_EQ(counts["fills"], 98u);
  EXPECT_EQ(counts["hidden"], 61u);
  EXPECT_EQ(visible, Decimal(4730));
  EXPECT_EQ(hidden, Decimal(5862));
}

}  // namespace
}  // namespace blotter::feeds
