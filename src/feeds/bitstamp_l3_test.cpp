#include "feeds/bitstamp_l3.h"

#include <map>
#include <set>

#include "feeds/feed_fixture_test.h"

namespace blotter::feeds {
namespace {

std::string event(int at, const std::string& kind, const std::string& amount, int type = 0,
                  const std::string& id = "7") {
  return std::to_string(at) + " " + kind + R"( {"price": "236.47", "amount": ")" + amount +
         R"(", "datetime": "1430438404", "id": )" + id + R"(, "order_type": )" + std::to_string(type) + "}\n";
}

std::vector<SeenLine> read(const std::string& text) { return read_text("bitstamp-l3", text); }

template <class R>
const R& only(const SeenLine& seen) {
  EXPECT_EQ(seen.line.reports.size(), 1u) << seen.text;
  return std::get<R>(seen.line.reports.at(0));
}

Decimal decimal(std::string_view text) { return *Decimal::parse(text); }

TEST(BitstampL3, ReadsTheLifeOfAnOrder) {
  const auto lines = read(event(1430438404, "order_created", "2.00000000", 1) +
                          event(2, "order_changed", "1.50000000") + event(3, "order_changed", "1.50000000") +
                          event(4, "order_changed", "3.00000000") + event(5, "order_deleted", "1.00000000"));
  ASSERT_EQ(lines.size(), 5u);
  const auto& order = only<OrderReport>(lines[0]);
  EXPECT_EQ(order.account, "BITSTAMP");
  EXPECT_EQ(order.at.ns, 1430438404'000'000);
  EXPECT_EQ(order.order.client_order_id, "7");
  EXPECT_EQ(order.instrument.symbol, "BTCUSD");
  EXPECT_EQ(order.instrument.venue, "BITSTAMP");
  EXPECT_EQ(order.instrument.quote.text(), "USD");
  EXPECT_EQ(order.instrument.asset_class, AssetClass::crypto);
  EXPECT_EQ(order.side, Side::sell);
  EXPECT_EQ(order.quantity.value(), Decimal(2));
  EXPECT_EQ(order.order_type, OrderType::limit);
  EXPECT_EQ(order.limit_price->value(), decimal("236.47"));
  EXPECT_EQ(order.tif, TimeInForce::gtc);

  const auto& fill = only<FillReport>(lines[1]);
  EXPECT_EQ(fill.exec_id, "7:1.50000000");
  EXPECT_EQ(fill.side, Side::sell);
  EXPECT_EQ(fill.quantity.value(), decimal("0.5"));
  EXPECT_EQ(fill.price.value(), decimal("236.47"));
  EXPECT_TRUE(lines[2].line.ignored);

  const auto& grown = only<OrderStatusReport>(lines[3]);
  EXPECT_EQ(grown.status, OrdStatus::replaced);
  EXPECT_EQ(grown.quantity->value(), decimal("3.5"));

  ASSERT_EQ(lines[4].line.reports.size(), 2u);
  EXPECT_EQ(std::get<FillReport>(lines[4].line.reports[0]).quantity.value(), Decimal(2));
  EXPECT_EQ(std::get<FillReport>(lines[4].line.reports[0]).exec_id, "7:1.00000000");
  EXPECT_EQ(std::get<OrderStatusReport>(lines[4].line.reports[1]).status, OrdStatus::canceled);
}

TEST(BitstampL3, FillsTheRestOfAnOrderDeletedWithZero) {
  const auto lines = read(event(1, "order_created", "2.00000000") + event(2, "order_deleted", "0.00000000"));
  const auto& fill = only<FillReport>(lines[1]);
  EXPECT_EQ(fill.exec_id, "7:0.00000000");
  EXPECT_EQ(fill.quantity.value(), Decimal(2));
}

TEST(BitstampL3, IgnoresTheEndOfAnOrderThatHadNothingLeft) {
  const auto lines = read(event(1, "order_created", "2.00000000") + event(2, "order_changed", "0.00000000") +
                          event(3, "order_deleted", "0.00000000"));
  EXPECT_EQ(only<FillReport>(lines[1]).quantity.value(), Decimal(2));
  EXPECT_TRUE(lines[2].line.ignored);
}

