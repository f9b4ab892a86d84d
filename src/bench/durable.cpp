// Durable acceptance: one caller, many callers, pipelined ones; each against the device itself.
#include <cmath>
#include <optional>
#include <vector>

#include "bench/bare_writer.h"
#include "bench/callers.h"
#include "bench/run.h"
#include "bench/traffic.h"
#include "journal/bytes.h"
#include "journal/frame.h"

namespace blotter::bench {
namespace {

constexpr std::size_t kCallers = 64;
constexpr std::size_t kBatchRecords = 100;

std::string rounded_us(double us) { return std::to_string(std::lround(us)) + " µs"; }

struct Candidate {
  BareMethod method;
  BareWriter writer;
  journal::AlignedBuffer bytes;
  std::size_t size;  // of one write
  Latencies latencies;
};

// Every method that the file system knows. Direct writes need whole blocks, the others write the frame as it is.
Result<std::vector<Candidate>> bare_candidates(Run& run) {
  BLOTTER_ASSIGN(const std::size_t record, run.record_bytes());
  const std::size_t frame = journal::kFrameHeaderBytes + 2 + record;
  std::vector<Candidate> candidates;
  for (const BareMethod method : kBareMethods) {
    auto writer = BareWriter::make(run.scratch() / ("bare-" + std::to_string(static_cast<int>(method))), method);
    if (!writer && writer.error().code == Errc::exhausted) return fail(writer.error());
    if (!writer) continue;
    const std::size_t size = method == BareMethod::direct ? journal::padded(frame) : frame;
    candidates.push_back({.method = method,
                          .writer = std::move(*writer),
                          .bytes = journal::AlignedBuffer(journal::padded(frame)),
                          .size = size,
                          .latencies = {}});
  }
  if (candidates.empty()) return fail(Errc::unavailable, "no kind of durable write works in " + run.scratch().path());
  return candidates;
}

BenchRow latency_row(const char* name, const char* goal, double goal_ratio, Latencies& ours, Latencies& bare,
                     double share, std::string conditions) {
  BenchRow row;
  row.name = name;
  row.unit = "µs";
  row.ours = ours.us_at(share);
  row.ceiling = bare.us_at(share);
  row.ratio = *row.ours / *row.ceiling;
  row.goal = goal;
  row.met = *row.ratio <= goal_ratio;
  add_percentiles(row, ours);
  row.conditions = std::move(conditions);
  return row;
}

}  // namespace

Result<void> measure_blocking(Run& run) {
  BLOTTER_ASSIGN(std::vector<Candidate> candidates, bare_candidates(run));
  BLOTTER_ASSIGN(auto ledger, run.open_ledger("blocking"));
  Traffic traffic(1);
  Latencies ours;
  const auto record = [&]() -> Result<void> {
    BLOTTER_TRY(ledger->record(traffic.next()));
    return {};
  };
  // In short blocks by turns. The first ones warm up: the ledger zero-fills its segments ahead then.
  const int blocks = run.by_scale(2, 40, 200);
  const int warm_up = run.by_scale(1, 8, 20);
  const int calls = run.by_scale(10, 250, 250);
  for (int block = -warm_up; block < blocks; ++block) {
    if (block % 20 == 0)
      run.say("one blocking caller: block " + std::to_string(block) + " of " + std::to_string(blocks));
    Latencies unused;
    for (int i = 0; i < calls; ++i) BLOTTER_TRY(timed(block < 0 ? unused : ours, record));
    for (Candidate& bare : candidates) {
      const auto write = [&] { return bare.writer.write({bare.bytes.data(), bare.size}); };
      for (int i = 0; i < calls; ++i) BLOTTER_TRY(timed(block < 0 ? unused : bare.latencies, write));
    }
  }
  Candidate* fastest = &candidates.front();
  std::string conditions;
  for (Candidate& bare : candidates) {
    if (bare.latencies.us_at(0.5) < fastest->latencies.us_at(0.5)) fastest = &bare;
    conditions += (conditions.empty() ? "" : ", ") + std::string(name_of(bare.method)) + " " +
                  std::to_string(bare.size) + " bytes " + rounded_us(bare.latencies.us_at(0.5)) + "/" +
                  rounded_us(bare.latencies.us_at(0.99)) + "/" + rounded_us(bare.latencies.us_at(0.999));
  }
  conditions = "Ledger::record of " + with_commas(ours.size()) +
               " orders and fills, no store; bare durable writes p50/p99/p99.9: " + conditions + "; the ceiling is " +
               std::string(name_of(fastest->method));
  run.add(latency_row("one blocking caller, p50", "<= 1.25", 1.25, ours, fastest->latencies, 0.5, conditions));
  run.add(latency_row("one blocking caller, p99", "<= 1.5", 1.5, ours, fastest->latencies, 0.99, conditions));
  ledger.reset();
  run.scratch().remove("blocking");
  return {};
}

Result<void> measure_callers(Run& run) {
  BLOTTER_ASSIGN(const std::size_t record_bytes, run.record_bytes());
  auto direct = BareWriter::make(run.scratch() / "bare-group", BareMethod::direct);
  const bool is_direct = direct.has_value();
  if (!direct) direct = BareWriter::make(run.scratch() / "bare-group", BareMethod::fdatasync);
  if (!direct) return fail(direct.error());
  BareGroupCommit bare(std::move(*direct));
  const std::vector<std::byte> record(record_bytes + 2, std::byte{1});
  BLOTTER_ASSIGN(auto ledger, run.open_ledger("callers"));
  std::vector<Traffic> traffic;
  for (unsigned caller = 0; caller < kCallers; ++caller) traffic.emplace_back(caller + 1);
  const Call ours_call = [&](std::size_t caller) -> Result<void> {
    BLOTTER_TRY(ledger->record(traffic[caller].next()));
    return {};
  };
  const Call bare_call = [&](std::size_t) { return bare.commit(record); };
  const double seconds = run.by_scale(0.05, 0.5, 1.0);
  const int count = run.by_scale(1, 3, 9);
  Rounds rounds;
  Latencies latencies;
  for (int round = -1; round < count; ++round) {
    run.say("64 blocking callers: round " + std::to_string(round + 1) + " of " + std::to_string(count));
    BLOTTER_ASSIGN(const CallersResult ours, run_callers(kCallers, seconds, ours_call));
    BLOTTER_ASSIGN(const CallersResult ceiling, run_callers(kCallers, seconds, bare_call));
    if (round < 0) continue;
    rounds.ours.push_back(ours.rate());
    rounds.ceiling.push_back(ceiling.rate());
    latencies.add_all(ours.latencies);
  }
  BenchRow row =
      row_of("64 blocking callers", "records/s", rounds,
             std::string("Ledger::record, no store; ceiling: a mutex, two buffers and a leader that writes with ") +
                 std::string(name_of(is_direct ? BareMethod::direct : BareMethod::fdatasync)) + ", records of " +
                 std::to_string(record_bytes) + " bytes; " + std::to_string(count) + " rounds by turns");
  row.goal = ">= 0.90";
  row.met = *row.ratio >= 0.9;
  add_percentiles(row, latencies);
  run.add(std::move(row));
  ledger.reset();
  run.scratch().remove("callers");
  return {};
}

Result<void> measure_pipelined(Run& run) {
  BLOTTER_ASSIGN(const std::size_t record_bytes, run.record_bytes());
  auto made = BareWriter::make(run.scratch() / "bare-batches", BareMethod::direct);
  if (!made) made = BareWriter::make(run.scratch() / "bare-batches", BareMethod::fdatasync);
  if (!made) return fail(made.error());
  BareWriter bare = std::move(*made);
  journal::AlignedBuffer batch(journal::padded(kBatchRecords * (record_bytes + 2)));
  const std::vector<std::byte> record(record_bytes + 2, std::byte{1});
  BLOTTER_ASSIGN(auto ledger, run.open_ledger("pipelined"));
  Traffic traffic(1);
  const std::size_t events = run.by_scale<std::size_t>(2'000, 300'000, 1'000'000);
  const int count = run.by_scale(1, 3, 5);
  Rounds rounds;
  for (int round = -1; round < count; ++round) {
    run.say("pipelined: round " + std::to_string(round + 1) + " of " + std::to_string(count));
    SteadyClock::time_point start = SteadyClock::now();
    Seq last{0};
    for (std::size_t i = 0; i < events; ++i) {
      BLOTTER_ASSIGN(const Receipt receipt, ledger->offer(traffic.next(), {}));
      last = receipt.seq;
    }
    BLOTTER_TRY(ledger->wait_durable(last));
    const double ours = static_cast<double>(events) / seconds_since(start);
    start = SteadyClock::now();
    for (std::size_t i = 0; i < events; i += kBatchRecords) {
      for (std::size_t k = 0; k < kBatchRecords; ++k) {
        std::copy(record.begin(), record.end(), batch.data() + k * record.size());
      }
      BLOTTER_TRY(bare.write({batch.data(), batch.size()}));
    }
    const double ceiling = static_cast<double>(events) / seconds_since(start);
    if (round < 0) continue;
    rounds.ours.push_back(ours);
    rounds.ceiling.push_back(ceiling);
  }
  BenchRow row =
      row_of("pipelined, one thread", "events/s", rounds,
             "Ledger::offer of " + with_commas(events) +
                 " orders and fills a round, then wait_durable, no store; ceiling: a bare writer of batches of " +
                 std::to_string(kBatchRecords) + " ready-made records of " + std::to_string(record_bytes) + " bytes");
  row.goal = ">= 1,500,000/s";
  row.met = *row.ours >= 1'500'000;
  run.add(std::move(row));
  ledger.reset();
  run.scratch().remove("pipelined");
  return {};
}

}  // namespace blotter::bench
