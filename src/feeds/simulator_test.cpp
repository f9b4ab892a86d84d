#include "feeds/simulator.h"

#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "feeds/feed_fixture_test.h"
#include "feeds/report_parser.h"

namespace blotter::feeds {
namespace {

std::string all_lines(const SimulatorOptions& options) {
  Simulator simulator(options);
  std::string text;
  for (std::string line; simulator.next(line);) text.append(line).push_back('\n');
  return text;
}

// A small bookkeeper of its own: knows what was said before and complains about what a ledger could not take.
class Bookkeeper {
 public:
  void take(const Report& report) {
    std::visit([this](const auto& r) { check(r); }, report);
  }

  std::map<std::string, std::uint64_t> counts;
  std::size_t open_orders() const { return open_; }
  std::uint64_t filled_orders() const { return filled_; }
  Decimal largest_position() const { return largest_; }

 private:
  struct Order {
    std::string account;
    std::string symbol;
    Decimal quantity;
    Decimal filled;
    bool open = true;
  };
  struct Fill {
    std::uint64_t order = 0;
    Side side = Side::buy;
    Decimal quantity;
  };

  void moves_on(Timestamp at) {
    EXPECT_LT(last_.ns, at.ns);
    last_ = at;
  }
  void known_account(const std::string& account) { EXPECT_TRUE(accounts_.contains(account)) << account; }
  void known_instrument(const std::string& symbol) { EXPECT_TRUE(instruments_.contains(symbol)) << symbol; }

  static std::uint64_t number(const std::string& id) { return std::strtoull(id.c_str() + 1, nullptr, 10); }
  Order& order_of(const OrderName& name, const std::string& account) {
    const std::uint64_t id = number(name.client_order_id.empty() ? name.venue_order_id : name.client_order_id);
    EXPECT_TRUE(orders_.contains(id)) << id;
    EXPECT_EQ(orders_[id].account, account);
    return orders_[id];
  }
  void move(const Order& order, Side side, Decimal quantity) {
    Decimal& held = positions_[order.account + " " + order.symbol];
    side == Side::buy ? held += quantity : held -= quantity;
    if (!order.symbol.starts_with("XBTUSD") && !order.symbol.starts_with("EURUSD"))
      largest_ = std::max(largest_, abs(held));
  }
  void close(Order& order) {
    if (order.open) --open_;
    order.open = false;
  }

  void check(const AccountReport& r) {
    moves_on(r.at);
    ++counts["account"];
    EXPECT_TRUE(accounts_.insert(r.account).second);
  }
  void check(const InstrumentReport& r) {
    moves_on(r.at);
    ++counts["instrument"];
    EXPECT_TRUE(instruments_.insert(r.symbol).second);
  }
  void check(const CashReport& r) {
    moves_on(r.at);
    ++counts[std::string(name_of(r.kind))];
    known_account(r.account);
    EXPECT_TRUE(payments_.insert(r.id).second);
  }
  void check(const OrderReport& r) {
    moves_on(r.at);
    ++counts["order"];
    known_account(r.account);
    known_instrument(r.instrument.symbol);
    EXPECT_TRUE(orders_
                    .try_emplace(number(r.order.client_order_id),
                                 Order{r.account, r.instrument.symbol, r.quantity.value(), {}, true})
                    .second);
    ++open_;
  }
  void check(const FillReport& r) {
    moves_on(r.at);
    ++counts["fill"];
    if (r.fee.is_negative()) ++counts["rebate"];
    if (r.fee.is_positive()) ++counts["fee in " + std::string(r.fee_asset.text())];
    Order& order = order_of(r.order, r.account);
    EXPECT_TRUE(order.open);
    EXPECT_EQ(order.symbol, r.instrument.symbol);
    EXPECT_TRUE(r.price.is_positive());
    order.filled += r.quantity.value();
    EXPECT_LE(order.filled, order.quantity);
    const std::uint64_t id = number(r.order.client_order_id.empty() ? r.order.venue_order_id : r.order.client_order_id);
    EXPECT_TRUE(fills_.try_emplace(r.exec_id, Fill{id, r.side, r.quantity.value()}).second);
    move(order, r.side, r.quantity.value());
    if (order.filled == order.quantity) {
      ++filled_;
      close(order);
    }
  }
  void check(const OrderStatusReport& r) {
    moves_on(r.at);
    ++counts[std::string(name_of(r.status))];
    Order& order = order_of(r.order, r.account);
    if (r.status == OrdStatus::replaced) {
      EXPECT_TRUE(order.open);
      EXPECT_LT(order.filled, r.quantity->value());
      order.quantity = r.quantity->value();
      return;
    }
    EXPECT_TRUE(order.open || r.reason == "trade changed");
    EXPECT_TRUE(r.status != OrdStatus::rejected || order.filled.is_zero());
    EXPECT_TRUE(!r.cum_quantity || r.cum_quantity->value() == order.filled);
    close(order);
  }
  void check(const BustReport& r) {
    moves_on(r.at);
    ++counts["bust"];
    ASSERT_TRUE(fills_.contains(r.exec_id));
    const Fill fill = fills_[r.exec_id];
    fills_.erase(r.exec_id);
    move(orders_[fill.order], fill.side, -fill.quantity);
  }
  void check(const CorrectReport& r) {
    moves_on(r.at);
    ++counts["correct"];
    ASSERT_TRUE(fills_.contains(r.exec_id));
    Fill fill = fills_[r.exec_id];
    fills_.erase(r.exec_id);
    if (r.quantity) {
      EXPECT_LT(r.quantity->value(), fill.quantity);
      move(orders_[fill.order], fill.side, r.quantity->value() - fill.quantity);
      fill.quantity = r.quantity->value();
    }
    EXPECT_TRUE(fills_.try_emplace(r.new_exec_id, fill).second);
  }
  void check(const FeeReport& r) {
    moves_on(r.at);
    ++counts["late fee"];
    EXPECT_TRUE(fills_.contains(r.exec_id));
    EXPECT_TRUE(payments_.insert(r.id).second);
  }
  void check(const MarkReport& r) {
    moves_on(r.at);
    ++counts["mark"];
    known_instrument(r.instrument.symbol);
  }
  void check(const AuditReport& r) {
    moves_on(r.at);
    ++counts["audit"];
    ++counts[std::string(name_of(r.severity))];
    EXPECT_TRUE(r.id.empty() || payments_.insert(r.component + " " + r.id).second);
  }
  void check(const SplitReport& r) {
    moves_on(r.at);
    ++counts["split"];
    for (const auto& [id, order] : orders_) EXPECT_FALSE(order.open && order.symbol == r.instrument.symbol) << id;
    for (auto& [key, held] : positions_) {
      if (key.ends_with(" " + r.instrument.symbol)) held = mul_div(held, r.numerator, r.denominator);
    }
  }

