#include "store/postgres/numeric.h"

#include <array>

namespace blotter::postgres {
namespace {

constexpr std::uint16_t kNegative = 0x4000;
constexpr std::uint16_t kNaN = 0xC000;
constexpr std::uint16_t kInfinity = 0xD000;
constexpr std::uint16_t kMinusInfinity = 0xF000;
constexpr std::size_t kHeadBytes = 8;

// The decimal digits of a value, four in each: six before the point, five behind it.
constexpr int kWholeDigits = 6;
constexpr int kDigits = 11;
using Digits = std::array<std::uint16_t, kDigits>;

std::uint16_t digit(std::uint64_t value) { return static_cast<std::uint16_t>(value % 10'000); }

Digits digits_of(UInt128 units) {
  constexpr std::uint64_t kUnit = Decimal::kUnitsPerOne;
  constexpr std::uint64_t kFourDigits = 10'000'000'000'000'000;  // four of them: 10^16
  const UInt128 whole = units / kUnit;
  const auto fraction = static_cast<std::uint64_t>(units - whole * kUnit);
  Digits digits{};
  if (whole != 0) {
    std::uint64_t low = 0;
    if (whole < kFourDigits) {
      low = static_cast<std::uint64_t>(whole);
    } else {
      const auto high = static_cast<std::uint64_t>(whole / kFourDigits);  // at most 17,014
      low = static_cast<std::uint64_t>(whole % kFourDigits);
      digits[0] = digit(high / 10'000);
      digits[1] = digit(high);
    }
    digits[2] = digit(low / 1'000'000'000'000);
    digits[3] = digit(low / 100'000'000);
    digits[4] = digit(low / 10'000);
    digits[5] = digit(low);
  }
  if (fraction != 0) {
    digits[6] = digit(fraction / 100'000'000'000'000);
    digits[7] = digit(fraction / 10'000'000'000);
    digits[8] = digit(fraction / 1'000'000);
    digits[9] = digit(fraction / 100);
    digits[10] = static_cast<std::uint16_t>(fraction % 100 * 100);
  }
  return digits;
}

// Decimals behind the point when `last` is the last digit that is not zero.
int scale_of(const Digits& digits, int last) {
  if (last < kWholeDigits) return 0;
  int scale = 4 * (last - kWholeDigits + 1);
  for (unsigned value = digits[static_cast<std::size_t>(last)]; value % 10 == 0; value /= 10) --scale;
  return scale;
}

std::uint16_t get_uint16(const char* bytes) {
  return static_cast<std::uint16_t>((static_cast<unsigned char>(bytes[0]) << 8) | static_cast<unsigned char>(bytes[1]));
}

Unexpected no_numeric() { return fail(Errc::corrupt, "PostgreSQL sent a NUMERIC that is none"); }

}  // namespace

char* write_numeric(Decimal value, char* out) {
  const bool negative = value.is_negative();
  const auto bits = static_cast<UInt128>(value.units());
  const Digits digits = digits_of(negative ? 0 - bits : bits);
  int first = 0;
  int last = kDigits - 1;
  while (first <= last && digits[static_cast<std::size_t>(first)] == 0) ++first;
  while (last >= first && digits[static_cast<std::size_t>(last)] == 0) --last;
  const int count = last - first + 1;
  char* end = put_uint16(out, static_cast<std::uint16_t>(count));
  end = put_uint16(end, static_cast<std::uint16_t>(count == 0 ? 0 : kWholeDigits - 1 - first));
  end = put_uint16(end, negative ? kNegative : 0);
  end = put_uint16(end, static_cast<std::uint16_t>(count == 0 ? 0 : scale_of(digits, last)));
  for (int i = first; i <= last; ++i) end = put_uint16(end, digits[static_cast<std::size_t>(i)]);
  return end;
}

Result<std::string> numeric_text(std::string_view bytes) {
  if (bytes.size() < kHeadBytes) return no_numeric();
  const std::ptrdiff_t count = get_uint16(bytes.data());
  const std::ptrdiff_t weight = static_cast<std::int16_t>(get_uint16(bytes.data() + 2));
  const std::uint16_t sign = get_uint16(bytes.data() + 4);
  if (sign == kNaN) return std::string("NaN");
  if (sign == kInfinity) return std::string("Infinity");
  if (sign == kMinusInfinity) return std::string("-Infinity");
  if ((sign != 0 && sign != kNegative) || bytes.size() != kHeadBytes + 2 * static_cast<std::size_t>(count)) {
    return no_numeric();
  }
  // The digit of 10,000^power; zeros around the stored ones are not sent.
  const auto digit_at = [&](std::ptrdiff_t power) -> unsigned {
    const std::ptrdiff_t index = weight - power;
    return index < 0 || index >= count ? 0 : get_uint16(bytes.data() + kHeadBytes + 2 * index);
  };
  const auto append_four = [](std::string& text, unsigned value) {
    const char four[] = {static_cast<char>('0' + value / 1000 % 10), static_cast<char>('0' + value / 100 % 10),
                         static_cast<char>('0' + value / 10 % 10), static_cast<char>('0' + value % 10)};
    text.append(four, 4);
  };
  std::string whole;
  for (std::ptrdiff_t power = weight; power >= 0; --power) append_four(whole, digit_at(power));
  whole.erase(0, whole.find_first_not_of('0'));
  std::string fraction;
  for (std::ptrdiff_t power = -1; power > weight - count; --power) append_four(fraction, digit_at(power));
  fraction.erase(fraction.find_last_not_of('0') + 1);
  if (whole.empty() && fraction.empty()) return std::string("0");
  std::string text = sign == kNegative ? "-" : "";
  text.append(whole.empty() ? "0" : whole);
  if (!fraction.empty()) text.append(".").append(fraction);
  return text;
}

Result<Timestamp> join(SplitInstant parts) {
  const Int128 ns = (Int128{parts.microseconds} + Int128{kSecondsFrom1970To2000} * 1'000'000) * 1000 + parts.nanos;
  if (ns < INT64_MIN || ns > INT64_MAX) {
    return fail(Errc::corrupt, "PostgreSQL holds an instant that is out of range (1677 to 2262)");
  }
  return Timestamp{static_cast<std::int64_t>(ns)};
}

std::int32_t postgres_day(std::string_view text) {
  const Result<Day> day = parse_day(text);
  BLOTTER_ASSERT(day.has_value());
  return postgres_day(*day);
}

}  // namespace blotter::postgres
