// A long history: recording it in bounded memory, replaying it, restarting on top of it.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <vector>

#include "bench/run.h"
#include "bench/statistics.h"
#include "bench/traffic.h"
#include "core/snapshot.h"
#include "journal/io.h"
#include "journal/reader.h"
#include "journal/segment.h"
#include "journal/snapshots.h"
#include "ledger/recovery.h"

namespace blotter::bench {
namespace {

constexpr std::uint64_t kTenMillion = 10'000'000;
constexpr double kBytesPerIdentityMax = 48;
// An order has two, its client's and its venue's; a fill has one.
constexpr double kIdentitiesPerEvent = 1.5;
// Code, the journal's buffers, the closed orders that are kept, positions.
constexpr double kFixedBytes = 256.0 * (1u << 20);

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

struct History {
  double bytes_grown = 0;
  Seq last{0};
};

// Records `events` orders and fills and samples the memory on the way.
Result<History> record_history(Run& run, std::uint64_t events) {
  const double before = resident_bytes();
  double most = before;
  BLOTTER_ASSIGN(auto ledger, run.open_ledger("history"));
  Traffic traffic(1);
  Seq last{0};
  for (std::uint64_t i = 0; i < events; ++i) {
    BLOTTER_ASSIGN(const Receipt receipt, ledger->offer(traffic.next(), {}));
    last = receipt.seq;
    if (i % 100'000 == 0) most = std::max(most, resident_bytes());
    if (i % 1'000'000 == 0) run.say("recording a history: " + with_commas(i) + " of " + with_commas(events));
  }
  BLOTTER_TRY(ledger->wait_durable(last));
  most = std::max(most, resident_bytes());
  BLOTTER_TRY(ledger->close(0));
  return History{.bytes_grown = most - before, .last = last};
}

// Reads the bytes of the journal and nothing else.
Result<double> seconds_to_read(const std::vector<journal::SegmentFile>& segments) {
  std::vector<char> piece(1u << 20);
  const SteadyClock::time_point start = SteadyClock::now();
  for (const journal::SegmentFile& segment : segments) {
    const journal::File file(::open(segment.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) return journal::system_failure("cannot open", segment.path);
    ssize_t got = 0;
    while ((got = ::read(file.fd(), piece.data(), piece.size())) > 0) {
    }
    if (got < 0) return journal::system_failure("cannot read", segment.path);
  }
  return seconds_since(start);
}

// A restart after a crash of the machine finds nothing in memory.
void forget_cached(const std::string& directory) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, ignored)) {
    const journal::File file(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) continue;
    static_cast<void>(::fdatasync(file.fd()));
    static_cast<void>(::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED));
  }
}

Result<void> replay(Run& run, const std::string& directory, Seq last) {
  BLOTTER_ASSIGN(const auto segments, journal::list_segments(directory));
  Rounds rounds;
  const int count = run.by_scale(1, 3, 3);
  for (int round = 0; round < count; ++round) {
    run.say("replay: round " + std::to_string(round + 1) + " of " + std::to_string(count));
    BLOTTER_ASSIGN(const double bare, seconds_to_read(segments));
    BLOTTER_ASSIGN(auto reader, journal::open_reader(directory));
    State state;
    const SteadyClock::time_point start = SteadyClock::now();
    BLOTTER_ASSIGN(const Recovered recovered, recover(directory, *reader, last, state));
    rounds.ours.push_back(static_cast<double>(recovered.replayed) / seconds_since(start));
    rounds.ceiling.push_back(static_cast<double>(recovered.replayed) / bare);
  }
  BenchRow row = row_of("replay", "events/s", rounds,
                        "recover() of " + with_commas(to_number(last)) +
                            " events into a fresh state, one thread, files in the page "
                            "cache; ceiling: read() of the same files and nothing else");
  row.goal = ">= 3,000,000/s";
  row.met = *row.ours >= 3'000'000;
  run.add(std::move(row));
  return {};
}

Result<double> seconds_to_open(const std::string& ledger_directory) {
  forget_cached(ledger_directory);
  const SteadyClock::time_point start = SteadyClock::now();
  BLOTTER_ASSIGN(auto ledger, Ledger::open(ledger_without_store(ledger_directory)));
  return seconds_since(start);
}

Result<void> snapshot_at(const std::string& directory, Seq seq) {
  BLOTTER_ASSIGN(auto reader, journal::open_reader(directory));
  State state;
  BLOTTER_ASSIGN(const Recovered recovered, recover(directory, *reader, seq, state));
  static_cast<void>(recovered);
  return journal::write_snapshot(directory, seq, encode_snapshot(state));
}

Result<void> restart(Run& run, const std::string& ledger_directory, std::uint64_t events, const char* with) {
  Rounds rounds;
  const int count = run.by_scale(1, 1, 3);
  for (int round = 0; round < count; ++round) {
    run.say(std::string("restart ") + with + ": round " + std::to_string(round + 1) + " of " + std::to_string(count));
    BLOTTER_ASSIGN(const double seconds, seconds_to_open(ledger_directory));
    rounds.ours.push_back(seconds);
    forget_cached(ledger_directory);
    BLOTTER_ASSIGN(const auto segments, journal::list_segments(ledger_directory + "/journal"));
    BLOTTER_ASSIGN(const double bare, seconds_to_read(segments));
    rounds.ceiling.push_back(bare);
  }
  BenchRow row = row_of(std::string("restart ") + with, "s", rounds,
                        "Ledger::open with " + with_commas(events) +
                            " events behind it, nothing in the page cache; ceiling: read() of the whole journal");
  row.goal = "< 5 s for 10,000,000";
  if (events >= kTenMillion) row.met = *row.ours < 5;
  run.add(std::move(row));
  return {};
}

}  // namespace

Result<void> measure_history(Run& run) {
  const std::uint64_t events = run.by_scale<std::uint64_t>(5'000, 2'000'000, kTenMillion);
  const std::string ledger_directory = run.scratch() / "history";
  const std::string journal_directory = ledger_directory + "/journal";
  BLOTTER_ASSIGN(const History history, record_history(run, events));
  const double bound = kFixedBytes + kBytesPerIdentityMax * kIdentitiesPerEvent * static_cast<double>(events);
  BenchRow memory;
  memory.name = "resident memory while recording";
  memory.unit = "MB";
  memory.ours = history.bytes_grown / 1e6;
  memory.ceiling = bound / 1e6;
  memory.ratio = history.bytes_grown / bound;
  memory.goal = "<= 1.00";
  memory.met = history.bytes_grown <= bound;
  memory.conditions = with_commas(events) +
                      " orders and fills through Ledger::offer, no store, no snapshot; the ceiling is the promised "
                      "bound: 256 MiB and 48 bytes for each identity, of which an order has two and a fill one";
  run.add(std::move(memory));
  BLOTTER_TRY(replay(run, journal_directory, history.last));
  BLOTTER_TRY(restart(run, ledger_directory, events, "without a snapshot"));
  // Snapshots come every four million events, so up to as many are left to replay.
  const Seq at{events / 10 * 8};
  run.say("restart: writing a snapshot");
  BLOTTER_TRY(snapshot_at(journal_directory, at));
  BLOTTER_TRY(restart(run, ledger_directory, events, "with a snapshot at 80 %"));
  run.scratch().remove("history");
  return {};
}

}  // namespace blotter::bench
