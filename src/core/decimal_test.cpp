#include "blotter/decimal.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "core/decimal_oracle_test.h"
#include "core/random_seed_test.h"

namespace blotter {

// Lets a failed expectation print the number instead of its bytes.
void PrintTo(Decimal value, std::ostream* out) { *out << to_text(value); }

namespace {

using oracle::Big;
using oracle::big;

constexpr int kRounds = 300'000;

const Decimal kLargest = Decimal::from_units(static_cast<Int128>(~UInt128{0} >> 1));
const Decimal kSmallest = Decimal::from_units(static_cast<Int128>(UInt128{1} << 127));

Decimal dec(std::string_view text) {
  const auto parsed = Decimal::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed ? *parsed : Decimal{};
}

Decimal units(std::int64_t count) { return Decimal::from_units(count); }

// Nothing when the computation overflows.
std::optional<Decimal> attempt(const std::function<Decimal()>& compute) {
  try {
    return compute();
  } catch (const Overflow&) {
    return std::nullopt;
  }
}

void expect_like_oracle(Decimal a, Decimal b, Decimal c) {
  const Big big_a = big(a);
  const Big big_b = big(b);
  const Big big_c = big(c);
  ASSERT_EQ(attempt([&] { return a * b; }), oracle::mul_div(big_a, big_b, oracle::kOne)) << big_a << " * " << big_b;
  ASSERT_EQ(attempt([&] { return a / c; }), oracle::mul_div(big_a, oracle::kOne, big_c)) << big_a << " / " << big_c;
  ASSERT_EQ(attempt([&] { return mul_div(a, b, c); }), oracle::mul_div(big_a, big_b, big_c))
      << big_a << " * " << big_b << " / " << big_c;
  ASSERT_EQ(attempt([&] { return a + b; }), oracle::decimal(big_a + big_b));
  ASSERT_EQ(attempt([&] { return a - b; }), oracle::decimal(big_a - big_b));
}

TEST(Decimal, ComputesWhatUnboundedIntegersCompute) {
  oracle::Numbers numbers(test_seed());
  for (int i = 0; i < kRounds && !HasFatalFailure(); ++i) {
    expect_like_oracle(numbers.decimal(), numbers.decimal(), numbers.decimal());
  }
}

TEST(Decimal, ComputesMarketNumbersLikeUnboundedIntegers) {
  oracle::Numbers numbers(test_seed());
  for (int i = 0; i < kRounds && !HasFatalFailure(); ++i) {
    expect_like_oracle(numbers.market_decimal(), numbers.market_decimal(), numbers.market_decimal());
  }
}

TEST(Decimal, ComputesEveryCombinationOfExtremes) {
  const std::vector<Decimal> extremes{Decimal{},
                                      units(1),
                                      units(-1),
                                      units(2),
                                      units(-2),
                                      units(3),
                                      Decimal{1},
                                      Decimal{-1},
                                      Decimal{2},
                                      kLargest,
                                      kSmallest,
                                      kLargest - units(1),
                                      dec("0.5"),
                                      dec("-0.5"),
                                      dec("1e20"),
                                      dec("-1e20"),
                                      dec("13043817825.332782212"),
                                      dec("18.446744073709551615"),
                                      dec("18.446744073709551616"),
                                      dec("-18.446744073709551616")};
  for (const Decimal a : extremes) {
    for (const Decimal b : extremes) {
      for (const Decimal c : extremes) expect_like_oracle(a, b, c);
    }
  }
}

TEST(Decimal, RoundsAProductThatIsATieToTheEvenNeighbour) {
  EXPECT_EQ(units(1) * dec("0.5"), units(0));
  EXPECT_EQ(units(3) * dec("0.5"), units(2));
  EXPECT_EQ(units(5) * dec("0.5"), units(2));
  EXPECT_EQ(units(7) * dec("0.5"), units(4));
  EXPECT_EQ(units(-1) * dec("0.5"), units(0));
  EXPECT_EQ(units(-3) * dec("0.5"), units(-2));
  EXPECT_EQ(units(5) * dec("-0.5"), units(-2));
  EXPECT_EQ(units(-7) * dec("-0.5"), units(4));
}

TEST(Decimal, RoundsAnyTieToEvenAndItsNeighboursToTheNearest) {
  oracle::Numbers numbers(test_seed());
  for (int i = 0; i < kRounds; ++i) {
    // x·odd · y / 2xy = odd/2, with x and y of every length.
    const Int128 x = static_cast<std::int64_t>(numbers.word() >> (1 + numbers.below(62))) | 1;
    const Int128 y = static_cast<std::int64_t>(numbers.word() >> (2 + numbers.below(60))) | 1;
    const Int128 odd = static_cast<std::int64_t>(numbers.word() >> (1 + numbers.below(62))) | 1;
    const auto a = Decimal::from_units(x * odd);
    const auto b = Decimal::from_units(y);
    const auto c = Decimal::from_units(2 * x * y);
    const Int128 lower = odd / 2;
    const auto even = Decimal::from_units(lower + (lower & 1));
    ASSERT_EQ(mul_div(a, b, c), even) << big(a) << " * " << big(b) << " / " << big(c);
    ASSERT_EQ(mul_div(-a, b, c), -even);
    // One unit off the tie decides by itself, unless the divisor is so small that a unit is half of it.
    if (x * y == 1) continue;
    ASSERT_EQ(mul_div(a + units(1), b, c), oracle::mul_div(big(a) + 1, big(b), big(c)));
    ASSERT_EQ(mul_div(a - units(1), b, c), oracle::mul_div(big(a) - 1, big(b), big(c)));
  }
}

TEST(Decimal, OverflowsExactlyWhereTheRangeEnds) {
  oracle::Numbers numbers(test_seed());
  int refused = 0;
  int accepted = 0;
  for (int i = 0; i < kRounds / 10 && !HasFatalFailure(); ++i) {
    const Decimal a = numbers.decimal();
    const Decimal c = numbers.decimal();
    if (abs(a.is_negative() ? a + units(1) : a) <= Decimal{1} || c.is_zero()) continue;
    // The factor that brings the product to the end of the range, and its neighbours on both sides of it.
    const Big limit = numbers.below(2) == 0 ? oracle::kMax : oracle::kMin;
    for (int step = -2; step <= 2; ++step) {
      const auto b = oracle::decimal(limit * oracle::kOne / big(a) + step);
      if (!b) continue;
      const auto expected = oracle::mul_div(big(a), big(*b), oracle::kOne);
      ASSERT_EQ(attempt([&] { return a * *b; }), expected) << big(a) << " * " << big(*b);
      ++(expected ? accepted : refused);
      const auto factor = oracle::decimal(limit * big(c) / big(a) + step);
      if (!factor) continue;
      ASSERT_EQ(attempt([&] { return mul_div(a, *factor, c); }), oracle::mul_div(big(a), big(*factor), big(c)));
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(accepted, 1000);
}

TEST(Decimal, ReachesBothEndsOfTheRangeAndNotFurther) {
  EXPECT_EQ(kLargest * Decimal{1}, kLargest);
  EXPECT_EQ(kSmallest * Decimal{1}, kSmallest);
  EXPECT_EQ(kLargest / Decimal{-1}, -kLargest);
  EXPECT_THROW(static_cast<void>(kSmallest * Decimal{-1}), Overflow);
  EXPECT_THROW(static_cast<void>(kSmallest / Decimal{-1}), Overflow);
  EXPECT_THROW(static_cast<void>(-kSmallest), Overflow);
  EXPECT_THROW(static_cast<void>(abs(kSmallest)), Overflow);
  EXPECT_THROW(static_cast<void>(kLargest + units(1)), Overflow);
  EXPECT_THROW(static_cast<void>(kSmallest - units(1)), Overflow);
  // Rounding up is what leaves the range here: the quotient before it still fits.
  const Decimal half = Decimal::from_units(kLargest.units() / 2 + 1);
  EXPECT_THROW(static_cast<void>(mul_div(half, Decimal{2}, Decimal{1})), Overflow);
  EXPECT_THROW(static_cast<void>(mul_div(kLargest, kLargest, kLargest - units(1))), Overflow);
}

TEST(Decimal, OverflowsWhereRoundingWouldWrapToZero) {
  // (2^70 - 1)(2^70 + 1) / 2^12 is a little less than 2^128, to which it rounds.
  const Int128 power = Int128{1} << 70;
  const Decimal below = Decimal::from_units(power - 1);
  const Decimal above = Decimal::from_units(power + 1);
  EXPECT_THROW(static_cast<void>(mul_div(below, above, units(1 << 12))), Overflow);
}

TEST(Decimal, RefusesADivisionByZero) {
  EXPECT_THROW(static_cast<void>(Decimal{1} / Decimal{}), Overflow);
  EXPECT_THROW(static_cast<void>(Decimal{} / Decimal{}), Overflow);
  EXPECT_THROW(static_cast<void>(mul_div(Decimal{}, Decimal{1}, Decimal{})), Overflow);
}

TEST(Decimal, ComparesRatiosExactly) {
  EXPECT_EQ(compare_ratios(dec("1"), dec("3"), dec("2"), dec("6")), std::strong_ordering::equal);
  EXPECT_EQ(compare_ratios(dec("1"), dec("3"), dec("0.333333333333333333"), dec("1")), std::strong_ordering::greater);
  EXPECT_EQ(compare_ratios(dec("-1"), dec("3"), dec("-0.333333333333333333"), dec("1")), std::strong_ordering::less);
  EXPECT_EQ(compare_ratios(dec("-1"), dec("3"), Decimal{}, dec("1")), std::strong_ordering::less);
  EXPECT_EQ(compare_ratios(Decimal{}, dec("5"), Decimal{}, dec("7")), std::strong_ordering::equal);
  oracle::Numbers numbers(test_seed());
  for (int i = 0; i < kRounds; ++i) {
    const Decimal a = numbers.decimal();
    const Decimal b = numbers.decimal();
    const Decimal c = numbers.below(8) == 0 ? a : numbers.decimal();
    const Decimal d = numbers.below(8) == 0 ? b : numbers.decimal();
    if (!b.is_positive() || !d.is_positive()) continue;
    const int expected = Big{big(a) * big(d)}.compare(big(c) * big(b));
    ASSERT_EQ(compare_ratios(a, b, c, d), expected <=> 0)
        << big(a) << '/' << big(b) << " and " << big(c) << '/' << big(d);
  }
}

TEST(DecimalDeathTest, ComparesNoRatioWithoutAPositiveDenominator) {
  EXPECT_DEATH(static_cast<void>(compare_ratios(dec("1"), Decimal{}, dec("1"), dec("1"))), "must hold");
  EXPECT_DEATH(static_cast<void>(compare_ratios(dec("1"), dec("1"), dec("1"), dec("-1"))), "must hold");
}

TEST(Decimal, KeepsMeaningsApart) {
  static_assert(!std::is_convertible_v<Price, Quantity>);
  static_assert(!std::is_convertible_v<Decimal, Price>);
  EXPECT_EQ(Price(dec("2")) + Price(dec("3")), Price(dec("5")));
  EXPECT_LT(Quantity(dec("2")), Quantity(dec("2.5")));
}

}  // namespace
}  // namespace blotter
