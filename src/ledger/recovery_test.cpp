// Starting is recovering: from any snapshot, after any number of events, the state is the same.
#include "ledger/recovery.h"

#include "core/snapshot.h"
#include "journal/snapshots.h"
#include "ledger/accepting_test.h"
#include "ledger/snapshotter.h"

namespace blotter::ledger_test {
namespace {

struct RecoveryTest : testing::Test {
  Directory directory;

  Recovered recovered(State& state, Seq limit = kJournalEnd) {
    const auto reader = expect_value(journal::open_reader(directory.journal()));
    return expect_value(recover(directory.journal(), *reader, limit, state));
  }
  std::vector<std::string> fold(std::uint64_t count) {
    State state;
    std::uint64_t seq = 0;
    for (const Event& event : events_of(directory.journal())) {
      if (seq == count) break;
      evolve(state, event, Seq{++seq});
    }
    return canonical(state);
  }
  // The state's rows and identities in an order of their own: the bytes of equal states may differ in the order of
  // their hash tables.
  static std::vector<std::string> canonical(const State& state) {
    std::vector<std::string> lines;
    const auto add = [&](const auto& value) {
      ByteWriter bytes;
      codec::write(bytes, value);
      lines.emplace_back(journal::as_text(bytes.bytes()));
    };
    state.book.for_each_order([&](const Order& order) { add(order); });
    state.book.for_each_position([&](const Position& position) { add(position); });
    state.book.for_each_balance([&](const Balance& balance) { add(balance); });
    state.book.for_each_daily([&](const DailyPnl& daily) { add(daily); });
    for (const Account& account : state.book.accounts()) add(account);
    for (const Instrument& instrument : state.book.instruments()) add(instrument);
    for (const Strategy& strategy : state.book.strategies()) add(strategy);
    add(state.book.counters());
    state.identities.for_each([&](const Identities::Entry& entry) {
      lines.push_back(std::to_string(entry.key.high) + " " + std::to_string(entry.key.low) + " " +
                      std::to_string(entry.content) + " " + std::to_string(entry.seq_and_variant));
    });
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  void snapshot_at(std::uint64_t seq) {
    State state;
    recovered(state, Seq{seq});
    ASSERT_EQ(to_number(state.book.seq()), seq);
    expect_value(journal::write_snapshot(directory.journal(), Seq{seq}, encode_snapshot(state)));
  }
};

TEST_F(RecoveryTest, ASnapshotAndItsTailAreTheWholeReplay) {
  { Accepting(directory.journal()).offer(simulated(3'000, 11)); }
  const std::uint64_t last = events_of(directory.journal()).size();
  State whole;
  EXPECT_EQ(recovered(whole).snapshot, Seq{0});
  for (const std::uint64_t at : {std::uint64_t{1}, last / 3, last - 1, last}) {
    snapshot_at(at);
    State state;
    const Recovered how = recovered(state);
    EXPECT_EQ(how.snapshot, Seq{at});
    EXPECT_EQ(how.replayed, last - at);
    EXPECT_EQ(canonical(state), canonical(whole)) << "snapshot at " << at;
  }
}

TEST_F(RecoveryTest, AnUnreadableOrMisplacedSnapshotIsSkipped) {
  { Accepting(directory.journal()).offer(simulated(500, 12)); }
  State whole;
  recovered(whole);
  const std::vector<std::byte> noise(1'000, std::byte{7});
  expect_value(journal::write_snapshot(directory.journal(), Seq{200}, noise));
  State state;
  EXPECT_EQ(recovered(state).snapshot, Seq{0});
  EXPECT_EQ(canonical(state), canonical(whole));
  // Whole, but of another moment than its name says.
  State early;
  recovered(early, Seq{100});
  expect_value(journal::write_snapshot(directory.journal(), Seq{300}, encode_snapshot(early)));
  State again;
  EXPECT_EQ(recovered(again).snapshot, Seq{0});
  EXPECT_EQ(canonical(again), canonical(whole));
}

TEST_F(RecoveryTest, AJournalThatEndsBeforeWhatIsWantedIsCorrupt) {
  { Accepting(directory.journal()).offer({cash("1", "5")}); }
  const auto reader = expect_value(journal::open_reader(directory.journal()));
  State state;
  const auto answer = recover(directory.journal(), *reader, Seq{50}, state);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::corrupt);
}

TEST_F(RecoveryTest, ReopeningAfterEachRecordIsAsGoodAsStayingOpen) {
  const std::vector<Report> reports = simulated(60, 13);
  for (const Report& report : reports) Accepting(directory.journal()).offer({report});
  const Directory undisturbed;
  { Accepting(undisturbed.journal()).offer(reports); }
  const auto a = projected(events_of(directory.journal()), 10'000);
  const auto b = projected(events_of(undisturbed.journal()), 10'000);
  EXPECT_EQ(difference(tables(*a, kOfTheRun), tables(*b, kOfTheRun)), "");
}

TEST_F(RecoveryTest, TheSnapshotterWritesOneWhenEnoughHasHappened) {
  Accepting accepting(directory.journal());
  accepting.offer(simulated(1'000, 14));
  const Snapshotter snapshotter(accepting.journal(), Seq{0}, 100);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::optional<journal::Snapshot> snapshot;
  while (!snapshot && std::chrono::steady_clock::now() < deadline) {
    snapshot = expect_value(journal::newest_snapshot(directory.journal(), kJournalEnd));
    std::this_thread::yield();
  }
  ASSERT_TRUE(snapshot.has_value());
  State state;
  EXPECT_EQ(recovered(state).snapshot, snapshot->seq);
  EXPECT_EQ(canonical(state), fold(accepting.last()));
}

}  // namespace
}  // namespace blotter::ledger_test
