// The queries of a trading desk over two years of fills in PostgreSQL.
//
// The fills are made by the server itself, in the shape of real ones: they take minutes to land through the front door
// at ten million, and how they came is nothing to a query.
#include <atomic>
#include <thread>

#include "bench/postgres_measures.h"
#include "bench/statistics.h"

namespace blotter::bench {
namespace {

constexpr int kDays = 730;
constexpr int kReaders = 100;

constexpr const char* kPartitions =
    "SELECT ledger.ensure_partitions('fills', ARRAY[timestamptz '2025-01-01 00:00:00+00' + make_interval(days => n)])"
    " FROM generate_series(0, $1::int8::int4, 30) AS n";

// 24 symbols of each of 20 sizes of business; two accounts, three strategies.
constexpr const char* kFills = R"sql(
INSERT INTO execution.fills (
  book_id, seq, order_id, account, symbol, venue, strategy, exec_id, trade_date, side, quantity, price, fee, fee_asset,
  liquidity, status, position_delta, cash_delta, cost_delta, realized_pnl, settle, at, received_at, recorded_at, nanos)
SELECT 'main', n, ('01940000-0000-7000-8000-' || lpad(to_hex(n / 2), 12, '0'))::uuid,
       CASE WHEN n % 2 = 0 THEN 'BENCH-MAIN' ELSE 'BENCH-HEDGE' END,
       'SYM' || (n * 7919 % 480), 'XNAS', 'strategy-' || n % 3, 'trade-' || n, (at AT TIME ZONE 'UTC')::date,
       CASE WHEN n % 2 = 0 THEN 'buy' ELSE 'sell' END, 1 + n % 97, 180.25 + n % 100, 0.25, 'USD', 'maker', 'effective',
       CASE WHEN n % 2 = 0 THEN 1 + n % 97 ELSE -1 - n % 97 END, (180.25 + n % 100) * (1 + n % 97), 0, n % 13, 'USD',
       at, at, at, 0
FROM generate_series($1::int8, $2::int8) AS n,
     LATERAL (SELECT timestamptz '2025-01-01 00:00:00+00' + n * make_interval(secs => $3::int8 / 1e9)) AS t (at)
)sql";

constexpr const char* kPnl = R"sql(
INSERT INTO analytics.pnl_daily (
  book_id, day, account, symbol, venue, strategy, settle, realized_pnl, fees, bought, sold, fills, last_seq)
SELECT 'main', date '2025-01-01' + day::int4, CASE WHEN symbol % 2 = 0 THEN 'BENCH-MAIN' ELSE 'BENCH-HEDGE' END,
       'SYM' || symbol, 'XNAS', 'strategy-' || symbol % 3, 'USD', symbol * day % 1000, 7.5, 1000, 990, 28, 1 + day
FROM generate_series(0, $1::int8 - 1) AS day, generate_series(0, 479) AS symbol
)sql";

constexpr const char* kOrders = R"sql(
INSERT INTO execution.orders (
  book_id, order_id, account, client_order_id, symbol, venue, strategy, side, order_type, tif, post_only, reduce_only,
  quantity, limit_price, status, open, origin, filled_quantity, average_price, overfilled, created_at, updated_at,
  closed_at, first_seq, last_seq, nanos)
SELECT 'main', ('01940000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'BENCH-MAIN', 'order-' || n,
       'SYM' || n * 7919 % 480, 'XNAS', 'strategy-' || n % 3, 'buy', 'limit', 'day', false, false, 10, 100.25, 'filled',
       false, 'reported', 10, 100.25, false, at, at, at, n, n, 0
FROM generate_series($1::int8, $2::int8) AS n,
     LATERAL (SELECT timestamptz '2025-01-01 00:00:00+00' + n * make_interval(secs => $3::int8 / 1e9)) AS t (at)
)sql";

