// Offers the same random batches, good and bad, to the memory store and to SQLite: same answers, same rows.
#include <gtest/gtest.h>

#include <random>

#include "store/test_directory.h"
#include "store/test_rows.h"

namespace blotter {
namespace {

class Randomness {
 public:
  explicit Randomness(unsigned seed) : engine_(seed) {}
  std::int64_t number(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(engine_);
  }
  bool one_in(std::int64_t count) { return number(1, count) == 1; }

 private:
  std::mt19937 engine_;
};

// Few names and numbers, so that keys and identities meet often.
Batch random_batch(Randomness& random, std::uint64_t applied) {
  const auto first = applied + 1 + (random.one_in(10) ? 1 : 0);
  const auto last = first + static_cast<std::uint64_t>(random.number(0, 3));
  Batch batch = store_rows::batch(first, last);
  const auto seq = static_cast<std::int64_t>(first);
  if (random.one_in(20)) batch.epoch = Epoch{2};
  const auto number = static_cast<std::uint8_t>(random.number(1, 30));
  if (random.one_in(2)) batch.new_orders.push_back(store_rows::order(number, seq));
  if (random.one_in(2)) {
    OrderRow order = store_rows::order(static_cast<std::uint8_t>(random.number(1, 30)), seq);
    if (random.one_in(3)) order.client_order_id = "c" + std::to_string(random.number(1, 30));
    if (random.one_in(3)) order.venue_order_id = "v" + std::to_string(random.number(1, 30));
    order.open = random.one_in(2);
    batch.changed_orders.push_back(order);
  }
  if (random.one_in(2)) {
    FillRow fill = store_rows::fill(seq, number);
    fill.exec_id = "e" + std::to_string(random.number(1, 60));
    fill.fee_asset = Asset::of(random.one_in(2) ? "BTC" : "USD");
    fill.cash_delta = Decimal::from_units(random.number(-1000, 1000));
    batch.fills.push_back(fill);
    if (random.one_in(4)) batch.position_adjustments.push_back(store_rows::bust_of(fill, seq));
  }
  if (random.one_in(5)) batch.fill_status_changes.push_back({random.number(1, seq), FillStatus::corrected});
  if (random.one_in(3)) {
    batch.instruments.push_back(store_rows::instrument("BTCUSD", static_cast<AssetClass>(random.number(0, 8)),
                                                       random.one_in(2) ? "BTC" : nullptr));
  }
  if (random.one_in(3)) {
    batch.cash_movements.push_back(store_rows::cash(seq, "d" + std::to_string(random.number(1, 40)), "-0.5"));
  }
  if (random.one_in(3)) batch.balances.push_back(store_rows::balance("USD", "-1.25", seq));
  if (random.one_in(3)) batch.quarantine.push_back(store_rows::quarantine(seq));
  if (random.one_in(6)) batch.quarantine_releases.push_back({random.number(1, seq)});
  return batch;
}

TEST(OracleTest, MemoryAndSqliteGiveTheSameAnswersAndHoldTheSameRows) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Randomness random(seed);
  const TemporaryDirectory directory;
  auto memory = std::move(*open_store("memory:", StoreAccess::write));
  auto sqlite = std::move(*open_store("sqlite:" + directory.path() + "/blotter.db", StoreAccess::write));
  for (Store* store : {memory.get(), sqlite.get()}) {
    ASSERT_TRUE(store->claim(store_rows::kBook, store_rows::kEpoch).has_value());
  }
  int applied = 0;
  for (int round = 0; round < 400; ++round) {
    const Batch batch = random_batch(random, to_number(memory->cursor(store_rows::kBook)->applied));
    const auto expected = memory->apply(batch);
    const auto answer = sqlite->apply(batch);
    ASSERT_EQ(answer.has_value(), expected.has_value()) << (answer ? expected : answer).error().message;
    if (expected) {
      ++applied;
      ASSERT_EQ(*answer, *expected);
    } else {
      ASSERT_EQ(answer.error().code, expected.error().code) << answer.error().message;
    }
    if (round % 20 == 0) {
      ASSERT_EQ(store_rows::everything(*sqlite), store_rows::everything(*memory));
    }
  }
  EXPECT_GT(applied, 20);
  EXPECT_EQ(store_rows::everything(*sqlite), store_rows::everything(*memory));
}

}  // namespace
}  // namespace blotter
