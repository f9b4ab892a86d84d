// Offers the same random batches to several stores in step: same answers, same rows, by checksum of every table.
//
//   expect_agreement({{"memory", memory.get()}, {"postgres", postgres.get()}}, {.seed = seed, .rounds = 400});
//
// The first store is the oracle. The stores are empty and may hold the book of store_rows only.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "contract/random_batches.h"
#include "store/table_checksum.h"
#include "store/test_rows.h"

namespace blotter {

struct NamedStore {
  std::string name;
  Store* store = nullptr;
};

struct AgreementOptions {
  unsigned seed = 0;
  int rounds = 400;
  int compare_every = 20;  // rounds
};

class StoreAgreement {
 public:
  StoreAgreement(std::vector<NamedStore> stores, const AgreementOptions& options)
      : stores_(std::move(stores)), options_(options), random_(options.seed) {}

  void run() {
    SCOPED_TRACE("seed " + std::to_string(options_.seed));
    in_step("claim", [](Store& store) { return store.claim(store_rows::kBook, store_rows::kEpoch); });
    for (int round = 1; round <= options_.rounds && !testing::Test::HasFailure(); ++round) {
      SCOPED_TRACE("round " + std::to_string(round));
      offer();
      if (round % options_.compare_every == 0) compare();
    }
    compare();
    // A generator that has lost its edge would agree with everything.
    EXPECT_GT(applied_ * 5, options_.rounds);
    EXPECT_GT(set_aside_ * 20, options_.rounds);
  }

  // Every table of every store has the checksum of the oracle's.
  void compare() {
    for (int each = 0; each <= static_cast<int>(Table::ledger_entries); ++each) {
      const auto table = static_cast<Table>(each);
      const auto expected = table_checksum(oracle(), table, store_rows::kBook);
      ASSERT_TRUE(expected.has_value()) << expected.error().message;
      for (const NamedStore& other : stores_) {
        const auto found = table_checksum(*other.store, table, store_rows::kBook);
        ASSERT_TRUE(found.has_value()) << other.name << ": " << found.error().message;
        EXPECT_EQ(found->rows, expected->rows) << other.name << " " << name_of(table);
        EXPECT_EQ(found->hash, expected->hash) << other.name << ": " << first_difference(*other.store, table);
      }
    }
  }

 private:
  Store& oracle() { return *stores_.front().store; }
  Cursor cursor() {
    const auto cursor = oracle().cursor(store_rows::kBook);
    EXPECT_TRUE(cursor.has_value());
    return cursor ? *cursor : Cursor{};
  }

  void offer() {
    if (random_.one_in(40)) return start_over();
    const Batch batch = random_.next(cursor());
    const auto refusal = in_step("apply", [&](Store& store) { return store.apply(batch); });
    if (!refusal) {
      ++applied_;
    } else if (*refusal == Errc::invalid && !random_.one_in(3)) {
      ++set_aside_;
      in_step("apply_setting_aside", [&](Store& store) { return store.apply_setting_aside(batch); });
    }
    if (random_.one_in(10)) in_step("apply again", [&](Store& store) { return store.apply(batch); });
  }

  void start_over() {
    const Epoch held = cursor().epoch;
    const Epoch epoch{to_number(held) + static_cast<std::uint64_t>(random_.number(0, 2)) - 1};
    in_step("claim", [&](Store& store) { return store.claim(store_rows::kBook, epoch); });
    if (random_.one_in(3)) in_step("reset", [&](Store& store) { return reset(store, epoch); });
  }
  static Result<Cursor> reset(Store& store, Epoch epoch) {
    BLOTTER_TRY(store.reset(store_rows::kBook, epoch));
    return store.cursor(store_rows::kBook);
  }

  static std::vector<std::uint64_t> numbers_of(Seq seq) { return {to_number(seq)}; }
  static std::vector<std::uint64_t> numbers_of(const Cursor& cursor) {
    return {to_number(cursor.applied), to_number(cursor.epoch), cursor.applied_hash};
  }

  // Calls every store; all must answer as the oracle. Gives the oracle's refusal, if it was one.
  template <class Call>
  std::optional<Errc> in_step(const char* what, Call call) {
    const auto expected = call(oracle());
    for (auto other = stores_.begin() + 1; other != stores_.end(); ++other) {
      const auto answer = call(*other->store);
      EXPECT_EQ(answer.has_value(), expected.has_value())
          << other->name << " " << what << ": " << (answer ? expected : answer).error().message;
      if (answer && expected) {
        EXPECT_EQ(numbers_of(*answer), numbers_of(*expected)) << other->name << " " << what;
      } else if (!answer && !expected) {
        EXPECT_STREQ(name_of(answer.error().code), name_of(expected.error().code))
            << other->name << " " << what << ": " << answer.error().message << "; oracle: " << expected.error().message;
      }
    }
    return expected ? std::nullopt : std::optional(expected.error().code);
  }

  std::string first_difference(Store& other, Table table) {
    const auto expected = store_rows::all_of(oracle(), table);
    const auto found = store_rows::all_of(other, table);
    const auto [a, b] = std::mismatch(expected.begin(), expected.end(), found.begin(), found.end());
    return "oracle " + (a == expected.end() ? "has no more" : store_rows::text_of_row(table, *a)) + "\nfound  " +
           (b == found.end() ? "no more" : store_rows::text_of_row(table, *b));
  }

  std::vector<NamedStore> stores_;
  AgreementOptions options_;
  RandomBatches random_;
  int applied_ = 0;
  int set_aside_ = 0;
};

inline void expect_agreement(std::vector<NamedStore> stores, const AgreementOptions& options) {
  StoreAgreement(std::move(stores), options).run();
}

}  // namespace blotter
