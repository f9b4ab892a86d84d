// A full disk under a whole ledger: intents are refused, facts land in the reserve, and it resumes by itself.
#include <thread>

#include "journal/small_disk_fixture.h"
#include "ledger/accepting_test.h"

namespace blotter::ledger_test {
namespace {

struct FullDisk : testing::Test {
  journal::SmallDisk disk{"4m"};
  std::unique_ptr<Ledger> ledger;
  int orders = 0;

  void SetUp() override {
    if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a small tmpfs";
    open();
  }
  void TearDown() override { ledger.reset(); }
  void open() {
    LedgerOptions options = options_for(disk.path() + "/book");
    options.segment_bytes = 64u << 10;
    ledger = expect_value(Ledger::open(options));
  }
  // The first refusal; none in very many.
  std::optional<Error> submit_until_refused() {
    for (int i = 0; i < 5'000; ++i) {
      const auto answer = ledger->submit({order("I" + std::to_string(orders++))});
      if (!answer) return answer.error();
    }
    return std::nullopt;
  }
};

TEST_F(FullDisk, RefusesIntentsLandsFactsAndResumes) {
  recorded(*ledger, order("C1", "100000"));
  disk.fill();
  const auto refused = submit_until_refused();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code, Errc::exhausted);
  const std::string refused_order = "I" + std::to_string(orders - 1);
  EXPECT_FALSE(ledger->order("A", refused_order).has_value()) << "a refusal leaves nothing";
  EXPECT_EQ(ledger->cancel(cancel("C1")).error().code, Errc::exhausted);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(recorded(*ledger, fill("E" + std::to_string(i), "C1", "1")), Outcome::created);
  disk.free();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  auto again = ledger->submit({order(refused_order)});
  while (!again && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
    again = ledger->submit({order(refused_order)});
  }
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->outcome, Outcome::created);
  ledger.reset();
  open();
  EXPECT_EQ(ledger->counters().fills, 10u);
  EXPECT_EQ(ledger->counters().orders, static_cast<std::uint64_t>(orders) + 1);
}

// The fact that it waits for may be the very last that finds room.
TEST_F(FullDisk, WhatCouldNotBeWokenIsWokenWhenThereIsRoom) {
  // Large ones that fit no more once the order is in, so that the order is recorded and what waits for it is not.
  for (int i = 0; i < 200; ++i) {
    OrderStatusReport waiting = status("C1", OrdStatus::canceled, 10 + i);
    waiting.reason = std::string(400, static_cast<char>('a' + i % 26));
    recorded(*ledger, waiting);
  }
  disk.fill();
  ASSERT_TRUE(submit_until_refused().has_value());
  // Facts until nothing fits: now the order itself cannot be recorded either, and is refused as a whole.
  int facts = 0;
  while (facts < 5'000 && ledger->record(cash(std::to_string(facts), "1")).has_value()) ++facts;
  ASSERT_LT(facts, 5'000);
  const auto full = ledger->record(order("C1"));
  if (!full) {
    EXPECT_EQ(full.error().code, Errc::exhausted);
  }
  ledger.reset();
  disk.free();
  open();
  recorded(*ledger, order("C1"));
  EXPECT_EQ(ledger->order("A", "C1")->status, OrdStatus::canceled);
}

}  // namespace
}  // namespace blotter::ledger_test
