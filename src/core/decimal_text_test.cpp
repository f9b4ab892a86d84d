#include <gtest/gtest.h>

#include <string>

#include "blotter/decimal.h"
#include "core/decimal_oracle_test.h"
#include "core/random_seed_test.h"

namespace blotter {
namespace {

constexpr int kRounds = 300'000;

struct Reading {
  const char* text;
  const char* shortest;
};

TEST(DecimalText, ReadsEveryFormOfANumberExactly) {
  const Reading readings[] = {
      {"0", "0"},
      {"-0", "0"},
      {"-0.000", "0"},
      {"+0", "0"},
      {"+3.25", "3.25"},
      {"007.50", "7.5"},
      {"1e-8", "0.00000001"},
      {"1E-8", "0.00000001"},
      {"1e+3", "1000"},
      {"1.5e3", "1500"},
      {"1.7885566900000001", "1.7885566900000001"},
      {"-236.01000000", "-236.01"},
      {"100", "100"},
      {"0.000000000000000001", "0.000000000000000001"},
      {"1e-18", "0.000000000000000001"},
      {"10e-19", "0.000000000000000001"},
      {"0.10000000000000000000", "0.1"},
      {"1.0000000000000000000000000000000000000000000000000000000000000", "1"},
      {"0e99999999999999999999", "0"},
      {"0.0e-99999999999999999999", "0"},
      {"1e20", "100000000000000000000"},
      {"0.0000000000000000000000000000000001e34", "1"},
      {"100000000000000000000000000000000000e-35", "1"},
      {"999999999999999999.999999999999999999", "999999999999999999.999999999999999999"},
      {"1000000000000000000", "1000000000000000000"},
      {"18446744073709551615", "18446744073709551615"},
      {"18446744073709551616", "18446744073709551616"},
      {"100000000000000000001.5", "100000000000000000001.5"},
      {"170141183460469231731.687303715884105727", "170141183460469231731.687303715884105727"},
      {"-170141183460469231731.687303715884105728", "-170141183460469231731.687303715884105728"},
      {"-170141183460469231731687303715884105728e-18", "-170141183460469231731.687303715884105728"},
  };
  for (const Reading& reading : readings) {
    const auto value = Decimal::parse(reading.text);
    ASSERT_TRUE(value.has_value()) << reading.text << ": " << value.error().message;
    EXPECT_EQ(to_text(*value), reading.shortest) << reading.text;
  }
}

TEST(DecimalText, RefusesWhatIsNotANumber) {
  for (const char* text :
       {"",    "-",   "+",  ".",  ".5",  "5.",   "-.5",   "5.e3", "abc", "1e",    "1e+",   "e5", "1.2.3",
        "--1", "+-1", "1 ", " 1", "1,5", "0x10", "1e5.5", "inf",  "nan", "1_000", "1e5e5", "٣"}) {
    const auto value = Decimal::parse(text);
    ASSERT_FALSE(value.has_value()) << text;
    EXPECT_EQ(value.error().code, Errc::invalid);
    EXPECT_NE(value.error().message.find("is not a number"), std::string::npos) << value.error().message;
  }
  EXPECT_FALSE(Decimal::parse(std::string_view("1\0", 2)).has_value());
}

TEST(DecimalText, RefusesMoreDecimalsThanItKeepsUnlessTheyAreZero) {
  for (const char* text : {"0.0000000000000000001", "1e-19", "1.0000000000000000005", "-1e-999999999999",
                           "123456789012345678901234567890123456789.1"}) {
    const auto value = Decimal::parse(text);
    // The last one is out of range as well; which of the two is said does not matter, that it is refused does.
    ASSERT_FALSE(value.has_value()) << text;
    EXPECT_EQ(value.error().code, Errc::invalid);
  }
  EXPECT_EQ(Decimal::parse("1e-19").error().message, "'1e-19' has more than 18 decimals");
}

TEST(DecimalText, RefusesWhatIsOutOfRange) {
  for (const char* text : {"170141183460469231731.687303715884105728", "-170141183460469231731.687303715884105729",
                           "1e21", "1e300", "-1e999999999999", "2e20", "340282366920938463463.374607431768211456",
                           "999999999999999999999", "99999999999999999999999999999999999999999999"}) {
    const auto value = Decimal::parse(text);
    ASSERT_FALSE(value.has_value()) << text;
    EXPECT_NE(value.error().message.find("out of range"), std::string::npos) << value.error().message;
  }
}

TEST(DecimalText, ReadsAtMost64Characters) {
  const std::string zeros(63, '0');
  EXPECT_TRUE(Decimal::parse(zeros + "1").has_value());
  const auto longer = Decimal::parse(zeros + "01");
  ASSERT_FALSE(longer.has_value());
  EXPECT_NE(longer.error().message.find("at most 64 characters"), std::string::npos);
}

TEST(DecimalText, SaysWhyInOneLineWhateverTheBytes) {
  EXPECT_EQ(Decimal::parse("abc").error().message, "'abc' is not a number");
  EXPECT_EQ(Decimal::parse("a\nb\xff").error().message, "'a?b?' is not a number");
}

TEST(DecimalText, GivesBackEveryNumberThatItWrites) {
  oracle::Numbers numbers(test_seed());
  for (int i = 0; i < kRounds; ++i) {
    const Decimal value = i % 2 == 0 ? numbers.decimal() : numbers.market_decimal();
    char buffer[kDecimalTextMax];
    const std::string text(buffer, write_text(value, buffer));
    const auto again = Decimal::parse(text);
    ASSERT_TRUE(again.has_value()) << text;
    ASSERT_EQ(*again, value) << text;
    ASSERT_EQ(to_text(value), text);
    // Shortest: neither a decimal's trailing zero nor a naked point, no zero before another digit.
    if (text.find('.') != std::string::npos) {
      ASSERT_NE(text.back(), '0') << text;
      ASSERT_NE(text.back(), '.') << text;
    }
    const std::string unsigned_text = value.is_negative() ? text.substr(1) : text;
    ASSERT_TRUE(unsigned_text == "0" || unsigned_text[0] != '0' || unsigned_text[1] == '.') << text;
  }
}

TEST(DecimalText, ReadsTheSameFromAnyPlaceOfThePoint) {
  oracle::Numbers numbers(test_seed());
  for (int i = 0; i < kRounds; ++i) {
    const Decimal value = numbers.decimal();
    const oracle::Big units = oracle::big(value);
    // The units as an integer, with the point shifted by an exponent, go the way of the rare forms.
    const std::string text = units.str() + "e-18";
    const auto again = Decimal::parse(text);
    ASSERT_TRUE(again.has_value()) << text;
    ASSERT_EQ(*again, value) << text;
  }
}

}  // namespace
}  // namespace blotter