TEST(BitstampL3, AdoptsAnUnknownOrderOnChangeAndQuarantinesItsDeletion) {
  const auto lines = read(event(1, "order_changed", "2.00000000", 1) + event(2, "order_deleted", "2.00000000") +
                          event(3, "order_deleted", "2.00000000") + event(4, "order_changed", "0.00000000"));
  EXPECT_EQ(only<OrderReport>(lines[0]).quantity.value(), Decimal(2));
  EXPECT_EQ(only<OrderStatusReport>(lines[1]).status, OrdStatus::canceled);
  for (const std::size_t i : {2u, 3u}) {
    EXPECT_TRUE(lines[i].line.reports.empty());
    EXPECT_NE(lines[i].line.quarantine, "");
    EXPECT_EQ(lines[i].line.account, "BITSTAMP");
    EXPECT_EQ(lines[i].line.at.ns, static_cast<std::int64_t>(i + 1) * 1'000'000);
  }
}

TEST(BitstampL3, TakesATradesPriceDigitForDigit) {
  const auto lines = read("5 trade {\"price\": 236.28999999999999, \"amount\": 9.9999999999999995e-07, \"id\": 1}\n");
  EXPECT_EQ(only<MarkReport>(lines[0]).price.value(), decimal("236.28999999999999"));
}

TEST(BitstampL3, AnswersBadLinesWithTheReason) {
  const std::string good = event(1, "order_created", "2");
  const auto reason = [&](const std::string& line) { return read(good + line)[1].line.invalid; };
  EXPECT_EQ(reason("x order_created {}"), "'x' is not a time in milliseconds");
  EXPECT_EQ(reason("99999999999999999 order_created {}"), "'99999999999999999' is not a time in milliseconds");
  EXPECT_EQ(reason("1 order_lost {}"),
            "'order_lost' is not one of order_created, order_changed, order_deleted, trade, order_book");
  EXPECT_EQ(reason("1 trade {}"), "missing field 'price'");
  EXPECT_EQ(reason("1 order_created {\"id\": -1, \"order_type\": 0}"), "id: not a whole number");
  EXPECT_EQ(reason("1 order_created {\"id\": 1, \"order_type\": 2}"), "order_type: not 0 (buy) or 1 (sell)");
  EXPECT_EQ(reason(event(1, "order_created", "0")), "amount: must be positive");
  EXPECT_EQ(reason(event(1, "order_changed", "-1")), "amount: must not be negative");
  EXPECT_TRUE(reason("1 trade {\"price\": 1").starts_with("not JSON: "));
}

// Counts and sums of the recorded day, from its index and from an independent count of the file.
TEST(BitstampL3, ReadsTheRecordedDay) {
  const auto path = test_data("bitstamp_l3_20150501/2015-05-01.log.xz");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here (BLOTTER_TEST_DATA)";
  auto source = open_source(path.string());
  ASSERT_TRUE(source.has_value()) << source.error().message;
  auto feed = open_feed("bitstamp-l3", std::move(*source), {});
  ASSERT_TRUE(feed.has_value()) << feed.error().message;

  std::map<std::string, std::uint64_t> counts;
  Decimal filled_created;
  Decimal filled_adopted;
  std::set<std::string> adopted;
  FeedLine line;
  for (;;) {
    const auto more = (*feed)->next(line);
    ASSERT_TRUE(more.has_value());
    if (!*more) break;
    ++counts["lines"];
    counts["ignored"] += line.ignored;
    counts["invalid"] += !line.invalid.empty();
    counts["quarantined"] += !line.quarantine.empty();
    for (const Report& report : line.reports) {
      if (const auto* order = std::get_if<OrderReport>(&report)) {
        const bool created = line.text.find("order_created") != std::string_view::npos;
        ++counts[created ? "created" : "adopted"];
        if (!created) adopted.insert(order->order.client_order_id);
      }
      counts["marks"] += std::holds_alternative<MarkReport>(report);
      counts["statuses"] += std::holds_alternative<OrderStatusReport>(report);
      if (const auto* fill = std::get_if<FillReport>(&report)) {
        ++counts["fills"];
        (adopted.contains(fill->order.client_order_id) ? filled_adopted : filled_created) += fill->quantity.value();
      }
    }
  }
  EXPECT_EQ(counts["lines"], 56'000u);
  EXPECT_EQ(counts["invalid"], 0u);
  EXPECT_EQ(counts["marks"], 575u);
  EXPECT_EQ(counts["created"], 24'894u);
  EXPECT_EQ(counts["adopted"], 4u);
  EXPECT_EQ(counts["fills"], 1'135u);
  EXPECT_EQ(counts["statuses"], 24'191u);
  EXPECT_EQ(counts["quarantined"], 205u);
  EXPECT_EQ(counts["ignored"], 5'011u);  // order_book, and changes that change nothing
  EXPECT_EQ(filled_created, decimal("1613.82470924"));
  EXPECT_EQ(filled_adopted, decimal("3.13520700"));
}

}  // namespace
}  // namespace blotter::feeds
