#include "store/postgres/numeric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace blotter::postgres {
namespace {

std::string bytes_of(Decimal value) {
  char buffer[kNumericBytesMax];
  return {buffer, static_cast<std::size_t>(write_numeric(value, buffer) - buffer)};
}

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0 && i % 2 == 0) text += ' ';
    text += kDigits[static_cast<unsigned char>(bytes[i]) >> 4];
    text += kDigits[static_cast<unsigned char>(bytes[i]) & 15];
  }
  return text;
}

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += text[i + 2] == ' ' ? 3 : 2) {
    bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
    if (i + 2 >= text.size()) break;
  }
  return bytes;
}

Decimal dec(const char* text) { return *Decimal::parse(text); }

TEST(Numeric, WritesTheShortestForm) {
  const struct {
    const char* value;
    const char* bytes;
  } rows[] = {
      {"123.4500", "0002 0000 0000 0002 007b 1194"},
      {"-98765.43210", "0003 0001 4000 0004 0009 223d 10e1"},
      {"0.00000001", "0001 fffe 0000 0008 0001"},
      {"0", "0000 0000 0000 0000"},
      {"100000000000000000000", "0001 0005 0000 0000 0001"},
      {"10000", "0001 0001 0000 0000 0001"},
      {"10001", "0002 0001 0000 0000 0001 0001"},
      {"0.1", "0001 ffff 0000 0001 03e8"},
      {"0.000000000000000001", "0001 fffb 0000 0012 0064"},
      {"-1.5", "0002 0000 4000 0001 0001 1388"},
  };
  for (const auto& row : rows) EXPECT_EQ(hex(bytes_of(dec(row.value))), row.bytes) << row.value;
}

TEST(Numeric, ReadsFormsThatWeDoNotWrite) {
  const struct {
    const char* bytes;
    const char* text;
  } rows[] = {
      {"0002 0000 0000 0004 007b 1194", "123.45"},
      {"0003 0001 4000 0005 0009 223d 10e1", "-98765.4321"},
      {"0000 0000 0000 0008", "0"},
      {"0000 0000 4000 0000", "0"},
      {"0001 0000 0000 0004 0000", "0"},
      {"0000 0000 c000 0000", "NaN"},
      {"0000 0000 d000 0020", "Infinity"},
      {"0000 0000 f000 0020", "-Infinity"},
      {"0001 0006 0000 0000 0001", "1000000000000000000000000"},
      {"0001 fff9 0000 001c 0001", "0.0000000000000000000000000001"},
      {"0002 0001 0000 0000 0000 0005", "5"},
  };
  for (const auto& row : rows) {
    const auto text = numeric_text(from_hex(row.bytes));
    ASSERT_TRUE(text.has_value()) << row.bytes;
    EXPECT_EQ(*text, row.text) << row.bytes;
  }
}

TEST(Numeric, RefusesBytesThatAreNoNumeric) {
  for (const char* bytes : {"", "0001", "0001 0000 0000 0000", "0001 0000 1234 0000 0001"}) {
    EXPECT_EQ(numeric_text(from_hex(bytes)).error().code, Errc::corrupt) << bytes;
  }
}

// Decimals of every size: random bits shifted by a random amount, many of them with few digits.
Decimal random_decimal(std::mt19937_64& random) {
  auto bits = (static_cast<UInt128>(random()) << 64) | random();
  bits >>= 1 + random() % 127;
  for (auto zeros = random() % 4 == 0 ? random() % 18 : 0; zeros > 0; --zeros) bits = bits / 10 * 10;
  const auto units = static_cast<Int128>(bits);
  return Decimal::from_units(random() % 2 == 0 ? units : -units);
}

TEST(Numeric, AMillionRandomDecimalsReadBackAsTheirText) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 1'000'000; ++i) {
    const Decimal value = random_decimal(random);
    const std::string bytes = bytes_of(value);
    const auto text = numeric_text(bytes);
    ASSERT_TRUE(text.has_value());
    ASSERT_EQ(*text, to_text(value)) << hex(bytes);
    // The scale is the number of decimals in the text.
    const std::size_t point = text->find('.');
    const std::size_t decimals = point == std::string::npos ? 0 : text->size() - point - 1;
    ASSERT_EQ(static_cast<unsigned char>(bytes[7]), decimals) << *text;
  }
}

TEST(Numeric, TakesTheExtremes) {
  for (const Int128 units : {static_cast<Int128>(~UInt128{0} >> 1), -static_cast<Int128>(~UInt128{0} >> 1) - 1}) {
    const Decimal value = Decimal::from_units(units);
    EXPECT_LE(bytes_of(value).size(), static_cast<std::size_t>(kNumericBytesMax));
    EXPECT_EQ(*numeric_text(bytes_of(value)), to_text(value));
  }
}

TEST(Instants, RoundDownAlsoBefore1970) {
  const struct {
    std::int64_t ns;
    std::int64_t microseconds;  // since 1970
    std::int32_t nanos;
  } rows[] = {{0, 0, 0},
              {1, 0, 1},
              {999, 0, 999},
              {1000, 1, 0},
              {-1, -1, 999},
              {-999, -1, 1},
              {-1000, -1, 0},
              {-1001, -2, 999},
              {INT64_MAX, 9'223'372'036'854'775, 807},
              {INT64_MIN, -9'223'372'036'854'776, 192}};
  for (const auto& row : rows) {
    const SplitInstant parts = split(Timestamp{row.ns});
    EXPECT_EQ(parts.microseconds + kSecondsFrom1970To2000 * 1'000'000, row.microseconds) << row.ns;
    EXPECT_EQ(parts.nanos, row.nanos) << row.ns;
    ASSERT_TRUE(join(parts).has_value()) << row.ns;
    EXPECT_EQ(join(parts)->ns, row.ns);
  }
}

TEST(Instants, RefuseWhatNoTimestampHolds) {
  EXPECT_EQ(join({INT64_MAX, 0}).error().code, Errc::corrupt);  // infinity
  EXPECT_EQ(join({INT64_MIN, 0}).error().code, Errc::corrupt);  // -infinity
  EXPECT_EQ(join({9'223'372'036'854'775 - kSecondsFrom1970To2000 * 1'000'000, 808}).error().code, Errc::corrupt);
  EXPECT_EQ(join({-9'223'372'036'854'776 - kSecondsFrom1970To2000 * 1'000'000, 191}).error().code, Errc::corrupt);
}

TEST(Days, CountFrom2000) {
  EXPECT_EQ(postgres_day("2000-01-01"), 0);
  EXPECT_EQ(postgres_day("1999-12-31"), -1);
  EXPECT_EQ(postgres_day("2015-05-01"), 5599);
  EXPECT_EQ(to_text(day_from_postgres(5599)), "2015-05-01");
}

}  // namespace
}  // namespace blotter::postgres
