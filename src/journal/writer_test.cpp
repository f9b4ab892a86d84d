// The Journal's contract over real files, in the ordinary course of things.
#include "journal/writer.h"

#include <gmock/gmock.h>

#include <thread>

#include "journal/book_file.h"
#include "journal/journal_fixture.h"

namespace blotter::journal {
namespace {

TEST(Journal, GivesBackAfterReopeningWhatWasAppended) {
  TemporaryDirectory directory;
  {
    auto journal = create_and_open(directory.path());
    append_until(*journal, 10);
    EXPECT_EQ(journal->durable(), Seq{10});
    EXPECT_EQ(journal->epoch(), Epoch{1});
  }
  auto journal = open_or_throw(directory.path());
  EXPECT_EQ(journal->epoch(), Epoch{2});
  EXPECT_EQ(journal->recovery().last, Seq{10});
  EXPECT_EQ(journal->recovery().torn_bytes_cut, 0u);
  append_until(*journal, 20);
  const ReadBack back = read_all(directory.path(), journal.get());
  ASSERT_FALSE(back.error) << back.error->message;
  ASSERT_EQ(back.records.size(), 20u);
  for (std::uint64_t seq = 1; seq <= 20; ++seq) EXPECT_EQ(back.records[seq - 1], record_text(seq));
}

TEST(Journal, RollsOverManySmallSegments) {
  for (const DurableWrite mode : {DurableWrite::automatic, DurableWrite::buffered}) {
    TemporaryDirectory directory;
    Options options = small_options();
    options.durable_write = mode;
    auto journal = create_and_open(directory.path(), options);
    append_until(*journal, 200, 300);
    EXPECT_GE(expect_value(list_segments(directory.path())).size(), 13u);
    EXPECT_EQ(read_all(directory.path(), journal.get()).records.size(), 200u);
    journal.reset();
    EXPECT_EQ(open_or_throw(directory.path(), options)->recovery().last, Seq{200});
    const ReadBack back = read_all(directory.path());
    ASSERT_FALSE(back.error) << back.error->message;
    EXPECT_EQ(back.records.size(), 200u);
  }
}

TEST(Journal, FlushesWhatWasAppendedWhenItIsClosed) {
  TemporaryDirectory directory;
  {
    auto journal = create_and_open(directory.path());
    for (std::uint64_t seq = 1; seq <= 5; ++seq) {
      expect_value(journal->append(as_record(record_text(seq)), Priority::intent));
    }
    EXPECT_EQ(journal->appended(), Seq{5});
  }
  EXPECT_EQ(read_all(directory.path()).records.size(), 5u);
}

TEST(Journal, MakesPipelinedRecordsDurableWithoutAWaiter) {
  TemporaryDirectory directory;
  auto journal = create_and_open(directory.path());
  expect_value(journal->append(as_record(record_text(1)), Priority::fact));
  journal->flush_soon();
  EXPECT_EQ(journal->wait_beyond(Seq{0}, 10'000), Seq{1});
  EXPECT_EQ(journal->wait_beyond(Seq{1}, 1), Seq{1});
}

TEST(Journal, WaitsForTheWriterWhenItsBufferIsFull) {
  TemporaryDirectory directory;
  auto journal = create_and_open(directory.path());
  for (std::uint64_t seq = 1; seq <= 2000; ++seq) {
    expect_value(journal->append(as_record(record_text(seq, 200)), Priority::intent));
  }
  expect_value(journal->wait_durable(Seq{2000}));
  EXPECT_EQ(read_all(directory.path(), journal.get()).records.size(), 2000u);
}

TEST(Journal, ManyBlockingThreadsShareGroupsAndNoneIsForgotten) {
  TemporaryDirectory directory;
  Options options = small_options();
  options.segment_bytes = 1u << 20;
  auto journal = create_and_open(directory.path(), options);
  constexpr int kThreads = 64;
  constexpr int kEach = 50;
  std::mutex latch;  // the ledger's: one thread at a time appends
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < kEach; ++k) {
        Seq seq{0};
        {
          const std::lock_guard guard(latch);
          const std::string text = record_text(to_number(journal->appended()) + 1);
          seq = expect_value(journal->append(as_record(text), Priority::intent));
        }
        expect_value(journal->wait_durable(seq));
        EXPECT_GE(journal->durable(), seq);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  journal.reset();
  const ReadBack back = read_all(directory.path());
  ASSERT_EQ(back.records.size(), static_cast<std::size_t>(kThreads * kEach));
  for (std::uint64_t seq = 1; seq <= back.records.size(); ++seq) EXPECT_EQ(back.records[seq - 1], record_text(seq));
}

TEST(Journal, RefusesRecordsItCannotHold) {
  TemporaryDirectory directory;
  auto journal = create_and_open(directory.path());
  EXPECT_EQ(journal->append({}, Priority::fact).error().code, Errc::invalid);
  const std::string huge(20'000, 'x');
  EXPECT_EQ(journal->append(as_record(huge), Priority::fact).error().code, Errc::invalid);
  EXPECT_EQ(journal->wait_durable(Seq{1}).error().code, Errc::invalid);
  EXPECT_EQ(journal->appended(), Seq{0});
}

TEST(Journal, IsCreatedOnceAndOnlyWithAGoodName) {
  TemporaryDirectory directory;
  const std::string path = directory / "a/b/c";
  expect_value(create_journal(path, "book_1.A-z", small_options()));
  EXPECT_EQ(create_journal(path, "book_1.A-z", small_options()).error().code, Errc::invalid);
  EXPECT_EQ(create_journal(directory / "d", "", small_options()).error().code, Errc::invalid);
  EXPECT_EQ(create_journal(directory / "d", "a b", small_options()).error().code, Errc::invalid);
  EXPECT_EQ(create_journal(directory / "d", std::string(33, 'a'), small_options()).error().code, Errc::invalid);
  EXPECT_EQ(open_journal(directory / "d", small_options()).error().code, Errc::not_found);
  EXPECT_EQ(read_book_file(directory / "d").error().code, Errc::not_found);
  EXPECT_EQ(expect_value(read_book_file(path)).book_id, "book_1.A-z");
  EXPECT_EQ(expect_value(read_book_file(path)).epoch, Epoch{0});
}

TEST(Journal, GoesOnAfterACreateThatDiedHalfWay) {
  TemporaryDirectory directory;
  expect_value(create_journal(directory.path(), "test-book", small_options()));
  std::filesystem::remove(directory / "book");
  expect_value(create_journal(directory.path(), "test-book", small_options()));
  append_until(*open_or_throw(directory.path()), 1);
  std::filesystem::remove(directory / "book");
  EXPECT_EQ(create_journal(directory.path(), "test-book", small_options()).error().code, Errc::invalid);
}

TEST(Journal, NeverReusesAnEpochOverManyRestarts) {
  TemporaryDirectory directory;
  expect_value(create_journal(directory.path(), "test-book", small_options()));
  for (std::uint64_t epoch = 1; epoch <= 30; ++epoch) {
    auto journal = open_or_throw(directory.path());
    EXPECT_EQ(journal->epoch(), Epoch{epoch});
    append_until(*journal, epoch);
  }
  EXPECT_EQ(read_all(directory.path()).records.size(), 30u);
}

TEST(Journal, KeepsSparesAheadAndUsesThoseOfAnEarlierWriter) {
  TemporaryDirectory directory;
  { append_until(*create_and_open(directory.path()), 60, 100); }
  int spares = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    if (entry.path().filename().string().starts_with("spare-")) ++spares;
  }
  EXPECT_LE(spares, 2);
  append_until(*open_or_throw(directory.path()), 120, 100);
  EXPECT_EQ(read_all(directory.path()).records.size(), 120u);
}

}  // namespace
}  // namespace blotter::journal
