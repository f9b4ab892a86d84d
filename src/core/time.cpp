#include "blotter/time.h"

#include <array>
#include <charconv>
#include <cstdlib>

#include "core/digits.h"

namespace blotter {

namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;

struct CivilDate {
  std::int64_t year = 0;
  unsigned month = 0;
  unsigned day = 0;
};

struct FloorDivision {
  std::int64_t quotient = 0;
  std::int64_t remainder = 0;  // never negative
};

constexpr FloorDivision floor_divide(std::int64_t value, std::int64_t by) {
  const std::int64_t quotient = value / by;
  const std::int64_t remainder = value % by;
  return remainder < 0 ? FloorDivision{quotient - 1, remainder + by} : FloorDivision{quotient, remainder};
}

// Howard Hinnant, "chrono-compatible low-level date algorithms": years begin in March, so that the leap day is the
// last one, and eras of 400 years all have the same length.
constexpr CivilDate civil_from_days(std::int64_t days) {
  const FloorDivision era = floor_divide(days + 719'468, 146'097);
  const auto day_of_era = static_cast<unsigned>(era.remainder);
  const unsigned year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned march_month = (5 * day_of_year + 2) / 153;
  const unsigned day = day_of_year - (153 * march_month + 2) / 5 + 1;
  const unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;
  return {era.quotient * 400 + year_of_era + (month <= 2 ? 1 : 0), month, day};
}

constexpr unsigned days_in_month(std::int64_t year, unsigned month) {
  constexpr std::array<unsigned, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// Takes the text apart from the left; the first mismatch makes every later read fail too.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  unsigned number(std::size_t digit_count) {
    if (rest_.size() < digit_count) return failed();
    unsigned value = 0;
    for (const char c : rest_.substr(0, digit_count)) {
      if (!digits::is_digit(c)) return failed();
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    rest_.remove_prefix(digit_count);
    return value;
  }

  // Takes one character out of `allowed` and returns it.
  char one_of(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_.front()) == std::string_view::npos) {
      failed();
      return 0;
    }
    const char taken = rest_.front();
    rest_.remove_prefix(1);
    return taken;
  }

  std::string_view digit_run() {
    std::size_t size = 0;
    while (size < rest_.size() && digits::is_digit(rest_[size])) ++size;
    const std::string_view run = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return run;
  }

  bool starts_with(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool at_end() const { return rest_.empty(); }
  bool ok() const { return ok_; }

 private:
  unsigned failed() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

CivilDate read_date(Reader& reader) {
  CivilDate date;
  date.year = reader.number(4);
  reader.one_of("-");
  date.month = reader.number(2);
  reader.one_of("-");
  date.day = reader.number(2);
  return date;
}

bool exists(const CivilDate& date) {
  return date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= days_in_month(date.year, date.month);
}

Unexpected refuse(std::string_view text, const char* why) { return fail(Errc::invalid, digits::quoted(text) + why); }

bool is_integer(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<Timestamp> parse_nanoseconds(std::string_view text) {
  Timestamp at;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), at.ns);
  if (error != std::errc{}) return refuse(text, " is out of range (1677-09-21 to 2262-04-11)");
  return at;
}

// Nanoseconds of the fraction digits, or -1 when there are more than nine that count.
std::int64_t fraction_ns(std::string_view fraction) {
  constexpr std::size_t kDigits = 9;
  std::int64_t ns = 0;
  for (std::size_t i = 0; i < kDigits; ++i) ns = ns * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  const bool surplus = fraction.size() > kDigits && fraction.find_first_not_of('0', kDigits) != std::string_view::npos;
  return surplus ? -1 : ns;
}

// False when the instant is out of range. The nanosecond part goes toward the seconds' sign first, because the first
// representable second is not a whole one.
bool join_seconds(std::int64_t seconds, std::int64_t ns, Timestamp& at) {
  if (seconds < 0 && ns > 0) {
    ++seconds;
    ns -= kNsPerSecond;
  }
  return !__builtin_mul_overflow(seconds, kNsPerSecond, &at.ns) && !__builtin_add_overflow(at.ns, ns, &at.ns);
}

char* write_date(const CivilDate& date, char* out) {
  out = digits::write4(static_cast<std::uint32_t>(date.year), out);
  *out++ = '-';
  out = digits::write2(date.month, out);
  *out++ = '-';
  return digits::write2(date.day, out);
}

}  // namespace

Day day_of(Timestamp at) { return Day{static_cast<std::int32_t>(floor_divide(at.ns, kNsPerDay).quotient)}; }

