// What becomes of fills: a fill that happened is always booked, and once.
#include "core/test_ledger_test.h"

namespace blotter {
namespace {

constexpr Side kBuy = Side::buy;
constexpr Side kSell = Side::sell;

struct DecideFill : testing::Test {
  TestLedger ledger;
  void TearDown() override { prove_conservation(ledger); }
};

TEST_F(DecideFill, ReplayedFillsOnRestartAreBookedOnce) {
  const FillReport fill = fill_line("E1", "C1", kBuy, "4", "20", 3);
  EXPECT_EQ(ledger.offer(fill), Outcome::created);
  TestLedger restarted;
  restarted.replay(ledger.events());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(restarted.offer(fill), Outcome::exists);
  EXPECT_EQ(restarted.held("SYM"), "4 80 0");
  EXPECT_EQ(restarted.events().size(), ledger.events().size());
}

TEST_F(DecideFill, AFillOfAnOrderNeverSeenAdoptsItAsExternal) {
  ledger.offer(fill_line("E1", "X9", kSell, "4", "20", 3));
  const Order& order = *ledger.order("X9");
  EXPECT_EQ(order.origin, OrderOrigin::external);
  EXPECT_FALSE(order.terms.quantity.has_value());
  EXPECT_EQ(ledger.status("X9"), "filled 4");
  EXPECT_EQ(ledger.held("SYM"), "-4 -80 0");
  EXPECT_EQ(to_text(ledger.balance("USD")), "80");
}

TEST_F(DecideFill, TheSameIdWithOtherContentIsAConflictAndBothAreKept) {
  ledger.offer(fill_line("E1", "C1", kBuy, "4", "20", 3));
  EXPECT_EQ(ledger.offer(fill_line("E1", "C1", kBuy, "5", "20", 3), "raw"), Outcome::conflict);
  EXPECT_EQ(ledger.last<Quarantined>().content, "raw");
  EXPECT_NE(ledger.last<Quarantined>().existing.find("fill_booked"), std::string::npos);
  EXPECT_EQ(ledger.held("SYM"), "4 80 0");
  EXPECT_EQ(ledger.offer(fill_line("E1", "C1", kBuy, "5", "20", 3), "raw"), Outcome::exists);
}

TEST_F(DecideFill, TwoSourcesMayNameTheSettlementCurrencyOrLeaveItOut) {
  FillReport fill = fill_line("E1", "C1", kBuy, "4", "20", 3);
  fill.fee = dec("0.1");
  ledger.offer(fill);
  EXPECT_EQ(ledger.offer(with_fee(fill, "0.1", "USD")), Outcome::exists);
  EXPECT_EQ(ledger.offer(with_fee(fill, "0.1", "BNB")), Outcome::conflict);
  FillReport free = fill_line("E2", "C1", kBuy, "4", "20", 3);
  ledger.offer(free);
  EXPECT_EQ(ledger.offer(with_fee(free, "0", "BNB")), Outcome::exists) << "no fee is no fee in any asset";
}

TEST_F(DecideFill, SelfTradeBothLegsShareTheTradeId_BothAreBooked) {
  EXPECT_EQ(ledger.offer(fill_line("T7", "C1", kBuy, "4", "20", 3)), Outcome::created);
  EXPECT_EQ(ledger.offer(fill_line("T7", "C2", kSell, "4", "20", 3)), Outcome::created);
  EXPECT_EQ(ledger.offer(fill_line("T7", "C2", kSell, "4", "20", 3)), Outcome::exists);
  EXPECT_EQ(ledger.held("SYM"), "0 0 0");
  EXPECT_EQ(ledger.book().counters().fills, 2u);
}

TEST_F(DecideFill, TradeIdsArePerSymbol) {
  EXPECT_EQ(ledger.offer(fill_line("1", "C1", kBuy, "4", "20", 3, "AAA")), Outcome::created);
  EXPECT_EQ(ledger.offer(fill_line("1", "C2", kBuy, "4", "20", 3, "BBB")), Outcome::created);
  EXPECT_EQ(ledger.held("AAA"), "4 80 0");
  EXPECT_EQ(ledger.held("BBB"), "4 80 0");
}

TEST_F(DecideFill, AnExecutionIdThatComesAgainTheNextDayIsAnotherTrade) {
  FillReport fill = fill_line("1", "C1", kBuy, "4", "20", 3);
  ledger.offer(fill);
  fill.at = next_day(3);
  EXPECT_EQ(ledger.offer(fill), Outcome::created);
  EXPECT_EQ(ledger.held("SYM"), "8 160 0");
}

TEST_F(DecideFill, AFillOfTheWrongSideIsBookedFirstAndFlaggedSecond) {
  ledger.offer(order_line("C1", kBuy, "10", "20", 1));
  const FillReport odd = fill_line("E1", "C1", kSell, "4", "20", 3);
  EXPECT_EQ(ledger.offer(odd), Outcome::created);
  EXPECT_EQ(ledger.held("SYM"), "-4 -80 0");
  EXPECT_EQ(ledger.status("C1"), "new 0");
  EXPECT_EQ(ledger.last<Quarantined>().reason, QuarantineReason::contradiction);
  EXPECT_EQ(ledger.offer(odd), Outcome::exists);
}

TEST_F(DecideFill, OrderIdsArePerSymbolAtSomeVenues_TheFillIsNotLost) {
  OrderReport order = order_line("C1", kBuy, "10", "20", 1, "AAA");
  order.order.venue_order_id = "77";
  ledger.offer(order);
  FillReport other = fill_line("E1", "", kBuy, "4", "20", 3, "BBB");
  other.order.venue_order_id = "77";
  EXPECT_EQ(ledger.offer(other), Outcome::created);
  EXPECT_EQ(ledger.held("BBB"), "4 80 0");
  EXPECT_EQ(ledger.status("C1"), "new 0");
}

TEST_F(DecideFill, FeesInTheQuoteTheBaseAndAThirdAsset) {
  ledger.offer(instrument_line("BTCUSD", AssetClass::crypto, "BTC", "USD"));
  ledger.offer(with_fee(fill_line("E1", "C1", kBuy, "1", "100", 1, "BTCUSD"), "0.5", "USD"));
  EXPECT_EQ(to_text(ledger.balance("USD")), "-100.5");
  EXPECT_EQ(to_text(ledger.balance("BTC")), "1");
  ledger.offer(with_fee(fill_line("E2", "C1", kBuy, "1", "100", 2, "BTCUSD"), "0.001", "BTC"));
  EXPECT_EQ(to_text(ledger.balance("BTC")), "1.999");
  EXPECT_EQ(ledger.held("BTCUSD"), "1.999 200 0");
  ledger.offer(with_fee(fill_line("E3", "C2", kSell, "1", "120", 3, "BTCUSD"), "-0.02", "BNB"));
  EXPECT_EQ(to_text(ledger.balance("BNB")), "0.02") << "a rebate";
  EXPECT_EQ(to_text(ledger.position("BTCUSD").fees), "0.5") << "only what was paid in the settlement currency";
}

TEST_F(DecideFill, SharesAreNoBalanceAndFuturesSettleOnlyTheirResult) {
  InstrumentReport future = instrument_line("ES", AssetClass::future, "", "USD");
  future.multiplier = dec("50");
  ledger.offer(future);
  ledger.offer(fill_line("E1", "C1", kBuy, "2", "4500", 1, "ES"));
  EXPECT_EQ(to_text(ledger.balance("USD")), "0");
  ledger.offer(fill_line("E2", "C2", kSell, "2", "4510", 2, "ES"));
  EXPECT_EQ(to_text(ledger.balance("USD")), "1000");
  ledger.offer(instrument_line("AAPL", AssetClass::equity, "AAPL", "USD"));
  ledger.offer(fill_line("E3", "C3", kBuy, "2", "10", 3, "AAPL"));
  EXPECT_EQ(to_text(ledger.balance("USD")), "980");
  EXPECT_EQ(to_text(ledger.balance("AAPL")), "0");
}

TEST_F(DecideFill, NumbersThatDoNotFitAreInvalidAndChangeNothing) {
  ledger.offer(cash_line("D1", CashKind::deposit, "USD", "5", 1));
  const std::string before = canonical(ledger.state());
  const auto refused = [&](const Report& report) {
    const auto answer = ledger.try_offer(report);
    EXPECT_EQ(canonical(ledger.state()), before);
    return !answer && answer.error().code == Errc::invalid;
  };
  EXPECT_TRUE(refused(fill_line("E1", "C1", kBuy, "100000000000000000000", "100000000000000000000", 1)));
  EXPECT_TRUE(refused(fill_line("E1", "C1", kBuy, "100000000000000000000", "1", 1)));
  EXPECT_TRUE(refused(with_fee(fill_line("E1", "C1", kBuy, "1", "1", 1), "170000000000000000000", "USD")));
  EXPECT_TRUE(refused(cash_line("D2", CashKind::deposit, "USD", "170000000000000000000", 1)));
}

TEST_F(DecideFill, NoSumInTheStateOverflowsHoweverOftenTheLargestTradeIsRepeated) {
  // Flat after every pair, but turnover, fees and notional grow without bound.
  int refused = 0;
  for (int i = 0; i < 40; ++i) {
    const Side side = i % 2 == 0 ? kBuy : kSell;
    const auto answer = ledger.try_offer(
        with_fee(fill_line("E" + std::to_string(i), side == kBuy ? "C1" : "C2", side, "20000000000000000000", "1", i),
                 "9000000000000000000", "BNB"));
    if (!answer) ++refused;
  }
  EXPECT_GT(refused, 0);
  for (int i = 0; i < 40; ++i) {
    static_cast<void>(ledger.try_offer(fee_line("E0", "F" + std::to_string(i), "30000000000000000000", "USD", i)));
    static_cast<void>(ledger.try_offer(split_line("SYM", "1", "10000", 100 + i)));
  }
  InstrumentReport coin = instrument_line("NEW", AssetClass::crypto, "COIN", "BNB");
  ledger.offer(cash_line("D1", CashKind::deposit, "QQQ", "42000000000000000000", 1));
  FillReport first_sight = fill_line("N1", "C9", kSell, "42000000000000000000", "1", 1, "NEW2");
  first_sight.instrument.quote = Asset::of("QQQ");
  EXPECT_FALSE(ledger.try_offer(first_sight).has_value()) << "the balance would pass the limit, on first sight too";
  EXPECT_EQ(ledger.offer(coin), Outcome::created);
}

TEST_F(DecideFill, StrategiesHoldPositionsOfTheirOwn) {
  OrderReport order = order_line("C1", kBuy, "10", "20", 1);
  order.strategy = "trend";
  ledger.offer(order);
  ledger.offer(fill_line("E1", "C1", kBuy, "4", "20", 2));
  FillReport other = fill_line("E2", "C2", kBuy, "6", "20", 3);
  other.strategy = "carry";
  ledger.offer(other);
  EXPECT_EQ(to_text(ledger.position("SYM", "A", "trend").state.quantity), "4");
  EXPECT_EQ(to_text(ledger.position("SYM", "A", "carry").state.quantity), "6");
  EXPECT_EQ(ledger.held("SYM"), "0 0 0");
}

}  // namespace
}  // namespace blotter
