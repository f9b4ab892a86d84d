// 256-bit products and their division, on unsigned magnitudes. Private to Decimal.
//
// Why        Replay does several of these for every event; a general multi-precision library costs an order of
//            magnitude more because it does not know that a product has four limbs and a divisor one or two.
// Range      Each division requires product.high < divisor, which is exactly when the quotient fits 128 bits.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>

#include "blotter/decimal.h"

namespace blotter::wide {

struct Product {
  UInt128 high = 0;
  UInt128 low = 0;
};

struct Division {
  UInt128 quotient = 0;
  UInt128 remainder = 0;
};

struct LimbDivision {
  std::uint64_t quotient = 0;
  std::uint64_t remainder = 0;
};

inline constexpr std::uint64_t kOne = Decimal::kUnitsPerOne;

constexpr std::uint64_t low_limb(UInt128 value) { return static_cast<std::uint64_t>(value); }
constexpr std::uint64_t high_limb(UInt128 value) { return static_cast<std::uint64_t>(value >> 64); }
constexpr UInt128 join(std::uint64_t high, std::uint64_t low) { return (UInt128{high} << 64) | low; }

// Negating in unsigned arithmetic is defined for the smallest number too.
constexpr UInt128 magnitude(Int128 value) {
  return value < 0 ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value);
}
constexpr Int128 with_sign(UInt128 value, bool negative) {
  return static_cast<Int128>(negative ? UInt128{0} - value : value);
}

constexpr std::strong_ordering compare(const Product& a, const Product& b) {
  if (a.high != b.high) return a.high < b.high ? std::strong_ordering::less : std::strong_ordering::greater;
  if (a.low != b.low) return a.low < b.low ? std::strong_ordering::less : std::strong_ordering::greater;
  return std::strong_ordering::equal;
}

constexpr Product multiply(UInt128 a, UInt128 b) {
  const UInt128 low = UInt128{low_limb(a)} * low_limb(b);
  if ((high_limb(a) | high_limb(b)) == 0) return {0, low};
  const UInt128 cross_a = UInt128{high_limb(a)} * low_limb(b);
  const UInt128 cross_b = UInt128{low_limb(a)} * high_limb(b);
  const UInt128 middle = UInt128{high_limb(low)} + low_limb(cross_a) + low_limb(cross_b);
  const UInt128 high =
      UInt128{high_limb(a)} * high_limb(b) + high_limb(cross_a) + high_limb(cross_b) + high_limb(middle);
  return {high, join(low_limb(middle), low_limb(low))};
}

// Two limbs by a constant limb whose top bit is set, by its precomputed reciprocal instead of the divide instruction
// (Möller and Granlund, "Improved division by invariant integers", algorithm 4). Requires high < divisor.
constexpr LimbDivision divide_by_reciprocal(std::uint64_t high, std::uint64_t low, std::uint64_t divisor,
                                            std::uint64_t reciprocal) {
  const UInt128 estimate = UInt128{reciprocal} * high + join(high, low);
  std::uint64_t quotient = high_limb(estimate) + 1;
  std::uint64_t remainder = low - quotient * divisor;
  if (remainder > low_limb(estimate)) {
    --quotient;
    remainder += divisor;
  }
  if (remainder >= divisor) [[unlikely]] {
    ++quotient;
    remainder -= divisor;
  }
  return {quotient, remainder};
}

// Divides by 10^18. Requires product.high < 10^18.
constexpr Division divide_by_one(const Product& product) {
  constexpr int kShift = std::countl_zero(kOne);
  constexpr std::uint64_t kDivisor = kOne << kShift;
  constexpr std::uint64_t kReciprocal = low_limb(~UInt128{0} / kDivisor);  // less 2^64, which the truncation drops
  const std::uint64_t limb2 = low_limb(product.high);
  const std::uint64_t limb1 = high_limb(product.low);
  const std::uint64_t limb0 = low_limb(product.low);
  const LimbDivision upper = divide_by_reciprocal((limb2 << kShift) | (limb1 >> (64 - kShift)),
                                                  (limb1 << kShift) | (limb0 >> (64 - kShift)), kDivisor, kReciprocal);
  const LimbDivision lower = divide_by_reciprocal(upper.remainder, limb0 << kShift, kDivisor, kReciprocal);
  return {join(upper.quotient, lower.quotient), lower.remainder >> kShift};
}

// Two limbs by one. Requires high < divisor.
inline LimbDivision divide_limbs(std::uint64_t high, std::uint64_t low, std::uint64_t divisor) {
#if defined(__x86_64__)
  // Compilers never use the instruction for this: they cannot know that the quotient fits.
  LimbDivision result;
  __asm__("divq %[divisor]"
          : "=a"(result.quotient), "=d"(result.remainder)
          : [divisor] "r"(divisor), "a"(low), "d"(high)
          : "cc");
  return result;
#else
  const UInt128 dividend = join(high, low);
  return {low_limb(dividend / divisor), low_limb(dividend % divisor)};
#endif
}

// One step of long division: three limbs by two, whose top bit is set (Knuth, volume 2, 4.3.1, algorithm D, steps D3
// to D6). Requires upper < divisor.
inline Division divide_step(UInt128 upper, std::uint64_t lowest, UInt128 divisor) {
  const std::uint64_t top = high_limb(divisor);
  const std::uint64_t next = low_limb(divisor);
  UInt128 estimate = 0;
  UInt128 rest = 0;
  if (high_limb(upper) == top) {
    // The estimate would be 2^64, one more than a digit can be.
    estimate = ~std::uint64_t{0};
    rest = UInt128{low_limb(upper)} + top;
  } else {
    const LimbDivision first = divide_limbs(high_limb(upper), low_limb(upper), top);
    estimate = first.quotient;
    rest = first.remainder;
  }
  while (high_limb(rest) == 0 && estimate * next > join(low_limb(rest), lowest)) {
    --estimate;
    rest += top;
  }
  // Exact modulo 2^128, and the true remainder is below the divisor.
  const UInt128 remainder = join(low_limb(upper), lowest) - estimate * divisor;
  return {estimate, remainder};
}

// Requires product.high < divisor.
inline Division divide(const Product& product, UInt128 divisor) {
  if (high_limb(divisor) == 0) {
    const std::uint64_t limb = low_limb(divisor);
    const LimbDivision upper = divide_limbs(low_limb(product.high), high_limb(product.low), limb);
    const LimbDivision lower = divide_limbs(upper.remainder, low_limb(product.low), limb);
    return {join(upper.quotient, lower.quotient), lower.remainder};
  }
  const int shift = std::countl_zero(high_limb(divisor));
  const UInt128 normal = divisor << shift;
  const UInt128 low = product.low << shift;
  // A shift by 128 is undefined, hence the case.
  const UInt128 high = shift == 0 ? product.high : (product.high << shift) | (product.low >> (128 - shift));
  const Division upper = divide_step(high, high_limb(low), normal);
  const Division lower = divide_step(upper.remainder, low_limb(low), normal);
  return {join(low_limb(upper.quotient), low_limb(lower.quotient)), lower.remainder >> shift};
}

}  // namespace blotter::wide
