// Timestamp: an instant in nanoseconds since 1970-01-01T00:00:00Z. UTC, no leap seconds (POSIX).
//
// Range      1677-09-21 to 2262-04-11. Order of events is by Seq, never by time.
// This header and its code read no clock: instants come in from outside (see blotter/clock.h).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "blotter/result.h"

namespace blotter {

struct Timestamp {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
};

// A calendar day in UTC, counted from 1970-01-01.
struct Day {
  std::int32_t days = 0;
  friend constexpr auto operator<=>(Day, Day) = default;
};

inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;
inline constexpr std::int64_t kNsPerDay = 86'400 * kNsPerSecond;

Day day_of(Timestamp at);

// Days since 1970-01-01 of a proleptic Gregorian date. month 1..12, day 1..31.
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day);

// RFC 3339 with 0 to 9 fraction digits and 'Z' or an offset, or an integer count of nanoseconds.
// Errc: invalid (not such a text, no such date, out of range).
Result<Timestamp> parse_timestamp(std::string_view text);

// "YYYY-MM-DD". Errc: invalid.
Result<Day> parse_day(std::string_view text);

// Always 30 characters, "2015-05-01T00:00:04.518000000Z", so that texts sort as instants do.
std::string to_text(Timestamp at);
inline constexpr int kTimestampTextSize = 30;
char* write_text(Timestamp at, char* out);

// "YYYY-MM-DD".
std::string to_text(Day day);

}  // namespace blotter
