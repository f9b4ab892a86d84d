// Every way through the states, with made-up time.
#include "ledger/circuit_breaker.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "core/random_seed_test.h"

namespace blotter {
namespace {

constexpr CircuitBreaker::Options kOptions{.failures_max = 3, .cool_down_ms_min = 1'000, .cool_down_ms_max = 8'000};
constexpr std::uint64_t kSeed = 20261121;

struct BreakerTest : testing::Test {
  CircuitBreaker breaker{kOptions, kSeed};

  void fail_until_open(std::int64_t now_ms) {
    while (breaker.state() != BreakerState::open) {
      ASSERT_TRUE(breaker.may_attempt(now_ms));
      breaker.failed(now_ms);
    }
  }
};

TEST_F(BreakerTest, IsClosedAtFirstAndLetsEverythingThrough) {
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(breaker.may_attempt(i));
  EXPECT_EQ(breaker.wait_ms(0), 0);
}

TEST_F(BreakerTest, OpensAfterSoManyFailuresInARow) {
  breaker.failed(0);
  breaker.failed(0);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  breaker.failed(0);
  EXPECT_EQ(breaker.state(), BreakerState::open);
  EXPECT_EQ(breaker.failures(), 3);
}

TEST_F(BreakerTest, ASuccessBetweenFailuresStartsTheCountAnew) {
  for (int i = 0; i < 10; ++i) {
    breaker.failed(0);
    breaker.failed(0);
    breaker.succeeded();
  }
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  EXPECT_EQ(breaker.failures(), 0);
}

TEST_F(BreakerTest, IsOpenForTheWholeCoolDownAndGrantsOneTrialAfterIt) {
  fail_until_open(10'000);
  const std::int64_t rest = breaker.wait_ms(10'000);
  EXPECT_GE(rest, 500);
  EXPECT_LE(rest, 1'000);
  EXPECT_FALSE(breaker.may_attempt(10'000));
  EXPECT_FALSE(breaker.may_attempt(10'000 + rest - 1));
  EXPECT_EQ(breaker.state(), BreakerState::open);
  EXPECT_TRUE(breaker.may_attempt(10'000 + rest));
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
  EXPECT_FALSE(breaker.may_attempt(10'000 + rest)) << "one trial, not two";
  EXPECT_FALSE(breaker.may_attempt(99'000'000)) << "until somebody says how it ended";
}

TEST_F(BreakerTest, ATrialThatSucceedsCloses) {
  fail_until_open(0);
  ASSERT_TRUE(breaker.may_attempt(breaker.wait_ms(0)));
  breaker.succeeded();
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  EXPECT_EQ(breaker.failures(), 0);
  EXPECT_TRUE(breaker.may_attempt(0));
}

TEST_F(BreakerTest, EachTrialThatFailsOpensForLongerUpToTheMaximum) {
  fail_until_open(0);
  std::int64_t now = 0;
  for (const std::int64_t longest : {1'000, 2'000, 4'000, 8'000, 8'000, 8'000}) {
    const std::int64_t rest = breaker.wait_ms(now);
    EXPECT_GE(rest, longest / 2);
    EXPECT_LE(rest, longest);
    now += rest;
    ASSERT_TRUE(breaker.may_attempt(now));
    breaker.failed(now);
    EXPECT_EQ(breaker.state(), BreakerState::open) << "one failed trial is enough";
  }
  now += breaker.wait_ms(now);
  ASSERT_TRUE(breaker.may_attempt(now));
  breaker.succeeded();
  fail_until_open(now);
  EXPECT_LE(breaker.wait_ms(now), 1'000) << "success forgets the long cool-downs";
}

TEST_F(BreakerTest, WhatOnlyAPersonCanMendOpensAtOnce) {
  breaker.trip(0);
  EXPECT_EQ(breaker.state(), BreakerState::open);
  EXPECT_EQ(breaker.failures(), 1);
  ASSERT_TRUE(breaker.may_attempt(breaker.wait_ms(0)));
  breaker.trip(1'000);
  EXPECT_EQ(breaker.state(), BreakerState::open);
  EXPECT_GT(breaker.wait_ms(1'000), 999);
}

TEST_F(BreakerTest, AClockThatJumpedFarAheadGrantsTheTrial) {
  fail_until_open(0);
  EXPECT_EQ(breaker.wait_ms(1'000'000'000), 0);
  EXPECT_TRUE(breaker.may_attempt(1'000'000'000));
}

TEST_F(BreakerTest, NamesItsStates) {
  EXPECT_STREQ(name_of(BreakerState::closed), "closed");
  EXPECT_STREQ(name_of(BreakerState::open), "open");
  EXPECT_STREQ(name_of(BreakerState::half_open), "half_open");
}

// Against its definition, written down the plain way.
TEST(CircuitBreaker, HoldsItsRulesWhateverHappens) {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  CircuitBreaker breaker(kOptions, seed);
  std::int64_t now = 0;
  int failures = 0;
  for (int step = 0; step < 20'000; ++step) {
    now += static_cast<std::int64_t>(random() % 400);
    const BreakerState before = breaker.state();
    const bool granted = breaker.may_attempt(now);
    ASSERT_EQ(granted, before == BreakerState::closed || breaker.state() == BreakerState::half_open);
    if (!granted) {
      ASSERT_GT(breaker.wait_ms(now), 0);
      ASSERT_LE(breaker.wait_ms(now), kOptions.cool_down_ms_max);
      continue;
    }
    if (random() % 4 == 0) {
      breaker.succeeded();
      failures = 0;
      ASSERT_EQ(breaker.state(), BreakerState::closed);
    } else {
      breaker.failed(now);
      ++failures;
      const bool opens = before == BreakerState::open || failures >= kOptions.failures_max;
      ASSERT_EQ(breaker.state(), opens ? BreakerState::open : BreakerState::closed);
    }
    ASSERT_EQ(breaker.failures(), failures);
  }
}

TEST(Backoff, DoublesItsLongestWaitUpToTheMaximumAndSpreadsOverAllOfIt) {
  std::int64_t longest = 50;
  Backoff backoff({.ms_min = 50, .ms_max = 5'000}, kSeed);
  for (int i = 0; i < 12; ++i, longest = std::min<std::int64_t>(longest * 2, 5'000)) {
    const std::int64_t wait = backoff.next();
    EXPECT_GE(wait, 0);
    EXPECT_LE(wait, longest);
  }
  // Near the ends of the range, not only in its middle.
  std::int64_t shortest = 5'000;
  std::int64_t seen = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::int64_t wait = backoff.next();
    shortest = std::min(shortest, wait);
    seen = std::max(seen, wait);
  }
  EXPECT_LT(shortest, 250);
  EXPECT_GT(seen, 4'750);
  backoff.reset();
  EXPECT_LE(backoff.next(), 50);
}

TEST(Backoff, GivesTheSameWaitsToTheSameSeedAndOthersToAnother) {
  const auto waits = [](std::uint64_t seed) {
    Backoff backoff({.ms_min = 1'000, .ms_max = 64'000}, seed);
    std::vector<std::int64_t> found(8);
    for (std::int64_t& wait : found) wait = backoff.next();
    return found;
  };
  EXPECT_EQ(waits(1), waits(1));
  EXPECT_NE(waits(1), waits(2));
}

TEST(Backoff, NeverOverflowsHoweverLongTheMaximum) {
  constexpr std::int64_t kLongest = std::numeric_limits<std::int64_t>::max();
  Backoff backoff({.ms_min = 1, .ms_max = kLongest, .floor_percent = 50}, kSeed);
  for (int i = 0; i < 200; ++i) EXPECT_GE(backoff.next(), 0);
}

}  // namespace
}  // namespace blotter