std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
  const FloorDivision era = floor_divide(month <= 2 ? year - 1 : year, 400);
  const auto year_of_era = static_cast<unsigned>(era.remainder);
  const unsigned march_month = month > 2 ? month - 3 : month + 9;
  const unsigned day_of_year = (153 * march_month + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era.quotient * 146'097 + day_of_era - 719'468;
}

Result<Timestamp> parse_timestamp(std::string_view text) {
  if (is_integer(text)) return parse_nanoseconds(text);
  Reader reader(text);
  const CivilDate date = read_date(reader);
  reader.one_of("Tt ");
  const unsigned hour = reader.number(2);
  reader.one_of(":");
  const unsigned minute = reader.number(2);
  reader.one_of(":");
  const unsigned second = reader.number(2);
  std::string_view fraction;
  if (reader.starts_with('.')) {
    reader.one_of(".");
    fraction = reader.digit_run();
    if (fraction.empty()) return refuse(text, " is not a time: no digits after the point");
  }
  const char zone = reader.one_of("Zz+-");
  unsigned offset_hour = 0;
  unsigned offset_minute = 0;
  if (zone == '+' || zone == '-') {
    offset_hour = reader.number(2);
    reader.one_of(":");
    offset_minute = reader.number(2);
  }
  if (!reader.ok() || !reader.at_end()) return refuse(text, " is not a time (RFC 3339, or integer nanoseconds)");
  if (!exists(date)) return refuse(text, " is not a time: no such date");
  if (second == 60) return refuse(text, " is a leap second, which UTC in nanoseconds cannot express");
  if (hour > 23 || minute > 59 || second > 59) return refuse(text, " is not a time: no such time of day");
  if (offset_hour > 23 || offset_minute > 59) return refuse(text, " is not a time: no such offset from UTC");
  const std::int64_t ns = fraction_ns(fraction);
  if (ns < 0) return refuse(text, " is finer than a nanosecond");

  const std::int64_t offset = std::int64_t{offset_hour} * 3'600 + std::int64_t{offset_minute} * 60;
  const std::int64_t seconds = days_from_civil(date.year, date.month, date.day) * kSecondsPerDay +
                               std::int64_t{hour} * 3'600 + std::int64_t{minute} * 60 + second -
                               (zone == '-' ? -offset : offset);
  Timestamp at;
  if (!join_seconds(seconds, ns, at)) return refuse(text, " is out of range (1677-09-21 to 2262-04-11)");
  return at;
}

Result<Day> parse_day(std::string_view text) {
  Reader reader(text);
  const CivilDate date = read_date(reader);
  if (!reader.ok() || !reader.at_end()) return refuse(text, " is not a day (YYYY-MM-DD)");
  if (!exists(date)) return refuse(text, " is not a day: no such date");
  return Day{static_cast<std::int32_t>(days_from_civil(date.year, date.month, date.day))};
}

char* write_text(Timestamp at, char* out) {
  const FloorDivision day = floor_divide(at.ns, kNsPerDay);
  const auto second_of_day = static_cast<std::uint32_t>(static_cast<std::uint64_t>(day.remainder) / kNsPerSecond);
  const auto ns = static_cast<std::uint32_t>(static_cast<std::uint64_t>(day.remainder) % kNsPerSecond);
  out = write_date(civil_from_days(day.quotient), out);
  *out++ = 'T';
  out = digits::write2(second_of_day / 3'600, out);
  *out++ = ':';
  out = digits::write2(second_of_day / 60 % 60, out);
  *out++ = ':';
  out = digits::write2(second_of_day % 60, out);
  *out++ = '.';
  *out++ = static_cast<char>('0' + ns / 100'000'000);
  out = digits::write8(ns % 100'000'000, out);
  *out++ = 'Z';
  return out;
}

std::string to_text(Timestamp at) {
  std::string text(kTimestampTextSize, '\0');
  write_text(at, text.data());
  return text;
}

std::string to_text(Day day) {
  const CivilDate date = civil_from_days(day.days);
  std::array<char, 32> text;
  if (date.year >= 0 && date.year <= 9'999) return {text.data(), write_date(date, text.data())};
  // Every Timestamp's day has a year of four digits. Years beyond that get a sign, as ISO 8601 expands them.
  const auto years = static_cast<std::uint32_t>(std::abs(date.year));
  char* out = text.data();
  *out++ = date.year < 0 ? '-' : '+';
  if (years > 9'999) out = digits::write_shortest(years / 10'000, out);
  const CivilDate lower{years % 10'000, date.month, date.day};
  return {text.data(), write_date(lower, out)};
}

}  // namespace blotter
