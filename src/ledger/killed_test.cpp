// kill -9 at random moments while a day is recorded: what was acknowledged is there, and the same day offered again
// leads to where an undisturbed run ends.
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "ledger/accepting_test.h"
#include "ledger/verify.h"

namespace blotter::ledger_test {
namespace {

constexpr int kKills = 12;

// Blocking and pipelined calls in turn; tells the number of reports that are durable for sure.
[[noreturn]] void record_until_killed(const Directory& directory, const std::vector<Report>& reports, int pipe) {
  LedgerOptions options = options_for(directory.path(), directory.store());
  options.snapshot_every = 500;
  auto ledger = Ledger::open(options);
  if (!ledger) ::_exit(2);
  std::uint64_t done = 0;
  for (const Report& report : reports) {
    const auto receipt = (*ledger)->offer(report, {});
    if (!receipt) ::_exit(3);
    if (++done % 16 != 0) continue;
    if (!(*ledger)->wait_durable(receipt->seq)) ::_exit(4);
    if (::write(pipe, &done, sizeof done) != sizeof done) ::_exit(5);
  }
  while (true) ::pause();
}

TEST(KilledLedger, LosesNothingAcknowledgedAndEndsAsAnUndisturbedRun) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<Report> reports = simulated(6'000, seed, 200);
  const Directory undisturbed;
  {
    const auto ledger = open_ledger(undisturbed, undisturbed.store());
    for (const Report& report : reports) expect_value(ledger->offer(report, {}));
    expect_value(ledger->close(60'000));
  }
  const Directory directory;
  std::uint64_t acknowledged = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const auto patience = static_cast<useconds_t>(random() % 60'000);
    const pid_t child = ::fork();
    if (child == 0) record_until_killed(directory, reports, ends[1]);
    ::close(ends[1]);
    // The moment is drawn, not waited for: any is as good as any other.
    ::usleep(patience);
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself with " << WEXITSTATUS(status);
    std::uint64_t value = 0;
    while (::read(ends[0], &value, sizeof value) == sizeof value) acknowledged = std::max(acknowledged, value);
    ::close(ends[0]);
    if (acknowledged == 0) continue;
    const auto ledger = open_ledger(directory);
    for (std::uint64_t i = 0; i < acknowledged; ++i) {
      const Receipt receipt = expect_value(ledger->offer(reports[i], {}));
      ASSERT_EQ(receipt.outcome, Outcome::exists) << "report " << i << " of " << acknowledged << " acknowledged";
    }
  }
  {
    const auto ledger = open_ledger(directory, directory.store());
    for (const Report& report : reports) expect_value(ledger->offer(report, {}));
    expect_value(ledger->close(60'000));
  }
  EXPECT_EQ(difference(tables(*reading(undisturbed), kOfTheRun), tables(*reading(directory), kOfTheRun)), "");
  const auto store = reading(directory);
  EXPECT_TRUE(expect_value(verify(directory.journal(), "main", store.get(), {})).ok());
}

}  // namespace
}  // namespace blotter::ledger_test
