// New York's clock: what feeds need that write times as seconds after midnight there.
#pragma once

#include <cstdint>

#include "blotter/time.h"

namespace blotter::feeds {

// The first year whose rule for daylight saving time is known here.
inline constexpr int kNewYorkFirstYear = 1987;

// Hours that New York is behind UTC at noon of the day: 4 in summer (EDT), 5 in winter (EST). By the law of the
// United States: since 2007 from the second Sunday of March to the first of November, from 1987 to 2006 from the
// first Sunday of April to the last of October. The clock changes at two in the morning of a Sunday, when no exchange
// is open, so one offset serves a trading day.
int new_york_hours_behind_utc(int year, unsigned month, unsigned day);

// The instant of 00:00 on that day as counted back from its noon.
// Errc: invalid (not YYYY-MM-DD, or before kNewYorkFirstYear).
Result<Timestamp> new_york_midnight(std::string_view date);

}  // namespace blotter::feeds
