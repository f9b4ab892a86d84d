// The binary forms of PostgreSQL's NUMERIC, TIMESTAMPTZ and DATE, exactly and without a detour through text.
//
// NUMERIC    int16 count of digits, int16 weight of the first one, uint16 sign, uint16 scale, then the digits in base
//            10,000. Big-endian, as everything PostgreSQL sends.
// Instants   TIMESTAMPTZ counts microseconds from 2000-01-01. Ours have nanoseconds: what is below the microsecond,
//            rounded down, travels in the column `nanos`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "blotter/decimal.h"
#include "blotter/result.h"
#include "blotter/time.h"

namespace blotter::postgres {

// Big-endian integers; each returns the end of what it wrote.
inline char* put_uint16(char* out, std::uint16_t value) {
  out[0] = static_cast<char>(value >> 8);
  out[1] = static_cast<char>(value);
  return out + 2;
}
inline char* put_int32(char* out, std::int32_t value) {
  const auto big = __builtin_bswap32(static_cast<std::uint32_t>(value));
  __builtin_memcpy(out, &big, 4);
  return out + 4;
}
inline char* put_int64(char* out, std::int64_t value) {
  const auto big = __builtin_bswap64(static_cast<std::uint64_t>(value));
  __builtin_memcpy(out, &big, 8);
  return out + 8;
}
inline std::int64_t get_int64(const char* bytes) {
  std::uint64_t big = 0;
  __builtin_memcpy(&big, bytes, 8);
  return static_cast<std::int64_t>(__builtin_bswap64(big));
}
inline std::int32_t get_int32(const char* bytes) {
  std::uint32_t big = 0;
  __builtin_memcpy(&big, bytes, 4);
  return static_cast<std::int32_t>(__builtin_bswap32(big));
}

// Room for any Decimal: a head and six digits before the point, five behind it.
inline constexpr int kNumericBytesMax = 8 + 2 * 11;
// Writes the value in its shortest form: no leading or trailing zeros, and a scale of just the decimals it has. Returns
// the end.
char* write_numeric(Decimal value, char* out);

// Any NUMERIC as text: exact, no exponent, no trailing zeros; "NaN", "Infinity", "-Infinity".
// Errc: corrupt (not the binary form of a NUMERIC).
Result<std::string> numeric_text(std::string_view bytes);

inline constexpr std::int64_t kSecondsFrom1970To2000 = 946'684'800;
inline constexpr std::int32_t kDaysFrom1970To2000 = 10'957;

// An instant in two parts: TIMESTAMPTZ, and the nanoseconds above it (0 to 999).
struct SplitInstant {
  std::int64_t microseconds = 0;  // since 2000-01-01, rounded down
  std::int32_t nanos = 0;
};
inline SplitInstant split(Timestamp at) {
  std::int64_t microseconds = at.ns / 1000;
  auto nanos = static_cast<std::int32_t>(at.ns % 1000);
  if (nanos < 0) {
    nanos += 1000;
    --microseconds;
  }
  return {microseconds - kSecondsFrom1970To2000 * 1'000'000, nanos};
}
// Errc: corrupt (beyond what a Timestamp can hold: another writer's value).
Result<Timestamp> join(SplitInstant parts);

inline std::int32_t postgres_day(Day day) { return day.days - kDaysFrom1970To2000; }
inline Day day_from_postgres(std::int32_t days) { return Day{days + kDaysFrom1970To2000}; }

// DATE of a text that is a day; row rules have checked it.
std::int32_t postgres_day(std::string_view text);

}  // namespace blotter::postgres
