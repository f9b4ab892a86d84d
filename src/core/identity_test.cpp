#include "core/identity.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

#include "core/random_seed_test.h"

namespace blotter {
namespace {

Identity identity(std::uint64_t high, std::uint64_t low, std::uint32_t variant, std::uint64_t content = 7) {
  return {.key = {.high = high, .low = low}, .variant = variant, .content = content};
}

TEST(IdentityKeys, BordersBetweenPartsCount) {
  EXPECT_NE(make_key(IdentityKind::order, {"ab", "c"}), make_key(IdentityKind::order, {"a", "bc"}));
  EXPECT_NE(make_key(IdentityKind::order, {"ab"}), make_key(IdentityKind::order, {"ab", ""}));
  EXPECT_NE(make_key(IdentityKind::order, {"a"}), make_key(IdentityKind::venue_order, {"a"}));
  EXPECT_EQ(make_key(IdentityKind::order, {"a", "b"}), make_key(IdentityKind::order, {"a", "b"}));
  const std::string at_the_buffer(251, 'x');
  for (const std::size_t size : {200u, 245u, 246u, 247u, 250u, 251u}) {
    const std::string part = at_the_buffer.substr(0, size);
    EXPECT_NE(make_key(IdentityKind::order, {part, "ab"}), make_key(IdentityKind::order, {part, "ac"})) << size;
    EXPECT_EQ(make_key(IdentityKind::order, {part, "ab"}), make_key(IdentityKind::order, {part, "ab"})) << size;
  }
}

TEST(Identities, KeysThatShareAShardAndASlotAreToldApart) {
  Identities identities;
  // One shard (the highest byte of `high`), one slot (`low` maps to the first).
  for (std::uint64_t i = 0; i < 1000; ++i) identities.remember(identity(i, 1, 0, i + 1), Seq{i + 1});
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const auto* found = identities.find({.high = i, .low = 1});
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->seq(), Seq{i + 1});
    EXPECT_EQ(found->content, i + 1);
  }
  EXPECT_EQ(identities.find({.high = 1000, .low = 1}), nullptr);
  EXPECT_EQ(identities.size(), 1000u);
}

TEST(Identities, TheLastSlotIsFollowedByTheFirst) {
  Identities identities;
  for (std::uint64_t i = 0; i < 500; ++i) identities.remember(identity(i, ~std::uint64_t{0}, 0), Seq{i + 1});
  for (std::uint64_t i = 0; i < 500; ++i) ASSERT_NE(identities.find({.high = i, .low = ~std::uint64_t{0}}), nullptr);
  EXPECT_EQ(identities.find({.high = 9999, .low = ~std::uint64_t{0}}), nullptr);
}

TEST(Identities, AllVariantsOfAKeyAreFoundAfterGrowth) {
  Identities identities;
  for (std::uint32_t v = 0; v < 300; ++v) identities.remember(identity(5, 5, v), Seq{v + 1});
  for (std::uint64_t i = 0; i < 5000; ++i) identities.remember(identity(6 + i, 5 + i * 1'000'003, 0), Seq{i + 1000});
  EXPECT_EQ(identities.find_all({.high = 5, .low = 5}).size(), 300u);
  EXPECT_EQ(identities.find({.high = 5, .low = 5}, 299)->seq(), Seq{300});
  EXPECT_EQ(identities.find({.high = 5, .low = 5}, 300), nullptr);
  EXPECT_TRUE(identities.find_all({.high = 4, .low = 5}).empty());
}

TEST(Identities, RememberingAgainMovesTheEntry) {
  Identities identities;
  identities.remember(identity(5, 5, 1, 10), Seq{1});
  identities.remember(identity(5, 5, 1, 11), Seq{9});
  EXPECT_EQ(identities.size(), 1u);
  EXPECT_EQ(identities.find({.high = 5, .low = 5}, 1)->seq(), Seq{9});
  EXPECT_EQ(identities.find({.high = 5, .low = 5}, 1)->content, 11u);
}

TEST(Identities, ForgetNothingAmongAMillionAndTakeAtMost48BytesEach) {
  std::mt19937_64 random(test_seed());
  Identities identities;
  std::vector<IdentityKey> keys;
  constexpr std::uint64_t kCount = 1'000'000;
  keys.reserve(kCount);
  for (std::uint64_t i = 1; i <= kCount; ++i) {
    keys.push_back({.high = random(), .low = random()});
    identities.remember({.key = keys.back(), .variant = static_cast<std::uint32_t>(i & 0xffffff), .content = i},
                        Seq{i});
    if (i % 100'000 == 0) {
      EXPECT_LE(identities.bytes(), i * 48) << i;
    }
  }
  EXPECT_EQ(identities.size(), kCount);
  for (std::uint64_t i = 1; i <= kCount; ++i) {
    const auto* found = identities.find(keys[i - 1], static_cast<std::uint32_t>(i & 0xffffff));
    ASSERT_NE(found, nullptr);
    ASSERT_EQ(found->seq(), Seq{i});
  }
  std::size_t visited = 0;
  identities.for_each([&](const Identities::Entry&) { ++visited; });
  EXPECT_EQ(visited, kCount);
}

TEST(Identities, ReservingChangesNothingThatIsFound) {
  Identities identities;
  for (std::uint64_t i = 1; i <= 100; ++i) identities.remember(identity(i << 56, i, 3), Seq{i});
  identities.reserve(100'000);
  for (std::uint64_t i = 1; i <= 100; ++i) ASSERT_NE(identities.find({.high = i << 56, .low = i}, 3), nullptr);
  EXPECT_LE(identities.bytes(), 100'000u * 48);
}

}  // namespace
}  // namespace blotter
