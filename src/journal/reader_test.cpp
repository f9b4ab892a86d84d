#include "journal/reader.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <random>
#include <thread>

#include "journal/journal_fixture.h"

namespace blotter::journal {
namespace {

TEST(Reader, FindsAnySeqInAnyOrder) {
  TemporaryDirectory directory{quick_parent()};
  Options options = small_options();
  auto journal = create_and_open(directory.path(), options);
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (std::uint64_t seq = 1; seq <= 1500; ++seq) {
    expect_value(journal->append(as_record(record_text(seq, random() % 500)), Priority::fact));
    if (random() % 3 == 0) expect_value(journal->wait_durable(Seq{seq}));
  }
  expect_value(journal->wait_durable(Seq{1500}));
  ASSERT_GT(expect_value(list_segments(directory.path())).size(), 10u);
  const auto starts_with_own_seq = [](const Record& record) {
    return as_text(record.bytes).starts_with("event-" + std::to_string(to_number(record.seq)) + ":");
  };
  for (const Journal* follow : {static_cast<const Journal*>(nullptr), static_cast<const Journal*>(journal.get())}) {
    auto reader = expect_value(open_reader(directory.path(), follow));
    for (int i = 0; i < 1000; ++i) {
      const Seq seq{random() % 1500 + 1};
      const auto record = reader->at(seq);
      ASSERT_TRUE(record.has_value()) << record.error().message;
      ASSERT_EQ(record->seq, seq);
      ASSERT_TRUE(starts_with_own_seq(*record));
      if (i % 10 != 0) continue;
      const Seq start{random() % 1500 + 1};
      expect_value(reader->seek(start));
      for (std::uint64_t k = 0; k < 20; ++k) {
        const auto next_record = expect_value(reader->next());
        if (to_number(start) + k > 1500) {
          ASSERT_FALSE(next_record.has_value());
          break;
        }
        ASSERT_TRUE(next_record.has_value());
        ASSERT_EQ(to_number(next_record->seq), to_number(start) + k);
        ASSERT_TRUE(starts_with_own_seq(*next_record));
      }
    }
    EXPECT_EQ(reader->at(Seq{1501}).error().code, Errc::not_found);
    EXPECT_EQ(reader->at(Seq{0}).error().code, Errc::not_found);
  }
}

TEST(Reader, SeeksAheadAndGetsTheRecordOnceItIsThere) {
  TemporaryDirectory directory;
  auto journal = create_and_open(directory.path());
  append_until(*journal, 2);
  for (const Journal* follow : {static_cast<const Journal*>(nullptr), static_cast<const Journal*>(journal.get())}) {
    const std::uint64_t last = to_number(journal->durable());
    auto reader = expect_value(open_reader(directory.path(), follow));
    expect_value(reader->seek(Seq{last + 3}));
    EXPECT_FALSE(expect_value(reader->next()).has_value());
    append_until(*journal, last + 2);
    EXPECT_FALSE(expect_value(reader->next()).has_value());
    append_until(*journal, last + 3);
    EXPECT_EQ(expect_value(reader->next()).value().seq, Seq{last + 3});
  }
}

TEST(Reader, NeverShowsWhatIsNotDurable) {
  TemporaryDirectory directory;
  auto journal = create_and_open(directory.path());
  append_until(*journal, 1);
  expect_value(journal->append(as_record("pending"), Priority::fact));
  auto reader = expect_value(open_reader(directory.path(), journal.get()));
  EXPECT_TRUE(expect_value(reader->next()).has_value());
  EXPECT_FALSE(expect_value(reader->next()).has_value());
  EXPECT_EQ(reader->at(Seq{2}).error().code, Errc::not_found);
  expect_value(journal->wait_durable(Seq{2}));
  EXPECT_EQ(as_text(expect_value(reader->next()).value().bytes), "pending");
}

TEST(Reader, FollowsAWriterWithoutAGap) {
  constexpr std::uint64_t kLast = 20'000;
  TemporaryDirectory directory;
  auto journal = create_and_open(directory.path());
  std::thread writer([&] {
    for (std::uint64_t seq = 1; seq <= kLast; ++seq) {
      expect_value(journal->append(as_record(record_text(seq, seq % 300)), Priority::fact));
      if (seq % 7 == 0) journal->flush_soon();
    }
    journal->flush_soon();
  });
  auto reader = expect_value(open_reader(directory.path(), journal.get()));
  std::uint64_t seen = 0;
  while (seen < kLast) {
    const auto record = reader->next();
    if (!record) ADD_FAILURE() << record.error().message;
    if (!record) break;
    if (!record->has_value()) {
      journal->wait_beyond(Seq{seen}, 1000);
      continue;
    }
    ++seen;
    ASSERT_EQ(to_number((*record)->seq), seen);
    ASSERT_EQ(as_text((*record)->bytes), record_text(seen, seen % 300));
  }
  writer.join();
}

TEST(Reader, ReadsAndChecksBesideAWriterOfAnotherProcess) {
  constexpr std::uint64_t kLast = 3000;
  TemporaryDirectory directory;
  expect_value(create_journal(directory.path(), "test-book", small_options()));
  const pid_t child = ::fork();
  if (child == 0) {
    auto journal = open_journal(directory.path(), small_options());
    if (!journal) ::_exit(1);
    for (std::uint64_t seq = 1; seq <= kLast; ++seq) {
      const auto got = (*journal)->append(as_record(record_text(seq, seq % 5000)), Priority::fact);
      if (!got || (seq % 3 == 0 && !(*journal)->wait_durable(*got))) ::_exit(2);
    }
    journal->reset();
    ::_exit(0);
  }
  auto reader = expect_value(open_reader(directory.path()));
  std::uint64_t seen = 0;
  while (seen < kLast) {
    const auto record = reader->next();
    ASSERT_TRUE(record.has_value()) << record.error().message;
    if (!record->has_value()) {
      const auto check = check_journal(directory.path());
      ASSERT_TRUE(check.has_value()) << check.error().message;
      ASSERT_GE(to_number(check->last), seen);
      continue;
    }
    ++seen;
    ASSERT_EQ(as_text((*record)->bytes), record_text(seen, seen % 5000));
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Reader, NamesWhatWasRetired) {
  TemporaryDirectory directory;
  auto journal = create_and_open(directory.path());
  append_until(*journal, 100, 900);
  std::filesystem::remove(segment_path(directory.path(), 1));
  auto reader = expect_value(open_reader(directory.path(), journal.get()));
  EXPECT_EQ(reader->at(Seq{1}).error().code, Errc::not_found);
  EXPECT_EQ(reader->seek(Seq{1}).error().code, Errc::not_found);
  const auto first = expect_value(reader->next());
  ASSERT_TRUE(first.has_value());
  EXPECT_GT(first->seq, Seq{1});
  EXPECT_EQ(expect_value(check_journal(directory.path())).first, first->seq);
}

}  // namespace
}  // namespace blotter::journal