Result<void> fill_tables(Run& run, const std::string& url, std::int64_t fills) {
  BLOTTER_ASSIGN(const auto connection, connect_to(url));
  postgres::Parameters days;
  days.add(std::int64_t{kDays + 30});
  BLOTTER_TRY(connection->query(kPartitions, days));
  const std::int64_t step_ns = std::int64_t{kDays} * 86'400 * kNsPerSecond / fills;
  constexpr std::int64_t kPiece = 500'000;
  for (std::int64_t first = 1; first <= fills; first += kPiece) {
    run.say("queries: " + with_commas(static_cast<std::uint64_t>(first - 1)) + " of " +
            with_commas(static_cast<std::uint64_t>(fills)) + " fills made");
    const std::int64_t last = std::min(fills, first + kPiece - 1);
    postgres::Parameters range;
    range.add(first).add(last).add(step_ns);
    BLOTTER_TRY(connection->execute(kFills, range));
    postgres::Parameters order_range;
    order_range.add(first / 2 + 1).add(last / 2).add(2 * step_ns);
    BLOTTER_TRY(connection->execute(kOrders, order_range));
  }
  postgres::Parameters all_days;
  all_days.add(std::int64_t{kDays});
  BLOTTER_TRY(connection->execute(kPnl, all_days));
  run.say("queries: VACUUM ANALYZE");
  return connection->run_script("VACUUM ANALYZE execution.fills, execution.orders, analytics.pnl_daily");
}

struct Query {
  const char* name;
  double goal_ms;  // 0: for orientation
  const char* conditions;
  std::function<Select(std::int64_t number)> select;
  std::int64_t rows_min;
};

std::string order_id(std::int64_t number) {
  char text[40];
  std::snprintf(text, sizeof text, "01940000-0000-7000-8000-%012llx", static_cast<unsigned long long>(number));
  return text;
}

std::string month_start(std::int64_t month) {
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02d-01", static_cast<int>(2025 + month / 12),
                static_cast<int>(month % 12 + 1));
  return text;
}

Select select_of(Table table) {
  Select select;
  select.table = table;
  select.book_id = "main";
  return select;
}

