// The arithmetic of Decimal: signs are taken off, the magnitudes are multiplied to 256 bits in 64-bit limbs and divided
// again, and one place rounds and puts the sign back.
#include "blotter/decimal.h"

#include "core/wide.h"

namespace blotter {

namespace {

using wide::Division;
using wide::Product;

constexpr UInt128 kMagnitudeOfMin = UInt128{1} << 127;

// Rounds half to even, gives the sign back and refuses what a signed 128-bit count cannot hold. `against_half` is how
// the remainder compares with half of the divisor: below 0, 0 for a tie, above 0.
Decimal rounded(UInt128 quotient, int against_half, bool negative) {
  // Checked before the increment, which would wrap at the very top.
  if (quotient > kMagnitudeOfMin) throw_overflow();
  const bool odd = (quotient & 1) != 0;
  if (against_half > 0 || (against_half == 0 && odd)) ++quotient;
  const UInt128 limit = negative ? kMagnitudeOfMin : kMagnitudeOfMin - 1;
  if (quotient > limit) throw_overflow();
  return Decimal::from_units(wide::with_sign(quotient, negative));
}

// Compares the remainder with half of the divisor. 2·remainder may need 129 bits, so the other side is subtracted
// instead: remainder < divisor always.
int compare_with_half(UInt128 remainder, UInt128 divisor) {
  const UInt128 rest = divisor - remainder;
  return remainder < rest ? -1 : (remainder == rest ? 0 : 1);
}

}  // namespace

void throw_overflow() { throw Overflow{}; }

Decimal operator*(Decimal a, Decimal b) {
  const bool negative = a.is_negative() != b.is_negative();
  const Product product = wide::multiply(wide::magnitude(a.units()), wide::magnitude(b.units()));
  if (product.high >= wide::kOne) throw_overflow();
  const Division division = wide::divide_by_one(product);
  return rounded(division.quotient, compare_with_half(division.remainder, wide::kOne), negative);
}

Decimal mul_div(Decimal a, Decimal b, Decimal c) {
  if (c.is_zero()) throw_overflow();
  const bool negative = (a.is_negative() != b.is_negative()) != c.is_negative();
  const UInt128 divisor = wide::magnitude(c.units());
  const Product product = wide::multiply(wide::magnitude(a.units()), wide::magnitude(b.units()));
  if (product.high >= divisor) throw_overflow();
  const Division division = wide::divide(product, divisor);
  return rounded(division.quotient, compare_with_half(division.remainder, divisor), negative);
}

Decimal operator/(Decimal a, Decimal b) { return mul_div(a, Decimal{1}, b); }

std::strong_ordering compare_ratios(Decimal a, Decimal b, Decimal c, Decimal d) {
  BLOTTER_ASSERT(b.is_positive() && d.is_positive());
  // With positive denominators the ratios have the signs of their numerators.
  if (a.sign() != c.sign()) return a.sign() <=> c.sign();
  const Product left = wide::multiply(wide::magnitude(a.units()), wide::magnitude(d.units()));
  const Product right = wide::multiply(wide::magnitude(c.units()), wide::magnitude(b.units()));
  const std::strong_ordering order = wide::compare(left, right);
  return a.is_negative() ? 0 <=> order : order;
}

}  // namespace blotter
