// What the accepting side keeps: bytes for an open order and for a remembered identity.
#include <malloc.h>

#include "bench/run.h"
#include "bench/statistics.h"
#include "bench/traffic.h"
#include "core/decide.h"

namespace blotter::bench {
namespace {

constexpr double kOpenOrderBytesMax = 1024;
constexpr double kIdentityBytesMax = 48;

// What the allocator has handed out, small pieces and mapped ones.
double allocated_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd);
}

Result<void> open_order(State& state, const Report& report, Decision& decision) {
  static const Defaults defaults;
  const DecideContext context{
      .received_at = {1}, .recorded_at = {1}, .content = {}, .released = Seq{0}, .defaults = &defaults};
  BLOTTER_TRY(decide(state, report, context, Evidence{}, decision));
  for (const Event& event : decision.events) evolve(state, event, next(state.book.seq()));
  return {};
}

BenchRow bytes_row(std::string name, double bytes, double most, std::string conditions) {
  BenchRow row;
  row.name = std::move(name);
  row.unit = "bytes";
  row.ours = bytes;
  row.ceiling = most;
  row.ratio = bytes / most;
  row.goal = "<= 1.00";
  row.met = bytes <= most;
  row.conditions = std::move(conditions);
  return row;
}

}  // namespace

Result<void> measure_memory(Run& run) {
  const std::size_t orders = run.by_scale<std::size_t>(500, 200'000, 200'000);
  Decision decision;
  Traffic traffic(1);
  State state;
  // The first ones register accounts, instruments and strategies.
  for (int i = 0; i < 100; ++i) BLOTTER_TRY(open_order(state, traffic.next_order(), decision));
  const double before = allocated_bytes() - static_cast<double>(state.identities.bytes());
  for (std::size_t i = 0; i < orders; ++i) BLOTTER_TRY(open_order(state, traffic.next_order(), decision));
  const double after = allocated_bytes() - static_cast<double>(state.identities.bytes());
  run.add(bytes_row("one open order", (after - before) / static_cast<double>(orders), kOpenOrderBytesMax,
                    with_commas(orders) + " open limit orders with client and venue ids of 23 characters, indexes "
                                          "included, as the allocator counts; the ceiling is the budget"));

  // Tables grow in steps: the worst moment counts, not a lucky one.
  const std::uint64_t identities_max = run.by_scale<std::uint64_t>(20'000, 1'000'000, 4'000'000);
  const std::uint64_t from = identities_max / 4;
  Identities identities;
  double worst = 0;
  for (std::uint64_t i = 1; i <= identities_max; ++i) {
    const std::string number = std::to_string(i);
    identities.remember({.key = make_key(IdentityKind::execution, {"BENCH-MAIN", number}), .variant = 0, .content = i},
                        Seq{i});
    if (i < from || i % 997 != 0) continue;
    worst = std::max(worst, static_cast<double>(identities.bytes()) / static_cast<double>(identities.size()));
  }
  run.add(bytes_row("one remembered identity", worst, kIdentityBytesMax,
                    "the worst moment between " + with_commas(from) + " and " + with_commas(identities_max) +
                        " identities; the ceiling is the budget"));
  return {};
}

}  // namespace blotter::bench
