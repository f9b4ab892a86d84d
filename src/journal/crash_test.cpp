// kill -9 at random moments: acknowledged ⊆ recovered ⊆ submitted, every time.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "journal/journal_fixture.h"

namespace blotter::journal {
namespace {

// Appends until it is killed: single records, batches, spreads over segments; tells each durable seq through the pipe.
[[noreturn]] void write_until_killed(const std::string& directory, int pipe, unsigned seed) {
  auto journal = open_journal(directory, small_options());
  if (!journal) ::_exit(2);
  std::mt19937 random(seed);
  while (true) {
    const std::uint64_t batch = random() % 4 == 0 ? random() % 40 + 1 : 1;
    Seq last{0};
    for (std::uint64_t i = 0; i < batch; ++i) {
      const std::uint64_t seq = to_number((*journal)->appended()) + 1;
      const auto got = (*journal)->append(as_record(record_text(seq, seq % 700)), Priority::fact);
      if (!got) ::_exit(3);
      last = *got;
    }
    if (!(*journal)->wait_durable(last)) ::_exit(4);
    const std::uint64_t acknowledged = to_number(last);
    if (::write(pipe, &acknowledged, sizeof acknowledged) != sizeof acknowledged) ::_exit(5);
  }
}

std::uint64_t last_acknowledged(int pipe) {
  std::uint64_t last = 0;
  std::uint64_t value = 0;
  while (::read(pipe, &value, sizeof value) == sizeof value) last = value;
  return last;
}

TEST(Killed, AtAnyMomentNothingAcknowledgedIsLostAndNothingInvented) {
  TemporaryDirectory directory;
  expect_value(create_journal(directory.path(), "test-book", small_options()));
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::uint64_t acknowledged = 0;
  int kills = 0;
  for (int round = 0; round < 100; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const unsigned child_seed = static_cast<unsigned>(random());
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      write_until_killed(directory.path(), ends[1], child_seed);
    }
    ::close(ends[1]);
    // The moment is drawn, not waited for: any is as good as any other.
    ::usleep(static_cast<useconds_t>(random() % 12'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);
    ++kills;
    acknowledged = std::max(acknowledged, last_acknowledged(ends[0]));
    ::close(ends[0]);

    const ReadBack before = read_all(directory.path());
    ASSERT_FALSE(before.error) << before.error->message;
    auto journal = open_journal(directory.path(), small_options());
    ASSERT_TRUE(journal.has_value()) << "round " << round << ": " << journal.error().message;
    ASSERT_GE(to_number((*journal)->recovery().last), acknowledged) << "round " << round;
    ASSERT_EQ(to_number((*journal)->recovery().last), before.records.size()) << "a reader saw what recovery found";
  }
  const ReadBack back = read_all(directory.path());
  ASSERT_FALSE(back.error) << back.error->message;
  ASSERT_GE(back.records.size(), acknowledged);
  for (std::uint64_t seq = 1; seq <= back.records.size(); ++seq) {
    ASSERT_EQ(back.records[seq - 1], record_text(seq, seq % 700));
  }
  EXPECT_EQ(expect_value(check_journal(directory.path())).records, back.records.size());
  EXPECT_GT(acknowledged, 0u);
}

}  // namespace
}  // namespace blotter::journal