std::vector<Query> queries(std::int64_t fills) {
  return {
      {"order by id", 1, "one row, all columns",
       [fills](std::int64_t n) {
         Select select = select_of(Table::orders);
         select.filters = {{.column = "order_id", .value = order_id(1 + n * 7'907 % (fills / 2))}};
         return select;
       },
       1},
      {"fills of an order", 0, "by order_id, over all partitions",
       [fills](std::int64_t n) {
         Select select = select_of(Table::fills);
         select.filters = {{.column = "order_id", .value = order_id(1 + n * 7'907 % (fills / 2 - 1))}};
         return select;
       },
       1},
      {"last 100 fills of a symbol", 2, "newest first, all columns, over all partitions",
       [](std::int64_t n) {
         Select select = select_of(Table::fills);
         select.filters = {{.column = "symbol", .value = "SYM" + std::to_string(n % 480)}};
         select.order = {{.column = "seq", .direction = Direction::descending}};
         select.limit = 100;
         return select;
       },
       1},
      {"a month of daily P&L, all symbols", 50,
       "what `pnl --by symbol` fetches and adds up: 480 symbols a day, from pnl_daily",
       [](std::int64_t n) {
         Select select = select_of(Table::pnl_daily);
         select.columns = {"symbol", "settle", "realized_pnl", "fees"};
         select.filters = {{.column = "day", .compare = Compare::at_least, .value = month_start(n % 23)},
                           {.column = "day", .compare = Compare::less, .value = month_start(n % 23 + 1)}};
         return select;
       },
       480},
  };
}

std::uint32_t ns_since(SteadyClock::time_point start) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(SteadyClock::now() - start).count());
}

std::string milliseconds(double us) {
  char text[24];
  std::snprintf(text, sizeof text, "%.2f ms", us / 1'000);
  return text;
}

Result<void> ask(Store& store, const Query& query, std::int64_t number, Latencies& latencies) {
  const Select select = query.select(number);
  std::int64_t rows = 0;
  const auto start = SteadyClock::now();
  BLOTTER_TRY(store.select(select, [&](const std::vector<Cell>&) -> Result<void> {
    ++rows;
    return {};
  }));
  latencies.add(ns_since(start));
  if (rows < query.rows_min) return fail(Errc::not_found, std::string(query.name) + ": found too few rows");
  return {};
}

Result<void> measure_one_reader(Run& run, Store& store, std::int64_t fills) {
  const int count = run.by_scale(20, 300, 1'000);
  for (const Query& query : queries(fills)) {
    Latencies first_time;
    for (std::int64_t n = 0; n < count; ++n) BLOTTER_TRY(ask(store, query, n, first_time));
    Latencies latencies;
    for (std::int64_t n = 0; n < count; ++n) BLOTTER_TRY(ask(store, query, n, latencies));
    BenchRow row;
    row.name = std::string("query: ") + query.name + ", p99";
    row.unit = "ms";
    add_percentiles(row, latencies);
    row.ours = latencies.us_at(0.99) / 1'000;
    if (query.goal_ms > 0) {
      row.ceiling = query.goal_ms;
      row.ratio = *row.ours / query.goal_ms;
      row.goal = "< " + std::to_string(static_cast<int>(query.goal_ms)) + " ms";
    }
    row.conditions = with_commas(static_cast<std::uint64_t>(fills)) +
                     " fills of two years in the tables, one reader; " + query.conditions +
                     "; each asked once before, which took " + milliseconds(first_time.us_at(0.5)) + " at p50 and " +
                     milliseconds(first_time.us_at(0.99)) + " at p99; the ceiling is the goal";
    if (run.is_full() && query.goal_ms > 0) row.met = *row.ours < query.goal_ms;
    run.add(std::move(row));
  }
  return {};
}

// Every reader has a connection and a thread of its own and asks for orders as fast as it can.
Result<void> measure_many_readers(Run& run, const StoreOptions& options, std::int64_t fills) {
  run.say("queries: 100 readers at once");
  StoreOptions wide = options;
  wide.pool_size = kReaders;
  BLOTTER_ASSIGN(const auto store, open_store(wide, StoreAccess::read));
  const Query query = queries(fills).front();
  const double seconds = run.by_scale(0.3, 3.0, 10.0);
  std::vector<Latencies> latencies(kReaders);
  std::vector<Result<void>> results(kReaders);
  std::vector<std::thread> threads;
  const auto start = SteadyClock::now();
  for (std::size_t reader = 0; reader < kReaders; ++reader) {
    threads.emplace_back([&, reader] {
      for (std::int64_t n = 0; results[reader] && seconds_since(start) < seconds; ++n) {
        results[reader] = ask(*store, query, n * kReaders + static_cast<std::int64_t>(reader), latencies[reader]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double elapsed = seconds_since(start);
  Latencies all;
  for (std::size_t reader = 0; reader < kReaders; ++reader) {
    BLOTTER_TRY(results[reader]);
    all.add_all(latencies[reader]);
  }
  BenchRow row;
  row.name = "100 readers at once: order by id";
  row.unit = "queries/s";
  row.ours = static_cast<double>(all.size()) / elapsed;
  add_percentiles(row, all);
  row.conditions = "a pool of 100 connections of one process, a thread each, no failure among " +
                   with_commas(all.size()) + " queries";
  run.add(std::move(row));
  return {};
}

}  // namespace

Result<void> measure_postgres_queries(Run& run, scratch::PostgresServer& server) {
  const std::int64_t fills = run.by_scale<std::int64_t>(10'000, 1'000'000, 10'000'000);
  BLOTTER_ASSIGN(const std::string url, server.create_database("queries"));
  { BLOTTER_ASSIGN(const auto writer, open_store(url, StoreAccess::write)); }
  const auto start = SteadyClock::now();
  BLOTTER_TRY(fill_tables(run, url, fills));
  BenchRow loaded;
  loaded.name = "tables for the queries made";
  loaded.unit = "s";
  loaded.ours = seconds_since(start);
  loaded.conditions = with_commas(static_cast<std::uint64_t>(fills)) +
                      " fills and half as many orders, INSERT … SELECT "
                      "in the server with all indexes, VACUUM ANALYZE included";
  run.add(std::move(loaded));
  StoreOptions options;
  options.url = url;
  BLOTTER_ASSIGN(const auto store, open_store(options, StoreAccess::read));
  BLOTTER_TRY(measure_one_reader(run, *store, fills));
  return measure_many_readers(run, options, fills);
}

}  // namespace blotter::bench
