#include "blotter/time.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <random>

#include "core/random_seed_test.h"

namespace blotter {
namespace {

constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();

struct Reading {
  const char* text;
  std::int64_t ns;
};

TEST(Timestamp, ReadsEveryFormOfAnInstant) {
  const Reading readings[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"2015-05-01T00:00:04.518Z", 1'430'438'404'518'000'000},
      {"2015-05-01 00:00:04.518z", 1'430'438'404'518'000'000},
      {"2015-05-01t00:00:04.518Z", 1'430'438'404'518'000'000},
      {"2015-05-01T02:00:04.518+02:00", 1'430'438'404'518'000'000},
      {"2015-04-30T18:30:04.518-05:30", 1'430'438'404'518'000'000},
      {"2015-05-01T00:00:04.518000000-00:00", 1'430'438'404'518'000'000},
      {"1969-12-31T23:59:59.999999999Z", -1},
      {"1970-01-01T00:00:00.000000001Z", 1},
      {"1970-01-01T00:00:00.0000000010000Z", 1},
      {"2016-02-29T12:00:00Z", 1'456'747'200'000'000'000},
      {"2000-02-29T00:00:00Z", 951'782'400'000'000'000},
      {"1430438404518000000", 1'430'438'404'518'000'000},
      {"0", 0},
      {"-1", -1},
      {"9223372036854775807", kLast},
      {"-9223372036854775808", kFirst},
      {"2262-04-11T23:47:16.854775807Z", kLast},
      {"2262-04-12T23:46:15.854775807+23:59", kLast - kNsPerSecond},
      {"1677-09-21T00:12:43.145224192Z", kFirst},
  };
  for (const Reading& reading : readings) {
    const auto at = parse_timestamp(reading.text);
    ASSERT_TRUE(at.has_value()) << reading.text << ": " << at.error().message;
    EXPECT_EQ(at->ns, reading.ns) << reading.text;
  }
}

TEST(Timestamp, RefusesWhatIsNoInstant) {
  for (const char* text : {"",
                           "-",
                           "+5",
                           "1.5",
                           "1e9",
                           "abc",
                           "2015-05-01",
                           "2015-05-01T00:00:04",
                           "2015-05-01T00:00:04.Z",
                           "2015-05-01T00:00Z",
                           "2015-5-1T00:00:04Z",
                           "2015-05-01T00:00:04Z ",
                           " 2015-05-01T00:00:04Z",
                           "2015-05-01T00:00:04+0200",
                           "2015-05-01T00:00:04+02",
                           "2015-05-01T00:00:04+02:00Z",
                           "2015-13-01T00:00:00Z",
                           "2015-00-01T00:00:00Z",
                           "2015-05-00T00:00:00Z",
                           "2015-04-31T00:00:00Z",
                           "2015-02-29T00:00:00Z",
                           "1900-02-29T00:00:00Z",
                           "2015-05-01T24:00:00Z",
                           "2015-05-01T00:60:00Z",
                           "2015-05-01T00:00:61Z",
                           "2015-05-01T00:00:00+24:00",
                           "2015-05-01T00:00:00+02:60",
                           "2015-05-01T00:00:00.0000000001Z",
                           "2015-05-01T00:00:00,5Z",
                           "20150501T000000Z",
                           "2262-04-11T23:47:16.854775808Z",
                           "1677-09-21T00:12:43.145224191Z",
                           "0000-01-01T00:00:00Z",
                           "9999-12-31T23:59:59Z",
                           "9223372036854775808",
                           "-9223372036854775809",
                           "99999999999999999999999"}) {
    const auto at = parse_timestamp(text);
    ASSERT_FALSE(at.has_value()) << text;
    EXPECT_EQ(at.error().code, Errc::invalid);
    EXPECT_EQ(at.error().message.find('\n'), std::string::npos);
  }
}

TEST(Timestamp, SaysThatALeapSecondIsTheReason) {
  const auto at = parse_timestamp("2016-12-31T23:59:60Z");
  ASSERT_FALSE(at.has_value());
  EXPECT_NE(at.error().message.find("leap second"), std::string::npos);
}

TEST(Timestamp, IsAlwaysWrittenIn30Characters) {
  EXPECT_EQ(to_text(Timestamp{1'430'438'404'518'000'000}), "2015-05-01T00:00:04.518000000Z");
  EXPECT_EQ(to_text(Timestamp{-1}), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(to_text(Timestamp{kFirst}), "1677-09-21T00:12:43.145224192Z");
  EXPECT_EQ(to_text(Timestamp{kLast}), "2262-04-11T23:47:16.854775807Z");
}

TEST(Timestamp, GivesBackEveryInstantAndSortsAsItsText) {
  std::mt19937_64 random(test_seed());
  Timestamp before{kFirst};
  std::string text_before = to_text(before);
  for (int i = 0; i < 300'000; ++i) {
    const Timestamp at{static_cast<std::int64_t>(random())};
    std::string text = to_text(at);
    ASSERT_EQ(text.size(), static_cast<std::size_t>(kTimestampTextSize));
    const auto again = parse_timestamp(text);
    ASSERT_TRUE(again.has_value()) << text;
    ASSERT_EQ(again->ns, at.ns) << text;
    ASSERT_EQ(text < text_before, at < before) << text << ' ' << text_before;
    before = at;
    text_before = std::move(text);
  }
}

// The oracle is the standard library's calendar, which the core itself may not include.
TEST(Day, AgreesWithTheStandardCalendarOnEveryDayOfAThousandYears) {
  const std::int64_t first = days_from_civil(1600, 1, 1);
  const std::int64_t last = days_from_civil(2600, 1, 1);
  for (std::int64_t days = first; days < last; ++days) {
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
    const auto year = static_cast<int>(date.year());
    ASSERT_EQ(days_from_civil(year, static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day())), days);
    const Day day{static_cast<std::int32_t>(days)};
    const std::string text = to_text(day);
    ASSERT_EQ(text.size(), 10U);
    ASSERT_EQ(std::stoi(text.substr(0, 4)), year);
    ASSERT_EQ(static_cast<unsigned>(std::stoi(text.substr(5, 2))), static_cast<unsigned>(date.month()));
    ASSERT_EQ(static_cast<unsigned>(std::stoi(text.substr(8, 2))), static_cast<unsigned>(date.day()));
    ASSERT_EQ(*parse_day(text), day);
  }
}

TEST(Day, ChangesAtMidnightBeforeAndAfter1970) {
  EXPECT_EQ(day_of(Timestamp{0}).days, 0);
  EXPECT_EQ(day_of(Timestamp{kNsPerDay - 1}).days, 0);
  EXPECT_EQ(day_of(Timestamp{kNsPerDay}).days, 1);
  EXPECT_EQ(day_of(Timestamp{-1}).days, -1);
  EXPECT_EQ(day_of(Timestamp{-kNsPerDay}).days, -1);
  EXPECT_EQ(day_of(Timestamp{-kNsPerDay - 1}).days, -2);
  EXPECT_EQ(to_text(day_of(Timestamp{kFirst})), "1677-09-21");
  EXPECT_EQ(to_text(day_of(Timestamp{kLast})), "2262-04-11");
}

TEST(Day, RefusesWhatIsNoDay) {
  for (const char* text :
       {"", "2015-05", "2015-5-1", "2015-02-29", "2015-05-32", "2015/05/01", "2015-05-01T", "20150501"}) {
    EXPECT_FALSE(parse_day(text).has_value()) << text;
  }
}

TEST(Day, KeepsYearsOfMoreThanFourDigits) {
  EXPECT_EQ(to_text(Day{static_cast<std::int32_t>(days_from_civil(9999, 12, 31))}), "9999-12-31");
  EXPECT_EQ(to_text(Day{static_cast<std::int32_t>(days_from_civil(10'000, 1, 1))}), "+10000-01-01");
  EXPECT_EQ(to_text(Day{static_cast<std::int32_t>(days_from_civil(0, 3, 1))}), "0000-03-01");
  EXPECT_EQ(to_text(Day{static_cast<std::int32_t>(days_from_civil(-44, 3, 15))}), "-0044-03-15");
}

}  // namespace
}  // namespace blotter
