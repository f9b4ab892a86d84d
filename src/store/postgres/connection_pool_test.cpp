// The pool's rules, with members that need no server.
#include "store/postgres/connection_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <optional>
#include <thread>

namespace blotter::postgres {
namespace {

struct FakeServer {
  std::atomic<bool> away = false;
  std::atomic<bool> hangs = false;  // nobody refuses the connection, nobody accepts it
  std::atomic<int> alive = 0;
  std::atomic<int> alive_max = 0;
  std::atomic<int> made = 0;
  std::atomic<int> checks = 0;
  std::atomic<int> generation = 0;  // members of an older one have been cut off
  std::atomic<std::int64_t> now_ms = 1'000'000;
};

class FakeMember final : public PoolMember {
 public:
  explicit FakeMember(FakeServer& server) : server_(server), generation_(server.generation) {
    ++server_.made;
    const int alive = ++server_.alive;
    for (int seen = server_.alive_max; alive > seen && !server_.alive_max.compare_exchange_weak(seen, alive);) {
    }
  }
  ~FakeMember() override { --server_.alive; }
  bool reusable() const override { return !in_transaction; }
  Result<void> answer_within(std::int64_t) override {
    ++server_.checks;
    if (generation_ != server_.generation) return fail(Errc::unavailable, "cut off");
    return {};
  }
  bool in_transaction = false;

 private:
  FakeServer& server_;
  const int generation_;
};

class ConnectionPoolTest : public testing::Test {
 protected:
  Pool& make_pool(const PoolLimits& limits) {
    pool_.emplace(
        "db.example:5432/blotter", limits,
        [this]() -> Result<std::unique_ptr<PoolMember>> {
          while (server_.hangs) std::this_thread::yield();
          if (server_.away) return fail(Errc::unavailable, "connection refused");
          return std::unique_ptr<PoolMember>(std::make_unique<FakeMember>(server_));
        },
        [this] { return server_.now_ms.load(); });
    return *pool_;
  }
  static Pool::Lease lease_of(Pool& pool) {
    auto lease = pool.lease();
    EXPECT_TRUE(lease) << lease.error().message;
    return std::move(*lease);
  }
  // Waits until so many are in the queue.
  static void until_waiting(const Pool& pool, int count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (pool.counters().waiting != count) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::yield();
    }
  }

  FakeServer server_;
  std::optional<Pool> pool_;
};

TEST_F(ConnectionPoolTest, MakesNothingBeforeItIsNeededAndReusesWhatWasGivenBack) {
  Pool& pool = make_pool({.size = 3});
  EXPECT_EQ(server_.made, 0);
  for (int i = 0; i < 10; ++i) (void)lease_of(pool);
  EXPECT_EQ(server_.made, 1);
  const PoolCounters counters = pool.counters();
  EXPECT_EQ(counters.open, 1);
  EXPECT_EQ(counters.idle, 1);
  EXPECT_EQ(counters.discarded, 0u);
}

TEST_F(ConnectionPoolTest, NamesTheSettingWhenAllAreInUseForTooLong) {
  Pool& pool = make_pool({.size = 1, .wait_ms_max = 20});
  const Pool::Lease only = lease_of(pool);
  const auto second = pool.lease();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::exhausted);
  EXPECT_NE(second.error().message.find("DATABASE_POOL_SIZE"), std::string::npos) << second.error().message;
  EXPECT_NE(second.error().message.find("within 20 ms"), std::string::npos) << second.error().message;
  EXPECT_EQ(pool.counters().waiting, 0);
}

TEST_F(ConnectionPoolTest, SparesWhatIsIdleAndNothingElse) {
  Pool& pool = make_pool({.size = 2});
  EXPECT_FALSE(pool.spare()) << "makes none";
  const Pool::Lease held = lease_of(pool);
  EXPECT_FALSE(pool.spare()) << "waits for none";
  (void)lease_of(pool);
  {
    const auto spare = pool.spare();
    ASSERT_TRUE(spare);
    EXPECT_EQ(spare->number(), 2u);
    EXPECT_EQ(pool.counters().idle, 0);
  }
  EXPECT_EQ(pool.counters().idle, 1);
  EXPECT_EQ(server_.checks, 0);
}

