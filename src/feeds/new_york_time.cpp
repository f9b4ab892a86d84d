#include "feeds/new_york_time.h"

#include "feeds/text.h"

namespace blotter::feeds {
namespace {

// 1970-01-01 was a Thursday. 0 is Sunday.
int weekday_of(std::int64_t days) { return static_cast<int>(((days % 7) + 7 + 4) % 7); }

// The first Sunday on or after a date, in days since 1970-01-01.
std::int64_t sunday_from(int year, unsigned month, unsigned day) {
  const std::int64_t days = days_from_civil(year, month, day);
  return days + (7 - weekday_of(days)) % 7;
}

}  // namespace

int new_york_hours_behind_utc(int year, unsigned month, unsigned day) {
  const std::int64_t days = days_from_civil(year, month, day);
  const bool since_2007 = year >= 2007;
  const std::int64_t begins = since_2007 ? sunday_from(year, 3, 8) : sunday_from(year, 4, 1);
  const std::int64_t ends = since_2007 ? sunday_from(year, 11, 1) : sunday_from(year, 10, 25);
  return days >= begins && days < ends ? 4 : 5;
}

Result<Timestamp> new_york_midnight(std::string_view date) {
  BLOTTER_ASSIGN(const Day day, parse_day(date));
  std::uint64_t year = 0;
  std::uint64_t month = 0;
  std::uint64_t day_of_month = 0;
  const bool plain = date.size() == 10 && parse_digits(date.substr(0, 4), year) &&
                     parse_digits(date.substr(5, 2), month) && parse_digits(date.substr(8, 2), day_of_month);
  if (!plain || year < kNewYorkFirstYear || year > 2200) {
    return fail(Errc::invalid, quoted(date) + " is not a date from 1987 on");
  }
  const std::int64_t behind = new_york_hours_behind_utc(static_cast<int>(year), static_cast<unsigned>(month),
                                                        static_cast<unsigned>(day_of_month));
  return Timestamp{day.days * kNsPerDay + behind * 3'600 * kNsPerSecond};
}

}  // namespace blotter::feeds
