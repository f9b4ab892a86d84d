#include "core/wide.h"

#include <gtest/gtest.h>

#include "core/decimal_oracle_test.h"
#include "core/random_seed_test.h"

namespace blotter {
namespace {

using oracle::Big;
using oracle::big;

constexpr int kRounds = 300'000;

Big big_product(const wide::Product& product) { return (big(product.high) << 128) + big(product.low); }

TEST(Wide, MultipliesEveryPairOfMagnitudes) {
  oracle::Numbers numbers(test_seed());
  for (int i = 0; i < kRounds; ++i) {
    const UInt128 a = numbers.magnitude();
    const UInt128 b = numbers.magnitude();
    ASSERT_EQ(big_product(wide::multiply(a, b)), big(a) * big(b)) << big(a) << " * " << big(b);
  }
}

TEST(Wide, DividesWheneverTheQuotientFits) {
  oracle::Numbers numbers(test_seed());
  for (int i = 0; i < kRounds; ++i) {
    const UInt128 divisor = numbers.magnitude();
    if (divisor == 0) continue;
    // Every other dividend is as large as the divisor permits, where estimates are worst.
    const UInt128 high = numbers.below(2) == 0 ? divisor - 1 : numbers.magnitude() % divisor;
    const wide::Product dividend{high, numbers.magnitude()};
    const wide::Division division = wide::divide(dividend, divisor);
    const Big exact = big_product(dividend);
    ASSERT_EQ(big(division.quotient), exact / big(divisor)) << exact << " / " << big(divisor);
    ASSERT_EQ(big(division.remainder), exact % big(divisor)) << exact << " / " << big(divisor);
  }
}

TEST(Wide, DividesByOneWithoutTheDivideInstruction) {
  oracle::Numbers numbers(test_seed());
  for (int i = 0; i < kRounds; ++i) {
    const UInt128 high = numbers.below(2) == 0 ? UInt128{wide::kOne - 1} : numbers.magnitude() % wide::kOne;
    const wide::Product dividend{high, numbers.magnitude()};
    const wide::Division division = wide::divide_by_one(dividend);
    const Big exact = big_product(dividend);
    ASSERT_EQ(big(division.quotient), exact / oracle::kOne) << exact;
    ASSERT_EQ(big(division.remainder), exact % oracle::kOne) << exact;
  }
}

TEST(Wide, DividesByTheReciprocalOfAnyNormalLimb) {
  oracle::Numbers numbers(test_seed());
  for (int i = 0; i < kRounds; ++i) {
    const std::uint64_t divisor = wide::low_limb(numbers.magnitude()) | 1ULL << 63;
    const std::uint64_t high = numbers.below(2) == 0 ? divisor - 1 : wide::low_limb(numbers.magnitude()) % divisor;
    const std::uint64_t low = wide::low_limb(numbers.magnitude());
    const std::uint64_t reciprocal = wide::low_limb(~UInt128{0} / divisor);
    const auto [quotient, remainder] = wide::divide_by_reciprocal(high, low, divisor, reciprocal);
    ASSERT_EQ(quotient, wide::low_limb(wide::join(high, low) / divisor)) << high << ' ' << low << " / " << divisor;
    ASSERT_EQ(remainder, wide::low_limb(wide::join(high, low) % divisor)) << high << ' ' << low << " / " << divisor;
  }
}

TEST(Wide, CorrectsAnEstimateThatIsTwoTooLarge) {
  // Knuth's worst case: the divisor's second limb is all ones and its first the smallest permitted.
  const UInt128 divisor = wide::join(1ULL << 63, ~0ULL);
  for (const UInt128 high : {divisor - 1, wide::join(1ULL << 63, 0), wide::join((1ULL << 63) - 1, ~0ULL)}) {
    for (const UInt128 low : {UInt128{0}, UInt128{1}, ~UInt128{0}, UInt128{1} << 127}) {
      const wide::Division division = wide::divide({high, low}, divisor);
      const Big exact = big_product({high, low});
      EXPECT_EQ(big(division.quotient), exact / big(divisor));
      EXPECT_EQ(big(division.remainder), exact % big(divisor));
    }
  }
}

}  // namespace
}  // namespace blotter
