// A full disk: intents are refused, facts go on into the reserve, nothing acknowledged is lost, and it resumes by
// itself.
#include <gmock/gmock.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "journal/faulty_io.h"
#include "journal/small_disk_fixture.h"

namespace blotter::journal {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

int spares_in(const std::string& directory) {
  int spares = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().filename().string().starts_with("spare-")) ++spares;
  }
  return spares;
}

// Drives the story on any disk: `fill` takes the space away, `free` gives it back.
void tell_the_story(const Environment& environment, const std::string& directory, const std::function<void()>& fill,
                    const std::function<void()>& free) {
  expect_value(create_journal(directory, "test-book", small_options()));
  auto journal = expect_value(open_journal_in(environment, directory, small_options()));
  append_until(*journal, 3, 900);
  EXPECT_FALSE(journal->reserve_only());
  ASSERT_TRUE(eventually([&] { return spares_in(directory) == 2; }));
  fill();

  // Intents go on until a spare is wanted that cannot be made, and are refused with a reason from then on.
  std::optional<Error> refusal;
  std::uint64_t seq = 3;
  while (!refusal && seq < 1000) {
    const auto got = journal->append(as_record(record_text(seq + 1, 900)), Priority::intent);
    if (!got) {
      refusal = got.error();
      break;
    }
    expect_value(journal->wait_durable(*got));
    ++seq;
  }
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->code, Errc::exhausted);
  EXPECT_THAT(refusal->message, testing::HasSubstr("No space left"));
  EXPECT_TRUE(journal->reserve_only());
  EXPECT_EQ(journal->appended(), Seq{seq}) << "a refusal appends nothing";

  // Facts land in what is left and in the reserve: at least one whole segment.
  std::uint64_t facts = 0;
  std::optional<Error> exhausted;
  while (!exhausted && facts < 1000) {
    const auto got = journal->append(as_record(record_text(seq + 1, 900)), Priority::fact);
    if (!got) {
      exhausted = got.error();
      break;
    }
    const auto durable = journal->wait_durable(*got);
    ASSERT_TRUE(durable.has_value()) << "what was accepted becomes durable: " << durable.error().message;
    ++seq;
    ++facts;
  }
  ASSERT_TRUE(exhausted.has_value());
  EXPECT_EQ(exhausted->code, Errc::exhausted);
  EXPECT_GE(facts, (kSegmentBytesMin - kSegmentHeaderBytes) / kBlock);
  EXPECT_FALSE(journal->poisoned());
  EXPECT_EQ(journal->durable(), Seq{seq});

  free();
  ASSERT_TRUE(eventually([&] { return !journal->reserve_only(); }));
  for (int i = 0; i < 100; ++i) {
    const auto got = journal->append(as_record(record_text(seq + 1, 900)), Priority::intent);
    ASSERT_TRUE(got.has_value()) << got.error().message;
    expect_value(journal->wait_durable(*got));
    ++seq;
  }
  journal.reset();
  const ReadBack back = read_all(directory);
  ASSERT_FALSE(back.error) << back.error->message;
  ASSERT_EQ(back.records.size(), seq);
  for (std::uint64_t i = 1; i <= seq; ++i) ASSERT_EQ(back.records[i - 1], record_text(i, 900));
  EXPECT_TRUE(check_journal(directory).has_value());
}

TEST(DiskFull, RefusesIntentsLandsFactsAndResumes) {
  TemporaryDirectory directory;
  FaultyIo io;
  tell_the_story(
      {.io = &io, .spare_retry = std::chrono::milliseconds(1)}, directory.path(), [&] { io.set_space(0); },
      [&] { io.set_space(-1); });
}

TEST(DiskFull, OnARealSmallFileSystem) {
  const SmallDisk disk("1m");
  if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a small tmpfs";
  tell_the_story(
      {.spare_retry = std::chrono::milliseconds(1)}, disk.path() + "/book", [&] { disk.fill(); }, [&] { disk.free(); });
}

TEST(DiskFull, OpeningWithoutASpareToGiveUpIsRefusedAndChangesNothing) {
  TemporaryDirectory directory;
  { append_until(*create_and_open(directory.path()), 2); }
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    if (entry.path().filename().string().starts_with("spare-")) std::filesystem::remove(entry.path());
  }
  const Bytes book = read_file(directory / "book");
  FaultyIo io;
  io.fail_at(1, FaultyIo::Fault::no_space);
  EXPECT_EQ(open_journal_in({.io = &io}, directory.path(), small_options()).error().code, Errc::exhausted);
  EXPECT_EQ(read_file(directory / "book"), book);
  EXPECT_EQ(open_or_throw(directory.path())->recovery().last, Seq{2});
}

TEST(DiskFull, OpeningGivesUpASpareWhenItNeedsTheRoom) {
  const SmallDisk disk("1m");
  if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a small tmpfs";
  const std::string directory = disk.path() + "/book";
  {
    auto journal = create_and_open(directory);
    append_until(*journal, 2);
    ASSERT_TRUE(eventually([&] { return spares_in(directory) == 2; }));
  }
  disk.fill();
  auto journal = open_or_throw(directory);
  EXPECT_EQ(journal->recovery().last, Seq{2});
  append_until(*journal, 10);
}

}  // namespace
}  // namespace blotter::journal