TEST_F(ConnectionPoolTest, ServesWhoeverWaitsLongestFirst) {
  constexpr int kThreads = 8;
  Pool& pool = make_pool({.size = 1, .wait_ms_max = 10'000});
  std::optional<Pool::Lease> held(lease_of(pool));
  std::vector<int> served;  // guarded by holding the only lease
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const Pool::Lease lease = lease_of(pool);
      served.push_back(i);
    });
    until_waiting(pool, i + 1);
  }
  held.reset();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(server_.made, 1);
}

TEST_F(ConnectionPoolTest, NeverReusesOneInsideATransaction) {
  Pool& pool = make_pool({.size = 1});
  {
    const Pool::Lease lease = lease_of(pool);
    static_cast<FakeMember&>(*lease).in_transaction = true;
  }
  EXPECT_EQ(server_.alive, 0);
  const Pool::Lease next = lease_of(pool);
  EXPECT_FALSE(static_cast<FakeMember&>(*next).in_transaction);
  EXPECT_EQ(pool.counters().discarded, 1u);
}

TEST_F(ConnectionPoolTest, NeverReusesOneThatWasDiscarded) {
  Pool& pool = make_pool({.size = 1});
  std::uint64_t first = 0;
  {
    Pool::Lease lease = lease_of(pool);
    first = lease.number();
    lease.discard();
  }
  EXPECT_NE(lease_of(pool).number(), first);
}

