// Failing the n-th system call, for every n: no acknowledged record is ever lost, none is invented, nothing is retried.
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <thread>

#include "journal/faulty_io.h"
#include "journal/journal_fixture.h"

namespace blotter::journal {
namespace {

using Fault = FaultyIo::Fault;

struct Outcome {
  std::uint64_t submitted = 0;
  std::uint64_t acknowledged = 0;
};

constexpr std::uint64_t kRecords = 60;

// Some blocking, some pipelined records over several segments, until the end or the first refusal.
Outcome run_script(Journal& journal) {
  Outcome outcome;
  for (std::uint64_t seq = to_number(journal.appended()) + 1; seq <= kRecords; ++seq) {
    const auto got = journal.append(as_record(record_text(seq, 900)), Priority::fact);
    if (!got) break;
    outcome.submitted = seq;
    if (seq % 3 != 0) continue;
    const auto durable = journal.wait_durable(*got);
    if (!durable) {
      EXPECT_EQ(durable.error().code, Errc::poisoned);
      EXPECT_EQ(journal.append(as_record("more"), Priority::fact).error().code, Errc::poisoned);
      EXPECT_TRUE(journal.poisoned());
      break;
    }
    outcome.acknowledged = seq;
  }
  outcome.acknowledged = std::max(outcome.acknowledged, to_number(journal.durable()));
  return outcome;
}

void expect_prefix(const std::string& directory, const Outcome& outcome, const std::string& what) {
  auto journal = open_journal(directory, small_options());
  ASSERT_TRUE(journal.has_value()) << what << ": " << journal.error().message;
  const ReadBack back = read_all(directory, journal->get());
  ASSERT_FALSE(back.error) << what << ": " << back.error->message;
  EXPECT_GE(back.records.size(), outcome.acknowledged) << what;
  EXPECT_LE(back.records.size(), outcome.submitted) << what;
  for (std::uint64_t seq = 1; seq <= back.records.size(); ++seq) {
    ASSERT_EQ(back.records[seq - 1], record_text(seq, 900)) << what;
  }
  const auto more = (*journal)->append(as_record("more"), Priority::fact);
  ASSERT_TRUE(more.has_value()) << what;
  EXPECT_TRUE((*journal)->wait_durable(*more).has_value()) << what;
  journal->reset();
  EXPECT_TRUE(check_journal(directory).has_value()) << what;
}

class FaultSweep : public testing::TestWithParam<std::tuple<Fault, DurableWrite>> {};

TEST_P(FaultSweep, NoFalseAcknowledgementWhicheverCallFails) {
  const auto [fault, mode] = GetParam();
  Options options = small_options();
  options.durable_write = mode;
  int clean = 0;
  for (std::uint64_t n = 1; clean < 3; ++n) {
    TemporaryDirectory directory;
    expect_value(create_journal(directory.path(), "test-book", options));
    FaultyIo io;
    io.fail_at(n, fault);
    Outcome outcome;
    auto journal = open_journal_in({.io = &io, .spare_retry = std::chrono::milliseconds(1)}, directory.path(), options);
    if (journal) {
      outcome = run_script(**journal);
      journal->reset();
    }
    // Closing flushes too, so what was submitted may be there.
    expect_prefix(directory.path(), outcome, "call " + std::to_string(n));
    if (testing::Test::HasFatalFailure()) return;
    // The maker of spares runs beside, so the number of calls differs from run to run: three clean ones end the sweep.
    clean = io.fired() ? 0 : clean + 1;
    ASSERT_LT(n, 2000u);
  }
}

TEST_P(FaultSweep, CreatingFailsCleanlyAndCanBeRepeated) {
  const auto [fault, mode] = GetParam();
  Options options = small_options();
  options.durable_write = mode;
  for (std::uint64_t n = 1;; ++n) {
    TemporaryDirectory directory;
    FaultyIo io;
    io.fail_at(n, fault);
    const auto created = create_journal_in({.io = &io}, directory.path(), "test-book", options);
    if (!created && !read_book_file(directory.path())) {
      expect_value(create_journal(directory.path(), "test-book", options));
    }
    append_until(*open_or_throw(directory.path(), options), 1);
    if (!io.fired()) break;
    ASSERT_LT(n, 100u);
  }
}

INSTANTIATE_TEST_SUITE_P(AllFaults, FaultSweep,
                         testing::Combine(testing::Values(Fault::error, Fault::short_write, Fault::no_space),
                                          testing::Values(DurableWrite::automatic, DurableWrite::buffered)));

TEST(Poisoned, EveryWaiterIsToldAndNothingIsRetried) {
  TemporaryDirectory directory;
  expect_value(create_journal(directory.path(), "test-book", small_options()));
  FaultyIo io;
  auto journal = expect_value(open_journal_in({.io = &io}, directory.path(), small_options()));
  append_until(*journal, 3);
  std::mutex latch;
  std::atomic<int> told{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 10'000; ++k) {
        Result<Seq> seq = [&] {
          const std::lock_guard guard(latch);
          return journal->append(as_record(record_text(to_number(journal->appended()) + 1)), Priority::fact);
        }();
        const bool fine = seq.has_value() && journal->wait_durable(*seq).has_value();
        if (i == 0 && k == 20) io.fail_next_commit();
        if (fine) continue;
        ++told;
        return;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(told, 16);
  EXPECT_TRUE(journal->poisoned());
  EXPECT_EQ(io.commits_after_failure(), 0);
  const Seq durable = journal->durable();
  EXPECT_EQ(journal->wait_durable(next(durable)).error().code, Errc::poisoned);
  EXPECT_TRUE(journal->wait_durable(durable).has_value()) << "what was durable before stays so";
  EXPECT_EQ(journal->wait_beyond(durable, 10'000), durable) << "does not wait for what will not come";
  journal.reset();
  EXPECT_GE(read_all(directory.path()).records.size(), to_number(durable));
}

TEST(Poisoned, ByTheRemovalOfItsLockFile) {
  TemporaryDirectory directory;
  auto journal = create_and_open(directory.path());
  append_until(*journal, 1);
  std::filesystem::remove(directory / "LOCK");
  auto other = open_or_throw(directory.path());
  const auto seq = journal->append(as_record("late"), Priority::fact);
  EXPECT_EQ(journal->wait_durable(*seq).error().code, Errc::poisoned);
  append_until(*other, 5);
  other.reset();
  EXPECT_EQ(read_all(directory.path()).records.size(), 5u);
}

// A genuine short write: the kernel stops at the process's file size limit, then fails with EFBIG.
TEST(FileSizeLimit, AShortWriteIsAnErrorAndNoRecordIsLost) {
  TemporaryDirectory directory;
  expect_value(create_journal(directory.path(), "test-book", small_options()));
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    auto journal = open_journal(directory.path(), small_options());
    if (!journal) ::_exit(1);
    const rlimit limit{20'480 + 1024, 20'480 + 1024};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    for (std::uint64_t seq = 1; seq <= 20; ++seq) {
      const auto got = (*journal)->append(as_record(record_text(seq, 900)), Priority::fact);
      if (!got || !(*journal)->wait_durable(*got)) ::_exit(seq == 5 && (*journal)->poisoned() ? 0 : 2);
    }
    ::_exit(3);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  expect_prefix(directory.path(), {.submitted = 5, .acknowledged = 4}, "file size limit");
}

}  // namespace
}  // namespace blotter::journal
