// The part of the store contract about reading while others write: one moment, and readers on many threads.
#pragma once

#include <atomic>
#include <thread>

#include "contract/store_contract.h"

namespace blotter {

TEST_P(StoreContract, OneMomentStaysAsItIsWhileTheWriterGoesOn) {
  must_apply(store_rows::full_batch());
  const auto first = store_rows::everything(*store_);
  auto moment = store_->one_moment();
  ASSERT_TRUE(moment.has_value()) << moment.error().message;

  Batch batch = store_rows::batch(7, 9);
  batch.new_orders = {store_rows::order(7, 7)};
  batch.changed_orders = {store_rows::order(1, 8)};
  batch.fills = {store_rows::fill(9, 7)};
  must_apply(batch);
  const auto second = store_rows::everything(*store_);
  EXPECT_NE(second, first);
  EXPECT_EQ(store_rows::everything(**moment), first);
  EXPECT_EQ((*moment)->cursor(store_rows::kBook)->applied, Seq{6});

  auto later = store_->one_moment();
  ASSERT_TRUE(later.has_value()) << later.error().message;
  ASSERT_TRUE(store_->reset(store_rows::kBook, store_rows::kEpoch).has_value());
  EXPECT_EQ(store_rows::everything(**moment), first);
  EXPECT_EQ(store_rows::everything(**later), second);
  EXPECT_EQ((*later)->cursor(store_rows::kBook)->applied, Seq{9});
  EXPECT_EQ((*later)->cursor("nobody")->epoch, Epoch{0});

  moment->reset();
  later->reset();
  must_apply(store_rows::full_batch());
  EXPECT_EQ(store_rows::everything(*store_), first);
}

// The first read after opening must not decide what the moment is.
TEST_P(StoreContract, OneMomentIsTheMomentItWasAskedFor) {
  must_apply(store_rows::full_batch());
  const auto first = store_rows::everything(*store_);
  auto moment = store_->one_moment();
  ASSERT_TRUE(moment.has_value()) << moment.error().message;
  must_apply(store_rows::batch(7, 9));
  EXPECT_EQ((*moment)->cursor(store_rows::kBook)->applied, Seq{6});
  EXPECT_EQ(store_rows::everything(**moment), first);
}

TEST_P(StoreContract, OneMomentRefusesWhatItsStoreRefuses) {
  auto moment = store_->one_moment();
  ASSERT_TRUE(moment.has_value()) << moment.error().message;
  Select select = select_from(Table::orders, {{"nothing", Compare::equal, std::string("x")}});
  select.book_id = store_rows::kBook;
  EXPECT_EQ(store_rows::rows_of(**moment, select).error().code, Errc::invalid);
  EXPECT_TRUE((*moment)->cursor(store_rows::kBook).has_value());
}

class ReadingThread {
 public:
  ReadingThread(Store& store, const std::atomic<bool>& writing)
      : thread_([this, &store, &writing] {
          // Once more after the last batch.
          for (bool last = false; !last && problem_.empty();) {
            last = !writing;
            look(store);
          }
        }) {}
  // What went wrong, or nothing.
  const std::string& join() {
    thread_.join();
    return problem_;
  }
  std::uint64_t seen() const { return seen_; }

 private:
  void look(Store& store) {
    const auto cursor = store.cursor(store_rows::kBook);
    if (!cursor) return note(cursor.error().message);
    if (to_number(cursor->applied) < seen_) return note("the cursor went back");
    seen_ = to_number(cursor->applied);
    Select select;
    select.table = Table::order_events;
    select.book_id = store_rows::kBook;
    std::uint64_t rows = 0;
    const auto read = store.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
      if (cells[1] != Cell(static_cast<std::int64_t>(++rows))) note("a row is missing");
      return {};
    });
    if (!read) return note(read.error().message);
    if (rows < seen_) note("rows behind the cursor");
  }
  void note(const std::string& problem) {
    if (problem_.empty()) problem_ = problem;
  }

  std::string problem_;
  std::uint64_t seen_ = 0;
  std::thread thread_;
};

TEST_P(SharedStoreContract, ManyThreadsReadOneStoreWhileItIsWritten) {
  auto opened = GetParam().open_to_read(directory_.path());
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  std::atomic<bool> writing = true;
  {
    std::vector<std::unique_ptr<ReadingThread>> readers;
    for (int i = 0; i < 6; ++i) readers.push_back(std::make_unique<ReadingThread>(**opened, writing));
    for (std::uint64_t seq = 1; seq <= 60; ++seq) {
      Batch batch = store_rows::batch(seq, seq);
      batch.order_events = {store_rows::order_event(static_cast<std::int64_t>(seq), 1)};
      const auto done = store_->apply(batch);
      EXPECT_TRUE(done.has_value()) << done.error().message;
    }
    writing = false;
    for (auto& reader : readers) {
      EXPECT_EQ(reader->join(), "");
      EXPECT_EQ(reader->seen(), 60U);
    }
  }
  auto moment = (*opened)->one_moment();
  ASSERT_TRUE(moment.has_value()) << moment.error().message;
  EXPECT_EQ(store_rows::everything(**moment), store_rows::everything(*store_));
}

TEST_P(SharedStoreContract, AStoreOpenedForReadingWritesNothing) {
  must_apply(store_rows::full_batch());
  const auto before = store_rows::everything(*store_);
  auto opened = GetParam().open_to_read(directory_.path());
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  Store& reader = **opened;
  EXPECT_EQ(reader.claim(store_rows::kBook, Epoch{5}).error().code, Errc::invalid);
  EXPECT_EQ(reader.apply(store_rows::batch(7, 7)).error().code, Errc::invalid);
  EXPECT_EQ(reader.apply_setting_aside(store_rows::batch(7, 7)).error().code, Errc::invalid);
  EXPECT_EQ(reader.reset(store_rows::kBook, store_rows::kEpoch).error().code, Errc::invalid);
  EXPECT_EQ(store_rows::everything(reader), before);
}

}  // namespace blotter