TEST_F(ConnectionPoolTest, OneWhoWaitsGetsTheRightOfADiscardedOne) {
  Pool& pool = make_pool({.size = 1, .wait_ms_max = 10'000});
  std::optional<Pool::Lease> held(lease_of(pool));
  std::thread waiting([&] { EXPECT_EQ(lease_of(pool).number(), 2u); });
  until_waiting(pool, 1);
  held->discard();
  held.reset();
  waiting.join();
  EXPECT_EQ(pool.counters().open, 1);
}

TEST_F(ConnectionPoolTest, ProvesOnlyWhatWasIdle) {
  Pool& pool = make_pool({.size = 1, .trusted_ms = 1'000});
  (void)lease_of(pool);
  server_.now_ms += 999;
  (void)lease_of(pool);
  EXPECT_EQ(server_.checks, 0);
  server_.now_ms += 1'000;
  (void)lease_of(pool);
  EXPECT_EQ(server_.checks, 1);
  EXPECT_EQ(server_.made, 1);
}

TEST_F(ConnectionPoolTest, OneProofThatFailsReplacesAllThatWereIdle) {
  Pool& pool = make_pool({.size = 4});
  {
    std::deque<Pool::Lease> all;
    for (int i = 0; i < 4; ++i) all.push_back(lease_of(pool));
  }
  EXPECT_EQ(pool.counters().idle, 4);
  ++server_.generation;  // the server was started again
  server_.now_ms += 5'000;
  (void)lease_of(pool);
  EXPECT_EQ(server_.checks, 1);
  EXPECT_EQ(server_.alive, 1);
  EXPECT_EQ(pool.counters().open, 1);
  EXPECT_EQ(pool.counters().discarded, 4u);
}

TEST_F(ConnectionPoolTest, OneThatComesBackBrokenMakesTheIdleOnesProveThemselves) {
  Pool& pool = make_pool({.size = 2});
  {
    Pool::Lease broken = lease_of(pool);
    (void)lease_of(pool);
    broken.discard();
  }
  (void)lease_of(pool);
  EXPECT_EQ(server_.checks, 1);
}

TEST_F(ConnectionPoolTest, ReplacesMembersAtTheEndOfTheirLivesAndNotAllAtOnce) {
  constexpr int kSize = 10;
  constexpr std::int64_t kLifetime = 100'000;
  Pool& pool = make_pool({.size = kSize, .lifetime_ms_max = kLifetime, .trusted_ms = INT64_MAX});
  const auto use_all = [&] {
    std::deque<Pool::Lease> all;
    for (int i = 0; i < kSize; ++i) all.push_back(lease_of(pool));
  };
  use_all();
  server_.now_ms += kLifetime * 4 / 5 - 1;
  use_all();
  EXPECT_EQ(server_.made, kSize);
  int replaced_at_once_max = 0;
  for (int step = 0; step < 20; ++step) {
    server_.now_ms += kLifetime / 100;
    const int before = server_.made;
    use_all();
    replaced_at_once_max = std::max(replaced_at_once_max, server_.made - before);
  }
  server_.now_ms += 1;
  use_all();
  EXPECT_GE(server_.made, 2 * kSize);
  EXPECT_LE(replaced_at_once_max, 2);
}

TEST_F(ConnectionPoolTest, AServerThatIsAwayIsReportedAndForgottenWhenItIsBack) {
  Pool& pool = make_pool({.size = 2});
  server_.away = true;
  for (int i = 0; i < 5; ++i) {
    const auto lease = pool.lease();
    ASSERT_FALSE(lease);
    EXPECT_EQ(lease.error().code, Errc::unavailable);
    EXPECT_EQ(lease.error().message, "connection refused");
  }
  EXPECT_EQ(pool.counters().open, 0);
  server_.away = false;
  (void)lease_of(pool);
}

TEST_F(ConnectionPoolTest, AWaitThatEndsWhileTheServerIsAwaySaysSo) {
  Pool& pool = make_pool({.size = 1, .wait_ms_max = 10});
  server_.away = true;
  ASSERT_FALSE(pool.lease());
  server_.away = false;
  server_.hangs = true;
  std::thread connecting([&] { (void)lease_of(pool); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (pool.counters().open == 0) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  const auto waited = pool.lease();
  server_.hangs = false;
  connecting.join();
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, Errc::unavailable);
  EXPECT_EQ(waited.error().message,
            "db.example:5432/blotter: no connection within 10 ms; the last attempt: connection refused");
}

TEST_F(ConnectionPoolTest, AHundredThreadsNeverOpenMoreThanItsSize) {
  constexpr int kThreads = 100;
  constexpr int kRounds = 50;
  Pool& pool = make_pool({.size = 10, .wait_ms_max = 60'000});
  std::atomic<int> lent = 0;
  std::atomic<int> lent_max = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < kRounds; ++round) {
        Pool::Lease lease = lease_of(pool);
        const int now = ++lent;
        for (int seen = lent_max; now > seen && !lent_max.compare_exchange_weak(seen, now);) {
        }
        if ((i + round) % 17 == 0) lease.discard();
        if (round % 8 == 0) std::this_thread::yield();
        --lent;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(server_.alive_max, 10);
  EXPECT_LE(lent_max, 10);
  const PoolCounters counters = pool.counters();
  EXPECT_EQ(counters.waiting, 0);
  EXPECT_EQ(counters.open, counters.idle);
  EXPECT_EQ(counters.created - counters.discarded, static_cast<std::uint64_t>(counters.open));
}

TEST(PoolSizeTest, IsWhatTheComponentNeedsUnlessItIsSaid) {
  StoreOptions options;
  options.component = Component::risk;
  EXPECT_EQ(limits_of(options).size, 3);
  options.pool_size = 7;
  EXPECT_EQ(limits_of(options).size, 7);
  EXPECT_EQ(pool_size_of(Component::execution), 5);
  EXPECT_EQ(pool_size_of(Component::risk), 3);
  EXPECT_EQ(pool_size_of(Component::market_data), 2);
  EXPECT_EQ(pool_size_of(Component::audit), 2);
  EXPECT_EQ(pool_size_of(Component::analytics), 10);
}

}  // namespace
}  // namespace blotter::postgres
