#include "blotter/ids.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>
#include <string>

#include "core/random_seed_test.h"

namespace blotter {
namespace {

constexpr Timestamp kAt{1'430'438'404'518'000'000};

TEST(OrderId, IsAVersion7UuidOfTheInstantsMilliseconds) {
  const Uuid id = make_order_id(kAt, "BITSTAMP", "1234");
  // 1430438404518 ms is 0x014d0cc5e1a6.
  EXPECT_EQ(to_text(id).substr(0, 15), "014d0cc5-e1a6-7");
  EXPECT_EQ(id.bytes[8] & 0xC0, 0x80);
}

// Ids are in journals and databases: this text may never change.
TEST(OrderId, IsTheSameForeverOnEveryMachine) {
  EXPECT_EQ(to_text(make_order_id(kAt, "A", "1")), "014d0cc5-e1a6-753c-92c6-818b6fd0213a");
}

TEST(OrderId, TellsAccountAndClientOrderIdApart) {
  EXPECT_EQ(make_order_id(kAt, "ab", "c"), make_order_id(kAt, "ab", "c"));
  EXPECT_NE(make_order_id(kAt, "ab", "c"), make_order_id(kAt, "a", "bc"));
  EXPECT_NE(make_order_id(kAt, "ab", "c"), make_order_id(kAt, "ab", "d"));
  EXPECT_NE(make_order_id(kAt, "", ""), make_order_id(kAt, "", "c"));
}

TEST(OrderId, GrowsWithTimeWhateverTheNames) {
  std::mt19937_64 random(test_seed());
  for (int i = 0; i < 100'000; ++i) {
    const auto ms = static_cast<std::int64_t>(random() % 9'000'000'000'000);
    const Uuid earlier = make_order_id(Timestamp{ms * 1'000'000 + 999'999}, "A", std::to_string(random()));
    const Uuid later = make_order_id(Timestamp{(ms + 1) * 1'000'000}, "A", std::to_string(random()));
    ASSERT_LT(earlier, later);
  }
}

TEST(OrderId, SpreadsOverAll74BitsWithinOneMillisecond) {
  std::array<std::uint8_t, 16> always = {};
  std::array<std::uint8_t, 16> ever = {};
  always.fill(0xFF);
  std::set<Uuid> ids;
  for (int i = 0; i < 10'000; ++i) {
    const Uuid id = make_order_id(kAt, "A", std::to_string(i));
    ids.insert(id);
    for (std::size_t byte = 0; byte < 16; ++byte) {
      always[byte] &= id.bytes[byte];
      ever[byte] |= id.bytes[byte];
    }
  }
  EXPECT_EQ(ids.size(), 10'000U);
  int varying = 0;
  for (std::size_t byte = 0; byte < 16; ++byte)
    varying += __builtin_popcount(static_cast<unsigned>(ever[byte] ^ always[byte]));
  EXPECT_EQ(varying, 74);
}

TEST(OrderId, PutsInstantsBefore1970AtZero) {
  EXPECT_EQ(to_text(make_order_id(Timestamp{-1}, "A", "1")).substr(0, 15), "00000000-0000-7");
  EXPECT_EQ(to_text(make_order_id(Timestamp{std::numeric_limits<std::int64_t>::min()}, "A", "1")).substr(0, 15),
            "00000000-0000-7");
}

TEST(OrderId, TakesNamesOfAnyLength) {
  for (const std::size_t size : {0U, 253U, 254U, 255U, 256U, 5'000U}) {
    const std::string name(size, 'x');
    EXPECT_EQ(make_order_id(kAt, "A", name), make_order_id(kAt, "A", name));
    EXPECT_NE(make_order_id(kAt, "A", name), make_order_id(kAt, "A", name + "x"));
  }
}

TEST(Uuid, GivesBackEveryUuidThatItWrites) {
  std::mt19937_64 random(test_seed());
  for (int i = 0; i < 10'000; ++i) {
    Uuid uuid;
    for (auto& byte : uuid.bytes) byte = static_cast<std::uint8_t>(random());
    const std::string text = to_text(uuid);
    ASSERT_EQ(text.size(), static_cast<std::size_t>(kUuidTextSize));
    ASSERT_EQ(*parse_uuid(text), uuid);
  }
}

TEST(Uuid, ReadsBothCasesAndWritesTheLower) {
  EXPECT_EQ(to_text(*parse_uuid("014D0CC5-E1A6-753C-92C6-818B6FD0213A")), "014d0cc5-e1a6-753c-92c6-818b6fd0213a");
}

TEST(Uuid, RefusesEveryOtherText) {
  for (const char* text : {"", "014d0cc5-e1a6-753c-92c6-818b6fd0213", "014d0cc5-e1a6-753c-92c6-818b6fd0213ab",
                           "014d0cc5e1a6753c92c6818b6fd0213a", "014d0cc5-e1a6-753c-92c6-818b6fd0213g",
                           "014d0cc5-e1a6-753c-92c6_818b6fd0213a", "014d0cc5-e1a6-753c92-c6-818b6fd0213a",
                           "{14d0cc5-e1a6-753c-92c6-818b6fd0213}"}) {
    const auto uuid = parse_uuid(text);
    ASSERT_FALSE(uuid.has_value()) << text;
    EXPECT_EQ(uuid.error().code, Errc::invalid);
  }
}

TEST(Asset, HoldsUpTo23BytesAsTheyAre) {
  EXPECT_EQ(Asset::of("XBt").text(), "XBt");
  EXPECT_NE(Asset::of("XBt"), Asset::of("XBT"));
  EXPECT_TRUE(Asset::of("").empty());
  EXPECT_EQ(Asset{}, Asset::of(""));
  const std::string longest(Asset::kBytesMax, 'A');
  EXPECT_EQ(Asset::parse(longest)->text(), longest);
  EXPECT_EQ(std::hash<Asset>{}(Asset::of("USD")), std::hash<Asset>{}(*Asset::parse("USD")));
  EXPECT_LT(Asset::of("BTC"), Asset::of("USD"));
}

TEST(Asset, RefusesLongerTextAndNul) {
  EXPECT_EQ(Asset::parse(std::string(Asset::kBytesMax + 1, 'A')).error().code, Errc::invalid);
  EXPECT_EQ(Asset::parse(std::string_view("A\0B", 3)).error().code, Errc::invalid);
}

TEST(AssetDeathTest, AbortsOnALiteralThatIsTooLong) {
  EXPECT_DEATH(static_cast<void>(Asset::of("a literal that is too long")), "must hold");
}

}  // namespace
}  // namespace blotter
