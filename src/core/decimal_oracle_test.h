// The naive Decimal that the fast one is tested against: unbounded integers, schoolbook rounding, no cleverness.
#pragma once

#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <optional>
#include <random>

#include "blotter/decimal.h"

namespace blotter::oracle {

using Big = boost::multiprecision::cpp_int;

inline Big big(Int128 value) {
  // In halves, because the conversion of the smallest number is not the library's best tested corner.
  const Big high = static_cast<std::int64_t>(value >> 64);
  return (high << 64) + static_cast<std::uint64_t>(value);
}
inline Big big(UInt128 value) {
  return (Big{static_cast<std::uint64_t>(value >> 64)} << 64) + static_cast<std::uint64_t>(value);
}
inline Big big(Decimal value) { return big(value.units()); }

inline const Big kOne = Big{"1000000000000000000"};
inline const Big kMax = (Big{1} << 127) - 1;
inline const Big kMin = -(Big{1} << 127);

// Nothing when the value is out of a Decimal's range.
inline std::optional<Decimal> decimal(const Big& units) {
  if (units > kMax || units < kMin) return std::nullopt;
  const Big magnitude = boost::multiprecision::abs(units);
  const auto low = static_cast<std::uint64_t>(magnitude & 0xFFFF'FFFF'FFFF'FFFF);
  const auto high = static_cast<std::uint64_t>(magnitude >> 64);
  const UInt128 joined = (UInt128{high} << 64) | low;
  return Decimal::from_units(static_cast<Int128>(units < 0 ? UInt128{0} - joined : joined));
}

// a·b/c, half to even.
inline std::optional<Decimal> mul_div(const Big& a, const Big& b, const Big& c) {
  if (c == 0) return std::nullopt;
  const Big product = a * b;
  const bool negative = (product < 0) != (c < 0);
  const Big numerator = boost::multiprecision::abs(product);
  const Big denominator = boost::multiprecision::abs(c);
  Big quotient = numerator / denominator;
  const Big twice = (numerator - quotient * denominator) * 2;
  if (twice > denominator || (twice == denominator && (quotient & 1) == 1)) ++quotient;
  return decimal(negative ? Big{-quotient} : quotient);
}

// Numbers of every length, and limbs that provoke carries and wrong estimates far more often than chance would.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : random_(seed) {}

  std::uint64_t word() { return random_(); }
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  UInt128 magnitude() {
    const UInt128 value = (UInt128{limb()} << 64) | limb();
    return below(4) == 0 ? value : value >> below(128);
  }
  Int128 units() { return static_cast<Int128>(magnitude()); }
  Decimal decimal() { return Decimal::from_units(units()); }
  // A number as markets have them: up to eight decimals, up to ten digits before them.
  Decimal market_decimal() {
    const Int128 units = Int128{static_cast<std::int64_t>(word() >> (1 + below(60)))} * 10'000'000'000;
    return Decimal::from_units(below(2) == 0 ? units : -units);
  }

 private:
  std::uint64_t limb() {
    constexpr std::array<std::uint64_t, 8> kEdges{0, 1, 2, 1ULL << 62, 1ULL << 63, (1ULL << 63) - 1, ~0ULL - 1, ~0ULL};
    return below(2) == 0 ? word() : kEdges[below(kEdges.size())];
  }

  std::mt19937_64 random_;
};

}  // namespace blotter::oracle
