// Worked examples of positions, each computed by hand.
#include "core/position.h"

#include <gtest/gtest.h>

#include "core/instrument.h"
#include "core/test_ledger_test.h"

namespace blotter {
namespace {

using enum AccountingMethod;

// A position by one method; trades are (signed quantity, price).
struct Folded {
  explicit Folded(AccountingMethod m) : method(m) {}
  Folded& trade(std::string_view quantity, std::string_view at_price) {
    return step(dec(quantity), -(dec(quantity) * dec(at_price)));
  }
  Folded& step(Decimal quantity, Decimal cash) {
    ++seq;
    const PositionStep next{.seq = Seq{seq}, .quantity = quantity, .cash = cash};
    const PositionDelta expected = preview(state, method, next);
    last = apply(state, method, next);
    EXPECT_EQ(last, expected) << "preview and apply differ";
    return *this;
  }
  std::string text() const {
    return to_text(state.quantity) + " " + to_text(state.cost) + " " + to_text(state.realized);
  }

  AccountingMethod method;
  PositionState state;
  PositionDelta last;
  std::uint64_t seq = 0;
};

TEST(Position, AverageCostReleasesTheAverage) {
  Folded p(average);
  p.trade("10", "100").trade("10", "120");
  EXPECT_EQ(p.text(), "20 2200 0");
  p.trade("-5", "130");  // cost 5 x 110
  EXPECT_EQ(p.text(), "15 1650 100");
  p.trade("-15", "100");
  EXPECT_EQ(p.text(), "0 0 -50");
}

TEST(Position, TheFourMethodsCloseDifferentLots) {
  const auto sold = [](AccountingMethod method) {
    Folded p(method);
    return p.trade("10", "100").trade("10", "150").trade("10", "120").trade("-15", "130").text();
  };
  EXPECT_EQ(sold(fifo), "15 1950 200");   // 10 x 100 + 5 x 150 = 1750
  EXPECT_EQ(sold(lifo), "15 1750 0");     // 10 x 120 + 5 x 150 = 1950
  EXPECT_EQ(sold(hifo), "15 1600 -150");  // 10 x 150 + 5 x 120 = 2100
  EXPECT_EQ(sold(average), "15 1850 100");
}

TEST(Position, ShortPositionsAreTheMirror) {
  const auto covered = [](AccountingMethod method) {
    Folded p(method);
    return p.trade("-10", "100").trade("-10", "150").trade("15", "120").text();
  };
  EXPECT_EQ(covered(fifo), "-5 -750 -50");  // sold for 1000 + 750, bought for 1800
  EXPECT_EQ(covered(lifo), "-5 -500 200");  // sold for 1500 + 500
  EXPECT_EQ(covered(hifo), "-5 -750 -50");  // the cheapest short first: the least gain
  EXPECT_EQ(covered(average), "-5 -625 75");
}

TEST(Position, AFlipClosesAtTheTradesPriceAndOpensWithTheRest) {
  for (const AccountingMethod method : {average, fifo, lifo, hifo}) {
    Folded p(method);
    p.trade("10", "100").trade("-25", "110");
    EXPECT_EQ(p.text(), "-15 -1650 100") << name_of(method);
    p.trade("20", "90");
    EXPECT_EQ(p.text(), "5 450 400") << name_of(method);
    if (method != average) {
      ASSERT_EQ(p.state.lots.size(), 1u);
      EXPECT_EQ(p.state.lots[0], (Lot{.quantity = dec("5"), .cost = dec("450"), .seq = Seq{3}}));
    }
  }
}

TEST(Position, APartialCloseLosesNotOneUnitOfCost) {
  for (const AccountingMethod method : {average, fifo, lifo, hifo}) {
    Folded p(method);
    p.step(dec("3"), dec("-100"));
    p.trade("-1", "40");
    EXPECT_EQ(p.text(), "2 66.666666666666666667 6.666666666666666667") << name_of(method);
    p.trade("-1", "40");
    EXPECT_EQ(to_text(p.state.realized - p.state.cost), "-20") << name_of(method);
    p.trade("-1", "40");
    EXPECT_EQ(p.text(), "0 0 20") << name_of(method);
  }
}

TEST(Position, HifoTakesEqualLotsInOrderOfOpening) {
  Folded p(hifo);
  p.trade("1", "100").trade("2", "100").trade("3", "100").trade("-2", "100");
  ASSERT_EQ(p.state.lots.size(), 2u);
  EXPECT_EQ(p.state.lots[0].seq, Seq{2});
  EXPECT_EQ(to_text(p.state.lots[0].quantity), "1");
}

TEST(Position, HifoComparesUnitCostExactly) {
  Folded p(hifo);
  // 1/3 and 0.333333333333333333 differ in the nineteenth decimal.
  p.step(dec("3"), dec("-1")).step(dec("1"), dec("-0.333333333333333333")).step(dec("-1"), dec("1"));
  EXPECT_EQ(p.state.lots[0].seq, Seq{1});
  EXPECT_EQ(to_text(p.state.lots[0].quantity), "2");
}

TEST(Position, SplitRounding699Versus700_FractionsAreKept) {
  for (const AccountingMethod method : {average, fifo}) {
    Folded p(method);
    p.trade("4893", "10");
    apply_split(p.state, dec("1"), dec("7"));
    EXPECT_EQ(p.text(), "699 48930 0");
    apply_split(p.state, dec("7"), dec("1"));
    EXPECT_EQ(p.text(), "4893 48930 0");
    apply_split(p.state, dec("3"), dec("2"));
    EXPECT_EQ(p.text(), "7339.5 48930 0");
  }
}

TEST(Position, ASplitKeepsTheCostOfALotThatBecomesTooSmallToBe) {
  for (const AccountingMethod method : {fifo, lifo, hifo}) {
    Folded p(method);
    p.step(dec("0.000000000000000001"), dec("-3")).trade("10", "100").step(dec("0.000000000000000001"), dec("-4"));
    apply_split(p.state, dec("1"), dec("10"));
    ASSERT_EQ(p.state.lots.size(), 1u) << name_of(method);
    EXPECT_EQ(p.text(), "1 1007 0");
    EXPECT_EQ(to_text(p.state.lots[0].cost), "1007");
    p.trade("-1", "1007");
    EXPECT_EQ(p.text(), "0 0 0");
  }
}

TEST(Position, ASplitThatLeavesNothingOfAPositionIsRefused) {
  for (const AccountingMethod method : {average, fifo}) {
    Folded p(method);
    p.trade("1", "100");
    const PositionState before = p.state;
    EXPECT_THROW(apply_split(p.state, dec("0.000000000000000001"), dec("10")), Overflow);
    EXPECT_EQ(p.state, before);
  }
}

TEST(Position, AnOverflowChangesNothing) {
  for (const AccountingMethod method : {average, fifo, lifo, hifo}) {
    Folded p(method);
    p.step(dec("1"), dec("-150000000000000000000"));
    const PositionState before = p.state;
    EXPECT_THROW(apply(p.state, method, {.seq = Seq{2}, .quantity = dec("1"), .cash = dec("-150000000000000000000")}),
                 Overflow);
    EXPECT_EQ(p.state, before);
  }
}

TEST(Position, ATradeThatItsFeeAteWhollyMovesOnlyCash) {
  for (const AccountingMethod method : {average, fifo, lifo, hifo}) {
    Folded p(method);
    p.step(dec("0"), dec("-100"));
    EXPECT_EQ(p.text(), "0 0 -100") << name_of(method);
    p.trade("2", "50").step(dec("0"), dec("-1"));
    EXPECT_EQ(p.text(), "2 100 -101") << name_of(method);
  }
}

TEST(Position, AFeeTakenFromTheInventoryIsALossAtCost) {
  Folded p(fifo);
  p.trade("2", "100").step(dec("-0.5"), dec("0"));
  EXPECT_EQ(p.text(), "1.5 150 -50");
}

Instrument inverse_contract() {
  Instrument i;
  i.inverse = true;
  i.multiplier = dec("1");
  i.asset_class = AssetClass::perpetual;
  return i;
}

TEST(Position, AnInverseContractEarnsTheDifferenceOfReciprocals) {
  const Instrument i = inverse_contract();
  for (const AccountingMethod method : {average, fifo, lifo, hifo}) {
    Folded p(method);
    // 1000 contracts of 1 USD: long from 5000 to 8000 earns 1000 x (1/5000 - 1/8000) = 0.075 BTC.
    p.step(dec("1000"), trade_cash(i, Side::buy, qty("1000"), price("5000")));
    EXPECT_EQ(to_text(*average_price(i, p.state.quantity, p.state.cost)), "5000");
    p.step(dec("-1000"), trade_cash(i, Side::sell, qty("1000"), price("8000")));
    EXPECT_EQ(p.text(), "0 0 0.075") << name_of(method);
    // Short from 5000 to 4000 earns 1000 x (1/4000 - 1/5000) = 0.05.
    p.step(dec("-1000"), trade_cash(i, Side::sell, qty("1000"), price("5000")));
    p.step(dec("1000"), trade_cash(i, Side::buy, qty("1000"), price("4000")));
    EXPECT_EQ(p.text(), "0 0 0.125") << name_of(method);
  }
}

TEST(Position, AMultipliedFutureEarnsPointsTimesMultiplier) {
  Instrument es;
  es.multiplier = dec("50");
  es.asset_class = AssetClass::future;
  Folded p(average);
  p.step(dec("2"), trade_cash(es, Side::buy, qty("2"), price("4500.25")));
  EXPECT_EQ(p.text(), "2 450025 0");
  EXPECT_EQ(to_text(*average_price(es, p.state.quantity, p.state.cost)), "4500.25");
  EXPECT_EQ(to_text(market_value(es, p.state.quantity, price("4510")) - p.state.cost), "975");
  p.step(dec("-1"), trade_cash(es, Side::sell, qty("1"), price("4510.25")));
  EXPECT_EQ(p.text(), "1 225012.5 500");
}

TEST(Valuation, AnAbsurdMarkLeavesNoValueInsteadOfStoppingAnything) {
  Instrument i = inverse_contract();
  EXPECT_FALSE(valuation(i, dec("1"), dec("0")).has_value()) << "no mark";
  i.mark = price("0");
  EXPECT_FALSE(valuation(i, dec("1"), dec("0")).has_value());
  i.inverse = false;
  i.mark = price("100000000000000000000");
  EXPECT_FALSE(valuation(i, dec("1000"), dec("0")).has_value());
  i.mark = price("12");
  EXPECT_EQ(to_text(valuation(i, dec("10"), dec("100"))->unrealized), "20");
  EXPECT_FALSE(average_price(i, dec("0.000000000000000001"), dec("1000")).has_value());
}

}  // namespace
}  // namespace blotter