  Timestamp last_;
  std::unordered_set<std::string> accounts_, instruments_, payments_;
  std::unordered_map<std::uint64_t, Order> orders_;
  std::unordered_map<std::string, Fill> fills_;
  std::unordered_map<std::string, Decimal> positions_;
  std::size_t open_ = 0;
  std::uint64_t filled_ = 0;
  Decimal largest_;
};

void keep_books(const SimulatorOptions& options, Bookkeeper& books) {
  Simulator simulator(options);
  ReportParser parser;
  std::vector<Report> reports;
  std::string problem;
  std::uint64_t lines = 0;
  for (std::string line; simulator.next(line); ++lines) {
    reports.clear();
    ASSERT_TRUE(parser.parse(line, reports, problem)) << line << "\n" << problem;
    books.take(reports[0]);
    ASSERT_FALSE(testing::Test::HasFailure()) << "line " << lines + 1 << ": " << line;
  }
  EXPECT_EQ(lines, options.lines);
}

TEST(Simulator, MakesTheSameLinesFromTheSameSeed) {
  const SimulatorOptions options{.seed = 42, .lines = 20'000};
  const std::string once = all_lines(options);
  EXPECT_EQ(once, all_lines(options));
  EXPECT_NE(once, all_lines({.seed = 43, .lines = 20'000}));
  EXPECT_TRUE(once.starts_with(R"({"type":"account","at":"2026-01-05T14:30:00.)"));
}

TEST(Simulator, SaysOnlyWhatALedgerCanTake) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Bookkeeper books;
    keep_books({.seed = seed, .lines = 100'000, .open_orders_max = 500}, books);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    EXPECT_LE(books.open_orders(), 500u);
  }
}

TEST(Simulator, ShowsEveryKindOfReportAndMostOrdersFill) {
  Bookkeeper books;
  keep_books({.seed = 7, .lines = 300'000}, books);
  for (const char* kind : {"order",   "fill",     "canceled",   "expired",     "rejected",   "replaced",   "bust",
                           "correct", "late fee", "deposit",    "funding",     "dividend",   "interest",   "mark",
                           "split",   "rebate",   "fee in USD", "fee in USDT", "fee in BTC", "fee in BNB", "audit",
                           "debug",   "info",     "warning",    "error",       "critical"}) {
    EXPECT_GT(books.counts[kind], 0u) << kind;
  }
  EXPECT_EQ(books.counts["account"], 4u);
  EXPECT_EQ(books.counts["instrument"], 9u);
  const std::uint64_t percent = books.filled_orders() * 100 / books.counts["order"];
  EXPECT_GE(percent, 50u);
  EXPECT_LE(percent, 58u);
  EXPECT_LT(books.largest_position(), Decimal(100'000));
}

TEST(Simulator, KeepsToTheSmallestOptions) {
  Bookkeeper books;
  keep_books({.seed = 3, .lines = 30'000, .accounts = 0, .instruments = 1, .strategies = 1, .open_orders_max = 1},
             books);
  EXPECT_LE(books.open_orders(), 1u);
  EXPECT_TRUE(all_lines({.lines = 0}).empty());
}

TEST(Simulator, SendsLinesAgainExactlyAsTheyWere) {
  Simulator simulator({.seed = 5, .lines = 50'000, .resent_per_10000 = 500});
  std::set<std::string> seen;
  std::uint64_t resent = 0;
  for (std::string line; simulator.next(line);) resent += seen.insert(line).second ? 0 : 1;
  EXPECT_GT(resent, 2'000u);
  EXPECT_LT(resent, 3'000u);
}

}  // namespace
}  // namespace blotter::feeds
