// Decimal to and from text, exactly.
#include <algorithm>
#include <array>

#include "blotter/decimal.h"
#include "core/digits.h"
#include "core/wide.h"

namespace blotter {

namespace {

constexpr std::size_t kTextMax = 64;

template <class Number, std::size_t kCount>
constexpr std::array<Number, kCount> powers_of_ten() {
  std::array<Number, kCount> powers{};
  Number power = 1;
  for (std::size_t i = 0; i < kCount; ++i) {
    powers[i] = power;
    if (i + 1 < kCount) power *= 10;
  }
  return powers;
}
constexpr auto kPowers = powers_of_ten<std::uint64_t, 20>();
constexpr auto kWidePowers = powers_of_ten<UInt128, 39>();

// A number as its text has it: sign, digits without the point, and the power of ten of the last digit.
struct Scan {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  int exponent = 0;
};

std::size_t digits_at(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  while (end < text.size() && digits::is_digit(text[end])) ++end;
  return end - begin;
}

// Reads an exponent's digits. Every exponent beyond the cap has the same fate, so larger ones need no exact value.
int read_exponent(std::string_view text) {
  constexpr int kCap = 10'000;
  int value = 0;
  for (const char c : text) value = std::min(kCap, value * 10 + (c - '0'));
  return value;
}

// False when the text does not have the form of a number.
bool scan_number(std::string_view text, Scan& scan) {
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) scan.negative = text[at++] == '-';
  const std::size_t whole = digits_at(text, at);
  if (whole == 0) return false;
  scan.whole = text.substr(at, whole);
  at += whole;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = digits_at(text, ++at);
    if (fraction == 0) return false;
    scan.fraction = text.substr(at, fraction);
    at += fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    bool small = false;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) small = text[at++] == '-';
    const std::size_t size = digits_at(text, at);
    if (size == 0) return false;
    const int exponent = read_exponent(text.substr(at, size));
    scan.exponent = small ? -exponent : exponent;
    at += size;
  }
  return at == text.size();
}

std::uint64_t read_digits(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

// Whatever the position of the point and the exponent: the significant digits, times a power of ten.
Result<UInt128> scale_digits(const Scan& scan, std::string_view text) {
  std::array<char, kTextMax> joined;
  char* const joined_end = std::copy(scan.fraction.begin(), scan.fraction.end(),
                                     std::copy(scan.whole.begin(), scan.whole.end(), joined.data()));
  std::string_view significant(joined.data(), static_cast<std::size_t>(joined_end - joined.data()));
  const std::size_t last = significant.find_last_not_of('0');
  if (last == std::string_view::npos) return UInt128{0};
  // The power of ten of the last digit that is not zero, in units of 10^-18.
  const int power = Decimal::kScale + scan.exponent - static_cast<int>(scan.fraction.size()) +
                    static_cast<int>(significant.size() - 1 - last);
  significant = significant.substr(0, last + 1);
  significant.remove_prefix(significant.find_first_not_of('0'));
  if (power < 0) return fail(Errc::invalid, digits::quoted(text) + " has more than 18 decimals");

  const auto out_of_range = [&] {
    return fail(Errc::invalid, digits::quoted(text) + " is out of range (about ±1.7e20)");
  };
  // 39 digits are the most that 2^127 has.
  constexpr int kDigitsMax = 39;
  if (static_cast<int>(significant.size()) + power > kDigitsMax) return out_of_range();
  UInt128 units = 0;
  for (const char c : significant) {
    if (__builtin_mul_overflow(units, UInt128{10}, &units) ||
        __builtin_add_overflow(units, static_cast<UInt128>(c - '0'), &units)) {
      return out_of_range();
    }
  }
  if (__builtin_mul_overflow(units, kWidePowers[static_cast<std::size_t>(power)], &units)) return out_of_range();
  if (units > (UInt128{1} << 127) - (scan.negative ? 0 : 1)) return out_of_range();
  return units;
}

// Writes the 18 decimals without the trailing zeros. Most amounts have at most eight, which saves ten digits.
char* write_fraction(std::uint64_t fraction, char* out) {
  constexpr std::uint64_t kRest = 10'000'000'000;
  const std::uint64_t rest = fraction % kRest;
  out = digits::write8(static_cast<std::uint32_t>(fraction / kRest), out);
  if (rest != 0) {
    out = digits::write2(static_cast<std::uint32_t>(rest / 100'000'000), out);
    out = digits::write8(static_cast<std::uint32_t>(rest % 100'000'000), out);
  }
  while (out[-1] == '0') --out;
  return out;
}

}  // namespace

Result<Decimal> Decimal::parse(std::string_view text) {
  if (text.size() > kTextMax) return fail(Errc::invalid, "a number has at most 64 characters: " + digits::quoted(text));
  Scan scan;
  if (!scan_number(text, scan)) return fail(Errc::invalid, digits::quoted(text) + " is not a number");
  UInt128 magnitude = 0;
  // Nearly every number of a feed takes this way: two short runs of digits and no exponent.
  if (scan.exponent == 0 && scan.whole.size() <= kScale && scan.fraction.size() <= kScale) [[likely]] {
    const std::uint64_t fraction = read_digits(scan.fraction) * kPowers[kScale - scan.fraction.size()];
    magnitude = UInt128{read_digits(scan.whole)} * kUnitsPerOne + fraction;
  } else {
    BLOTTER_ASSIGN(magnitude, scale_digits(scan, text));
  }
  return from_units(wide::with_sign(magnitude, scan.negative));
}

char* write_text(Decimal value, char* out) {
  const wide::Division parts = wide::divide_by_one({0, wide::magnitude(value.units())});
  if (value.is_negative()) *out++ = '-';
  if (wide::high_limb(parts.quotient) == 0) [[likely]] {
    out = digits::write_shortest(wide::low_limb(parts.quotient), out);
  } else {
    // At most 1.7e20: up to three digits above the lower 18.
    const wide::Division upper = wide::divide_by_one({0, parts.quotient});
    out = digits::write_shortest(wide::low_limb(upper.quotient), out);
    const std::uint64_t lower = wide::low_limb(upper.remainder);
    out = digits::write2(static_cast<std::uint32_t>(lower / kPowers[16]), out);
    out = digits::write8(static_cast<std::uint32_t>(lower / kPowers[8] % kPowers[8]), out);
    out = digits::write8(static_cast<std::uint32_t>(lower % kPowers[8]), out);
  }
  const std::uint64_t fraction = wide::low_limb(parts.remainder);
  if (fraction == 0) return out;
  *out++ = '.';
  return write_fraction(fraction, out);
}

std::string to_text(Decimal value) {
  std::array<char, kDecimalTextMax> text;
  return {text.data(), write_text(value, text.data())};
}

}  // namespace blotter
