#include "feeds/new_york_time.h"

#include <gtest/gtest.h>

namespace blotter::feeds {
namespace {

struct Case {
  const char* date;
  int hours_behind;
};

// Transition days as published for each year.
constexpr Case kCases[] = {
    {"2012-03-10", 5}, {"2012-03-11", 4}, {"2012-06-21", 4}, {"2012-11-03", 4}, {"2012-11-04", 5}, {"2015-03-07", 5},
    {"2015-03-08", 4}, {"2015-10-31", 4}, {"2015-11-01", 5}, {"2026-01-05", 5}, {"2007-03-10", 5}, {"2007-03-11", 4},
    {"2007-11-03", 4}, {"2007-11-04", 5}, {"2006-04-01", 5}, {"2006-04-02", 4}, {"2006-10-28", 4}, {"2006-10-29", 5},
    {"2000-04-01", 5}, {"2000-04-02", 4}, {"2000-10-28", 4}, {"2000-10-29", 5}, {"1987-04-04", 5}, {"1987-04-05", 4},
    {"1987-10-24", 4}, {"1987-10-25", 5}, {"2020-03-08", 4}, {"2020-11-01", 5}, {"2024-03-10", 4}, {"2024-11-03", 5},
};

TEST(NewYorkTime, FollowsTheLawOfEachYear) {
  for (const Case& c : kCases) {
    const auto midnight = new_york_midnight(c.date);
    ASSERT_TRUE(midnight.has_value()) << c.date;
    const auto utc_midnight = parse_timestamp(std::string(c.date) + "T00:00:00Z");
    EXPECT_EQ(midnight->ns - utc_midnight->ns, c.hours_behind * 3600 * kNsPerSecond) << c.date;
  }
}

TEST(NewYorkTime, RefusesWhatIsNoDateOrTooOld) {
  for (const char* date : {"", "2012-06-31", "2012-6-21", "20120621", "1986-12-31", "2012-06-21T", "abcd-ef-gh"}) {
    const auto midnight = new_york_midnight(date);
    ASSERT_FALSE(midnight.has_value()) << date;
    EXPECT_EQ(midnight.error().code, Errc::invalid);
  }
}

}  // namespace
}  // namespace blotter::feeds
