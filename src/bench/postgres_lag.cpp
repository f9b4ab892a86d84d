// How long until what was accepted can be seen in PostgreSQL.
#include <array>
#include <deque>
#include <mutex>
#include <thread>

#include "bench/postgres_measures.h"
#include "bench/statistics.h"
#include "bench/traffic.h"

namespace blotter::bench {
namespace {

constexpr int kEventsPerSecond = 20'000;
constexpr auto kTick = std::chrono::milliseconds(1);

struct Offered {
  Seq seq{0};
  SteadyClock::time_point at;
};

std::uint32_t ns_since(SteadyClock::time_point start) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(SteadyClock::now() - start).count());
}

Result<std::unique_ptr<Ledger>> open_with_store(const Run& run, const char* name, const std::string& url) {
  LedgerOptions options = ledger_without_store(run.scratch() / name);
  options.store.url = url;
  return Ledger::open(options);
}

// Offers events at a steady pace and notes when the last of each millisecond was stored.
Result<Latencies> lag_under_load(Ledger& ledger, Traffic& traffic, double seconds) {
  Latencies lags;
  std::mutex mutex;
  std::deque<Offered> waiting;
  std::atomic<bool> over{false};
  std::thread watcher([&] {
    while (true) {
      const bool last_look = over.load();
      const Seq stored = ledger.watermarks().stored;
      bool empty = false;
      {
        const std::scoped_lock lock(mutex);
        while (!waiting.empty() && waiting.front().seq <= stored) {
          lags.add(ns_since(waiting.front().at));
          waiting.pop_front();
        }
        empty = waiting.empty();
      }
      if (last_look && (empty || !ledger.store_problem().empty())) return;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  Result<void> offered;
  const auto start = SteadyClock::now();
  auto next = start;
  while (offered && seconds_since(start) < seconds) {
    Seq last{0};
    for (int i = 0; i < kEventsPerSecond / 1'000 && offered; ++i) {
      if (const auto receipt = ledger.offer(traffic.next(), {})) {
        last = receipt->seq;
      } else {
        offered = fail(receipt.error());
      }
    }
    {
      const std::scoped_lock lock(mutex);
      waiting.push_back({last, SteadyClock::now()});
    }
    next += kTick;
    std::this_thread::sleep_until(next);
  }
  over = true;
  watcher.join();
  BLOTTER_TRY(offered);
  return lags;
}

// One order at a time: from its acceptance (durable here) until another connection reads it.
Result<Latencies> until_visible(Ledger& ledger, Store& reader, int count) {
  Latencies latencies;
  Traffic traffic(3);
  for (int i = 0; i < count; ++i) {
    const auto& order = *std::get_if<OrderReport>(&traffic.next_order());
    BLOTTER_TRY(ledger.record(order));
    const auto accepted = SteadyClock::now();
    Select select;
    select.table = Table::orders;
    select.book_id = ledger.book_id();
    select.columns = {"order_id"};
    select.filters = {{.column = "account", .value = order.account},
                      {.column = "client_order_id", .value = order.order.client_order_id}};
    bool seen = false;
    while (!seen) {
      BLOTTER_TRY(reader.select(select, [&](const std::vector<Cell>&) -> Result<void> {
        seen = true;
        return {};
      }));
      if (!seen && seconds_since(accepted) > 10)
        return fail(Errc::unavailable, "an order was not seen for ten seconds");
    }
    latencies.add(ns_since(accepted));
  }
  return latencies;
}

BenchRow latency_row(std::string name, Latencies& latencies, double goal_ms, std::string conditions) {
  BenchRow row;
  row.name = std::move(name);
  row.unit = "ms";
  add_percentiles(row, latencies);
  row.ours = latencies.us_at(0.99) / 1'000;
  row.ceiling = goal_ms;
  row.ratio = *row.ours / goal_ms;
  row.goal = "< " + std::to_string(static_cast<int>(goal_ms)) + " ms";
  row.met = *row.ours < goal_ms;
  row.conditions = std::move(conditions);
  return row;
}

}  // namespace

Result<void> measure_postgres_lag(Run& run, scratch::PostgresServer& server) {
  run.say("lag behind the journal at 20,000 events a second");
  BLOTTER_ASSIGN(const std::string url, server.create_database("lag"));
  {
    BLOTTER_ASSIGN(const auto ledger, open_with_store(run, "lag", url));
    Traffic traffic(2);
    const double seconds = run.by_scale(0.3, 5.0, 20.0);
    // A server that has just been made zero-fills each new file of its log, which stalls its writers for as long; one
    // that has been at work uses old files again.
    BLOTTER_TRY(lag_under_load(*ledger, traffic, seconds));
    BLOTTER_ASSIGN(const auto connection, connect_to(url));
    BLOTTER_TRY(connection->run_script("CHECKPOINT"));
    BLOTTER_ASSIGN(Latencies lags, lag_under_load(*ledger, traffic, seconds));
    run.add(latency_row("landing lag at 20,000 events/s, p99", lags, 50,
                        "from the decision until COMMIT has been answered, sampled once a millisecond, on a server "
                        "that has been at work; the ceiling is the goal"));
  }
  run.scratch().remove("lag");
  run.say("how soon an accepted order is visible");
  BLOTTER_ASSIGN(const std::string quiet_url, server.create_database("visible"));
  { BLOTTER_ASSIGN(const auto migrated, open_store(quiet_url, StoreAccess::write)); }
  {
    BLOTTER_ASSIGN(const auto ledger, open_with_store(run, "visible", quiet_url));
    BLOTTER_ASSIGN(const auto reader, open_store(quiet_url, StoreAccess::read));
    BLOTTER_ASSIGN(Latencies latencies, until_visible(*ledger, *reader, run.by_scale(20, 500, 2'000)));
    run.add(latency_row("an accepted order is visible, p99", latencies, 10,
                        "from the return of Ledger::record (durable) until a SELECT of another connection finds the "
                        "order, which it tries every 200 µs; one order at a time"));
  }
  run.scratch().remove("visible");
  return {};
}

}  // namespace blotter::bench
