// The peers, beside us: the same bytes, the same durability, one caller and sixty-four.
#include <array>
#include <filesystem>

#include "bench/callers.h"
#include "bench/peer.h"
#include "bench/run.h"
#include "bench/traffic.h"

namespace blotter::bench {
namespace {

constexpr std::size_t kCallersMax = 64;
constexpr std::array<std::size_t, 2> kCallerCounts{1, kCallersMax};

struct Kind {
  const char* name;
  Result<std::unique_ptr<Peer>> (*open)(const std::string&, std::size_t);
};
constexpr std::array kKinds{
    Kind{"SQLite", open_sqlite_peer},
    Kind{"LevelDB", open_leveldb_peer},
    Kind{"RocksDB", open_rocksdb_peer},
    Kind{"PostgreSQL", open_postgres_peer},
};

std::string title(const Kind& kind, std::size_t callers) {
  return "against " + std::string(kind.name) + ", " + std::to_string(callers) + (callers == 1 ? " caller" : " callers");
}

// Ours and the peer by turns.
Result<BenchRow> compare(Run& run, const std::string& name, std::size_t callers, const Call& ours, const Call& theirs,
                         const Peer& peer) {
  const double seconds = run.by_scale(0.05, 0.5, 1.0);
  const int count = run.by_scale(1, 3, 5);
  Rounds rounds;
  Latencies latencies;
  for (int round = 0; round < count; ++round) {
    run.say(name + ": round " + std::to_string(round + 1) + " of " + std::to_string(count));
    BLOTTER_ASSIGN(const CallersResult us, run_callers(callers, seconds, ours));
    BLOTTER_ASSIGN(const CallersResult them, run_callers(callers, seconds, theirs));
    rounds.ours.push_back(us.rate());
    rounds.ceiling.push_back(them.rate());
    latencies.add_all(us.latencies);
  }
  BenchRow row = row_of(name, "records/s", rounds,
                        "Ledger::record against the same number of bytes kept durably by " + peer.conditions());
  // The budget names what sixty-four callers get; one caller is for orientation.
  if (callers > 1) {
    row.goal = "> 1.00";
    row.met = *row.ratio > 1;
  }
  add_percentiles(row, latencies);
  return row;
}

Result<void> measure_peer(Run& run, const Kind& kind, const Call& ours, std::span<const std::byte> record) {
  const std::string directory = run.scratch() / kind.name;
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  if (code) return fail(Errc::unavailable, directory + ": " + code.message());
  run.say(std::string("starting ") + kind.name);
  BLOTTER_ASSIGN(const std::unique_ptr<Peer> peer, kind.open(directory, kCallersMax));
  const Call theirs = [&](std::size_t caller) { return peer->insert(caller, record); };
  for (const std::size_t callers : kCallerCounts) {
    BLOTTER_ASSIGN(BenchRow row, compare(run, title(kind, callers), callers, ours, theirs, *peer));
    run.add(std::move(row));
  }
  return {};
}

}  // namespace

Result<void> measure_peers(Run& run) {
  BLOTTER_ASSIGN(const std::size_t record_bytes, run.record_bytes());
  const std::vector<std::byte> record(record_bytes, std::byte{1});
  BLOTTER_ASSIGN(auto ledger, run.open_ledger("peers"));
  std::vector<Traffic> traffic;
  for (unsigned caller = 0; caller < kCallersMax; ++caller) traffic.emplace_back(caller + 1);
  const Call ours = [&](std::size_t caller) -> Result<void> {
    BLOTTER_TRY(ledger->record(traffic[caller].next()));
    return {};
  };
  for (const Kind& kind : kKinds) {
    const Result<void> measured = measure_peer(run, kind, ours, record);
    run.scratch().remove(kind.name);
    if (measured) continue;
    BenchRow row;
    row.name = std::string("against ") + kind.name;
    row.unit = "records/s";
    row.conditions = std::string(kind.name) + ": " + measured.error().message;
    run.add(std::move(row));
  }
  ledger.reset();
  run.scratch().remove("peers");
  return {};
}

}  // namespace blotter::bench
