// Decimal: the one exact number under prices, quantities and amounts.
//
// Unit       10^-18.
// Range      about ±1.7·10^20 (a signed 128-bit count of units).
// Rounding   Sums and differences are exact. Products and quotients go through 256 bits and round half to even, and
//            only when the exact result has more than 18 decimals.
// Failure    A result out of range throws Overflow, never wraps. Overflow is the core's own signal: decide() turns it
//            into a refusal before anything is recorded, and it crosses no port.
#pragma once

#include <compare>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "blotter/result.h"

namespace blotter {

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

class Overflow : public std::exception {
 public:
  const char* what() const noexcept override { return "the result does not fit a decimal (about 1.7e20)"; }
};

class Decimal {
 public:
  static constexpr int kScale = 18;
  static constexpr std::int64_t kUnitsPerOne = 1'000'000'000'000'000'000;

  constexpr Decimal() = default;
  constexpr explicit Decimal(std::int64_t whole) : units_(Int128{whole} * kUnitsPerOne) {}

  static constexpr Decimal from_units(Int128 units) {
    Decimal result;
    result.units_ = units;
    return result;
  }

  // Reads "[+-]digits[.digits][(e|E)[+-]digits]", at most 64 characters; exact or refused.
  // Errc: invalid (not a number, more than 18 decimals that are not zero, out of range).
  static Result<Decimal> parse(std::string_view text);

  constexpr Int128 units() const { return units_; }
  constexpr bool is_zero() const { return units_ == 0; }
  constexpr bool is_negative() const { return units_ < 0; }
  constexpr bool is_positive() const { return units_ > 0; }
  constexpr int sign() const { return units_ == 0 ? 0 : (units_ < 0 ? -1 : 1); }

  friend constexpr bool operator==(Decimal, Decimal) = default;
  friend constexpr std::strong_ordering operator<=>(Decimal a, Decimal b) {
    return a.units_ < b.units_   ? std::strong_ordering::less
           : a.units_ > b.units_ ? std::strong_ordering::greater
                                 : std::strong_ordering::equal;
  }

 private:
  Int128 units_ = 0;
};

[[noreturn]] void throw_overflow();

inline Decimal operator+(Decimal a, Decimal b) {
  Int128 sum = 0;
  if (__builtin_add_overflow(a.units(), b.units(), &sum)) throw_overflow();
  return Decimal::from_units(sum);
}
inline Decimal operator-(Decimal a, Decimal b) {
  Int128 difference = 0;
  if (__builtin_sub_overflow(a.units(), b.units(), &difference)) throw_overflow();
  return Decimal::from_units(difference);
}
inline Decimal operator-(Decimal a) { return Decimal{} - a; }
inline Decimal& operator+=(Decimal& a, Decimal b) { return a = a + b; }
inline Decimal& operator-=(Decimal& a, Decimal b) { return a = a - b; }
inline Decimal abs(Decimal a) { return a.is_negative() ? -a : a; }
inline Decimal min(Decimal a, Decimal b) { return b < a ? b : a; }

Decimal operator*(Decimal a, Decimal b);
// Throws Overflow when b is zero.
Decimal operator/(Decimal a, Decimal b);
// a·b/c with one rounding at the end. Throws Overflow when c is zero.
Decimal mul_div(Decimal a, Decimal b, Decimal c);
// Compares a/b with c/d exactly; b and d positive.
std::strong_ordering compare_ratios(Decimal a, Decimal b, Decimal c, Decimal d);

// Shortest exact text: no exponent, no trailing zeros, "-0" never.
std::string to_text(Decimal value);
// The same into a buffer of at least kDecimalTextMax bytes; returns the end.
inline constexpr int kDecimalTextMax = 48;
char* write_text(Decimal value, char* out);

// A Decimal that means one thing. Price and Quantity do not mix by accident.
template <class Meaning>
class Exact {
 public:
  constexpr Exact() = default;
  constexpr explicit Exact(Decimal value) : value_(value) {}
  constexpr Decimal value() const { return value_; }
  constexpr bool is_zero() const { return value_.is_zero(); }
  constexpr bool is_positive() const { return value_.is_positive(); }
  friend constexpr bool operator==(Exact, Exact) = default;
  friend constexpr auto operator<=>(Exact, Exact) = default;
  friend Exact operator+(Exact a, Exact b) { return Exact(a.value_ + b.value_); }
  friend Exact operator-(Exact a, Exact b) { return Exact(a.value_ - b.value_); }

 private:
  Decimal value_;
};

// Quote currency per unit of the instrument. May be negative (spreads, power); never for shares.
using Price = Exact<struct PriceMeaning>;
// Units of the instrument (shares, coins, contracts). Not negative: direction is a Side.
using Quantity = Exact<struct QuantityMeaning>;

}  // namespace blotter
