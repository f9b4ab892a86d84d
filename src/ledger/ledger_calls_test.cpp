// Calls from many threads, callbacks, and closing while others are inside.
#include <array>
#include <condition_variable>
#include <functional>
#include <latch>
#include <mutex>
#include <random>
#include <thread>

#include "ledger/ledger_fixture_test.h"
#include "ledger/verify.h"

namespace blotter::ledger_test {
namespace {

constexpr int kThreads = 64;

// Runs `work(thread)` on so many threads that begin together.
void together(int threads, const std::function<void(int)>& work) {
  std::latch begin(threads);
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      begin.arrive_and_wait();
      work(t);
    });
  }
  for (std::thread& thread : running) thread.join();
}

TEST(Callbacks, ComeExactlyOnceInOrderOfEachThreadAndAfterDurability) {
  const Directory directory;
  const auto ledger = open_ledger(directory);
  constexpr int kEach = 50;
  std::array<std::vector<int>, kThreads> called;  // written by the ledger's one thread only
  std::atomic<int> early{0};
  together(kThreads, [&](int t) {
    for (int i = 0; i < kEach; ++i) {
      const auto accepted = ledger->record(cash(std::to_string(t) + "-" + std::to_string(i), "1"),
                                           [&, t, i](const Result<Receipt>& receipt) {
                                             if (!receipt || receipt->seq > ledger->watermarks().durable) ++early;
                                             called[static_cast<std::size_t>(t)].push_back(i);
                                           });
      ASSERT_TRUE(accepted.has_value()) << accepted.error().message;
    }
  });
  ASSERT_TRUE(ledger->close(0).has_value()) << "close calls back everything that was accepted";
  EXPECT_EQ(early, 0);
  std::vector<int> all(kEach);
  for (int i = 0; i < kEach; ++i) all[static_cast<std::size_t>(i)] = i;
  for (const std::vector<int>& each : called) EXPECT_EQ(each, all);
}

TEST(Callbacks, AreNotCalledForWhatIsRefused) {
  const Directory directory;
  const auto ledger = open_ledger(directory);
  int calls = 0;
  EXPECT_FALSE(ledger->record(order("C1", "-1"), [&](const Result<Receipt>&) { ++calls; }).has_value());
  expect_value(ledger->close(0));
  EXPECT_EQ(calls, 0);
}

TEST(Callbacks, MayCallTheLedgerAgain) {
  const Directory directory;
  const auto ledger = open_ledger(directory);
  std::latch done(2);
  expect_value(ledger->record(cash("1", "1"), [&](const Result<Receipt>&) {
    EXPECT_TRUE(ledger->record(cash("2", "1")).has_value());
    EXPECT_TRUE(ledger->record(cash("3", "1"), [&](const Result<Receipt>&) { done.count_down(); }).has_value());
    done.count_down();
  }));
  done.wait();
  EXPECT_EQ(ledger->balances().front().amount, dec("3"));
}

