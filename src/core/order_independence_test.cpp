// Reports arrive in any order: through two sessions, after a reconnect, from a file and a stream. The end is the same.
//
// The sets trade one side of one instrument, so that the fold of costs does not depend on the order by nature: opening
// trades add up, while which cost a close releases depends on what came before it. A set with both sides closes all it
// opened; then nothing is left whose cost could differ. What may differ is bookkeeping: event numbers, which name an
// order adopted by a fill had at first, how many records had to wait.
#include <algorithm>
#include <numeric>

#include "core/test_ledger_test.h"

namespace blotter {
namespace {

constexpr Side kBuy = Side::buy;
constexpr Side kSell = Side::sell;

std::string outcome_of(const TestLedger& ledger) {
  std::vector<std::string> lines;
  ledger.book().for_each_order([&](const Order& o) {
    lines.push_back("order " + o.terms.client_order_id + " " + std::string(name_of(o.status())) + " cum " +
                    to_text(o.cum) + " notional " + to_text(o.notional) + " of " +
                    (o.terms.quantity ? to_text(o.terms.quantity->value()) : "?") + (o.is_open() ? " open" : "") +
                    " venue " + o.terms.venue_order_id);
  });
  ledger.book().for_each_position([&](const Position& p) {
    lines.push_back("position " + to_text(p.state.quantity) + " " + to_text(p.state.cost) + " " +
                    to_text(p.state.realized) + " fees " + to_text(p.fees));
  });
  ledger.book().for_each_balance([&](const Balance& b) {
    lines.push_back("balance " + std::string(b.key.asset.text()) + " " + to_text(b.amount));
  });
  lines.push_back("waiting " + std::to_string(ledger.book().awaited().size()));
  lines.push_back("open " + std::to_string(ledger.book().counters().orders_open));
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

void expect_the_same_in_any_order(const std::vector<Report>& reports, AccountingMethod method) {
  std::vector<std::size_t> order(reports.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::string expected;
  do {
    TestLedger ledger;
    ledger.offer(account_line(method));
    for (const std::size_t i : order) ledger.offer(reports[i]);
    prove_conservation(ledger);
    const std::string actual = outcome_of(ledger);
    if (expected.empty()) expected = actual;
    std::string names;
    for (const std::size_t i : order) names += std::to_string(i) + " ";
    ASSERT_EQ(actual, expected) << "in the order " << names;
    // And once more from the front: nothing has an effect twice.
    const std::size_t events = ledger.events().size();
    for (const Report& report : reports) ASSERT_EQ(ledger.offer(report), Outcome::exists) << names;
    ASSERT_EQ(ledger.events().size(), events);
  } while (std::next_permutation(order.begin(), order.end()));
}

struct OrderIndependence : testing::TestWithParam<AccountingMethod> {};

TEST_P(OrderIndependence, OfAnOrderItsFillsAndItsCancel) {
  expect_the_same_in_any_order({order_line("C1", kBuy, "10", "20", 1), fill_line("E1", "C1", kBuy, "3", "20", 2),
                                fill_line("E2", "C1", kBuy, "4", "20.5", 3), status_line("C1", OrdStatus::new_, 1),
                                status_line("C1", OrdStatus::canceled, 9)},
                               GetParam());
}

TEST_P(OrderIndependence, OfABustAndAFee) {
  expect_the_same_in_any_order(
      {order_line("C1", kBuy, "10", "20", 1), fill_line("E1", "C1", kBuy, "3", "20", 2),
       with_fee(fill_line("E2", "C1", kBuy, "7", "20.5", 3), "0.07", "USD"), bust_line("E2", 5),
       fee_line("E1", "F1", "0.01", "BNB", 6), status_line("C1", OrdStatus::canceled, 9)},
      GetParam());
}

TEST_P(OrderIndependence, OfACorrectionAndTheBustOfWhatItBroughtIn) {
  expect_the_same_in_any_order({order_line("C1", kBuy, "10", "20", 1), fill_line("E1", "C1", kBuy, "3", "20", 2),
                                fill_line("E2", "C1", kBuy, "7", "20.5", 3), correct_line("E2", "E3", "6", "20.25", 5),
                                bust_line("E3", 6), status_line("C1", OrdStatus::expired, 9)},
                               GetParam());
}

TEST_P(OrderIndependence, OfCorrectionsOfCorrections) {
  expect_the_same_in_any_order({fill_line("E1", "C1", kBuy, "3", "20", 2), correct_line("E1", "E2", "4", "21", 3),
                                correct_line("E2", "E3", "5", "22", 4), fee_line("E3", "F1", "0.5", "USD", 5),
                                order_line("C1", kBuy, "5", "22", 1)},
                               GetParam());
}

TEST_P(OrderIndependence, OfACorrectionAndTheSameTradeAsAFill) {
  expect_the_same_in_any_order({fill_line("E1", "C1", kBuy, "3", "20", 2), correct_line("E1", "E2", "4", "21", 3),
                                fill_line("E2", "C1", kBuy, "4", "21", 3), order_line("C1", kBuy, "4", "21", 1)},
                               GetParam());
}

TEST_P(OrderIndependence, OfAReplaceAndTheCancelAfterIt) {
  OrderStatusReport replaced = status_line("C1", OrdStatus::replaced, 4);
  replaced.quantity = qty("8");
  expect_the_same_in_any_order({order_line("C1", kBuy, "10", "20", 1), fill_line("E1", "C1", kBuy, "3", "20", 2),
                                replaced, status_line("C1", OrdStatus::canceled, 9)},
                               GetParam());
}

TEST_P(OrderIndependence, OfAReplaceToWhatIsFilled) {
  OrderStatusReport replaced = status_line("C1", OrdStatus::replaced, 4);
  replaced.quantity = qty("3");
  expect_the_same_in_any_order({order_line("C1", kBuy, "10", "20", 1), fill_line("E1", "C1", kBuy, "3", "20", 2),
                                replaced, status_line("C1", OrdStatus::new_, 1)},
                               GetParam());
}

TEST_P(OrderIndependence, OfTheNamesOfAnOrder) {
  OrderReport both = order_line("C1", kBuy, "10", "20", 1);
  both.order.venue_order_id = "V1";
  FillReport by_venue = fill_line("E1", "", kBuy, "3", "20", 2);
  by_venue.order.venue_order_id = "V1";
  OrderStatusReport canceled = status_line("", OrdStatus::canceled, 9);
  canceled.order.venue_order_id = "V1";
  FillReport second = fill_line("E2", "", kBuy, "4", "21", 3);
  second.order.venue_order_id = "V1";
  expect_the_same_in_any_order({both, by_venue, second, canceled, bust_line("E1", 8)}, GetParam());
}

TEST_P(OrderIndependence, OfARejectionThatCrossesAFill) {
  expect_the_same_in_any_order({order_line("C1", kBuy, "10", "20", 1), fill_line("E1", "C1", kBuy, "3", "20", 2),
                                status_line("C1", OrdStatus::rejected, 9)},
                               GetParam());
}

TEST_P(OrderIndependence, OfDuplicates) {
  expect_the_same_in_any_order({order_line("C1", kBuy, "10", "20", 1), order_line("C1", kBuy, "10", "20", 1),
                                fill_line("E1", "C1", kBuy, "3", "20", 2), fill_line("E1", "C1", kBuy, "3", "20", 2),
                                bust_line("E1", 5), bust_line("E1", 6)},
                               GetParam());
}

TEST_P(OrderIndependence, OfARoundTrip) {
  expect_the_same_in_any_order(
      {fill_line("E1", "C1", kBuy, "3", "20", 2), fill_line("E2", "C2", kSell, "7", "23", 3),
       fill_line("E3", "C1", kBuy, "4", "21", 4), fill_line("E4", "C2", kSell, "1", "24", 5), bust_line("E4", 6)},
      GetParam());
}

TEST_P(OrderIndependence, OfCashAndFees) {
  expect_the_same_in_any_order(
      {cash_line("1", CashKind::deposit, "USD", "1000", 1), cash_line("1", CashKind::funding, "USD", "-0.25", 2),
       fill_line("E1", "C1", kBuy, "3", "20", 2), fee_line("E1", "F1", "0.5", "USD", 3),
       fee_line("E1", "F2", "-0.1", "USD", 3)},
      GetParam());
}

INSTANTIATE_TEST_SUITE_P(Methods, OrderIndependence,
                         testing::Values(AccountingMethod::average, AccountingMethod::fifo, AccountingMethod::lifo,
                                         AccountingMethod::hifo),
                         [](const auto& method) { return std::string(name_of(method.param)); });

}  // namespace
}  // namespace blotter