TEST(Closing, ReleasesTheBookAndRefusesWhatComesLater) {
  const Directory directory;
  const auto ledger = open_ledger(directory, directory.store());
  recorded(*ledger, order("C1"));
  expect_value(ledger->close(5'000));
  EXPECT_EQ(ledger->record(order("C2")).error().code, Errc::unavailable);
  EXPECT_EQ(ledger->submit({order("C2")}).error().code, Errc::unavailable);
  EXPECT_EQ(ledger->record(order("C2"), [](const Result<Receipt>&) { FAIL(); }).error().code, Errc::unavailable);
  EXPECT_EQ(ledger->wait_durable(Seq{1}).error().code, Errc::unavailable);
  EXPECT_TRUE(ledger->close(0).has_value()) << "idempotent";
  EXPECT_TRUE(ledger->order("A", "C1").has_value()) << "memory can still be read";
  EXPECT_EQ(ledger->watermarks().stored, ledger->watermarks().appended);
  const auto other = Ledger::open(options_for(directory.path()));
  ASSERT_TRUE(other.has_value()) << other.error().message;
  EXPECT_TRUE((*other)->order("A", "C1").has_value());
}

TEST(Closing, WhileOthersCallLosesNothingThatWasAnswered) {
  const Directory directory;
  const auto ledger = open_ledger(directory, directory.store());
  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::uint64_t> called_back{0};
  std::atomic<std::uint64_t> accepted{0};
  std::latch warm(8);
  std::vector<std::thread> callers;
  for (int t = 0; t < 8; ++t) {
    callers.emplace_back([&, t] {
      for (int i = 0;; ++i) {
        const CashReport report = cash(std::to_string(t) + "-" + std::to_string(i), "1");
        if (t % 2 == 0) {
          if (!ledger->record(report)) return;
          ++answered;
        } else {
          if (!ledger->record(report, [&](const Result<Receipt>& receipt) { called_back += receipt ? 1u : 0u; }))
            return;
          ++accepted;
        }
        if (i == 5) warm.count_down();
      }
    });
  }
  std::thread waiter([&] { static_cast<void>(ledger->wait_stored(Seq{1'000'000'000}, -1).has_value()); });
  warm.wait();
  static_cast<void>(ledger->close(0).has_value());
  for (std::thread& caller : callers) caller.join();
  waiter.join();
  EXPECT_EQ(accepted, called_back);
  const auto again = open_ledger(directory);
  EXPECT_EQ(again->balances().front().amount, Decimal(static_cast<std::int64_t>(answered + called_back)));
}

// Everything at once; then the store must be what the journal says, and each order have had its one effect.
TEST(ManyThreads, MixAllCallsAndTheLedgerStaysOne) {
  const Directory directory;
  constexpr int kOrders = 60;
  std::atomic<std::uint64_t> created{0};
  {
    const auto ledger = open_ledger(directory, directory.store());
    together(16, [&](int t) {
      std::mt19937 random(static_cast<unsigned>(t));
      for (int i = 0; i < kOrders; ++i) {
        const std::string id = "C" + std::to_string(i);
        const auto count = [&](const Result<Receipt>& receipt) {
          if (receipt && receipt->outcome == Outcome::created) ++created;
        };
        count(ledger->submit({order(id)}));
        count(ledger->record(ledger_test::fill("E" + id, id, "4")));
        switch (random() % 4) {
          case 0:
            static_cast<void>(ledger->cancel(cancel(id)).has_value());
            break;
          case 1:
            static_cast<void>(ledger->replace(replace(id, "12")).has_value());
            break;
          case 2:
            static_cast<void>(ledger->record(status(id, OrdStatus::canceled)).has_value());
            break;
          default:
            EXPECT_TRUE(ledger->order("A", id).has_value());
            static_cast<void>(ledger->positions().size() + ledger->balances().size());
            break;
        }
      }
    });
    EXPECT_EQ(created, 2u * kOrders) << "of each order and fill offered by 16 threads, one was the first";
    EXPECT_EQ(ledger->counters().fills, static_cast<std::uint64_t>(kOrders));
    EXPECT_EQ(ledger->positions().front().quantity, dec("240"));
    expect_value(ledger->close(30'000));
  }
  const auto store = reading(directory);
  const VerifyReport report = expect_value(verify(directory.journal(), "main", store.get(), {}));
  for (const Finding& finding : report.findings) ADD_FAILURE() << finding.check << ": " << finding.detail;
}

TEST(ManyThreads, WhatEachWasAnsweredIsThereAfterReopening) {
  const Directory directory;
  {
    const auto ledger = open_ledger(directory);
    together(kThreads, [&](int t) {
      for (int i = 0; i < 20; ++i) recorded(*ledger, cash(std::to_string(t) + "-" + std::to_string(i), "1"));
    });
  }
  EXPECT_EQ(open_ledger(directory)->balances().front().amount, dec("1280"));
}

}  // namespace
}  // namespace blotter::ledger_test
