// What runs: slow statements, long and forgotten transactions, waits for locks.
#include <fmt/format.h>

#include "store/postgres/doctor_question.h"

namespace blotter::postgres {
namespace {

// Its view fails where the library is not loaded; only then does the server know its settings.
constexpr const char* kHasStatements =
    "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements')"
    " AND EXISTS (SELECT FROM pg_settings WHERE name = 'pg_stat_statements.max')";

// The extension may live in any schema: the transaction's own search path leads to its view.
constexpr const char* kFindStatements = R"sql(
  SELECT set_config('search_path', 'pg_catalog, ' || quote_ident(schemas.nspname), true)
  FROM pg_extension AS extension JOIN pg_namespace AS schemas ON schemas.oid = extension.extnamespace
  WHERE extension.extname = 'pg_stat_statements')sql";

// Statements of this database that take too long on average: reads over $1 ms, all others over $2. What returns or
// moves many rows, a report or a dump, may take as long for each $4 of them, and maintenance takes what it takes.
constexpr const char* kSlowStatements = R"sql(
  SELECT count(*)::float8,
         coalesce(string_agg(format('%s ms (%s calls): %s', round(mean_exec_time), calls, shown), '; '
                             ORDER BY mean_exec_time DESC) FILTER (WHERE place <= 3), 'none')
  FROM (SELECT mean_exec_time, calls, left(regexp_replace(query, '\s+', ' ', 'g'), 90) AS shown,
               row_number() OVER (ORDER BY mean_exec_time DESC) AS place
        FROM pg_stat_statements
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND calls >= $3
          AND query !~* '^\s*(vacuum|analyze|reindex|cluster|create|alter|drop|refresh|checkpoint)\M'
          AND mean_exec_time > CASE WHEN query ~* '^\s*(select|with)\M' THEN $1 ELSE $2 END
                               * greatest(1, rows / calls / $4::float8)) AS slow)sql";

constexpr const char* kLongTransactions = R"sql(
  SELECT max(seconds)::float8,
         coalesce((array_agg(format('%s s: pid %s, %s, %s', round(seconds), pid, usename,
                                    coalesce(nullif(application_name, ''), 'unnamed')) ORDER BY seconds DESC))[1], 'none')
  FROM (SELECT extract(epoch FROM clock_timestamp() - xact_start) AS seconds, pid, usename, application_name
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
          AND xact_start IS NOT NULL) AS open)sql";

constexpr const char* kIdleTransactions = R"sql(
  SELECT max(seconds)::float8,
         coalesce((array_agg(format('%s s: pid %s, %s, %s', round(seconds), pid, usename,
                                    coalesce(nullif(application_name, ''), 'unnamed')) ORDER BY seconds DESC))[1], 'none')
  FROM (SELECT extract(epoch FROM clock_timestamp() - state_change) AS seconds, pid, usename, application_name
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%') AS idle)sql";

// pg_locks shows everything to everybody. A wait for a row names no database: the process does. One that has none is a
// standby's replay.
constexpr const char* kLockWaits = R"sql(
  SELECT max(seconds)::float8,
         coalesce((array_agg(format('pid %s waits %s s for pid %s%s', pid, round(seconds),
                                    array_to_string(pg_blocking_pids(pid), ', '),
                                    ' (' || relation::regclass::text || ')') ORDER BY seconds DESC))[1], 'none')
  FROM (SELECT extract(epoch FROM clock_timestamp() - waitstart) AS seconds, locks.pid, relation
        FROM pg_locks AS locks LEFT JOIN pg_stat_activity AS waiting ON waiting.pid = locks.pid,
             (SELECT oid FROM pg_database WHERE datname = current_database()) AS ours
        WHERE NOT granted AND waitstart IS NOT NULL AND coalesce(nullif(database, 0), ours.oid) = ours.oid
          AND coalesce(nullif(waiting.datid, 0), ours.oid) = ours.oid) AS waits)sql";

Result<void> examine_statements(Examination& examination) {
  const DoctorThresholds& limits = examination.thresholds();
  BLOTTER_ASSIGN(const auto installed, examination.fetch("slow_statements", kHasStatements));
  if (!installed) return {};
  if (!installed->boolean(0, 0)) {
    examination.skip("slow_statements",
                     "pg_stat_statements is not installed: add it to shared_preload_libraries and CREATE EXTENSION "
                     "pg_stat_statements");
    return {};
  }
  return examination.ask(
      {.name = "slow_statements",
       .sql = kSlowStatements,
       .parameters = Parameters()
                         .add(limits.read_ms_mean)
                         .add(limits.write_ms_mean)
                         .add(limits.slow_calls_min)
                         .add(limits.slow_rows),
       .warn = 0,
       .threshold = fmt::format("mean for each {} rows: read > {} ms, other > {} ms", limits.slow_rows,
                                limits.read_ms_mean, limits.write_ms_mean),
       .advice = "EXPLAIN (ANALYZE, BUFFERS) the statement; see missing_indexes and dead_rows; when it is mended, "
                 "pg_stat_statements_reset() begins the average anew",
       .needs_monitor = true,
       .prelude = kFindStatements});
}

}  // namespace

Result<void> examine_activity(Examination& examination) {
  const DoctorThresholds& limits = examination.thresholds();
  BLOTTER_TRY(examine_statements(examination));
  BLOTTER_TRY(examination.ask(
      {.name = "long_transactions",
       .sql = kLongTransactions,
       .warn = limits.transaction_s_warn,
       .crit = limits.transaction_s_crit,
       .threshold = shown_bounds(Bad::above, limits.transaction_s_warn, limits.transaction_s_crit, " s"),
       .advice = "end it, or pg_terminate_backend(pid): nothing it can see is vacuumed while it lives",
       .needs_monitor = true}));
  BLOTTER_TRY(examination.ask({.name = "idle_in_transaction",
                               .sql = kIdleTransactions,
                               .warn = limits.idle_s_warn,
                               .threshold = shown_bounds(Bad::above, limits.idle_s_warn, {}, " s"),
                               .advice = "close it, or set idle_in_transaction_session_timeout for that role",
                               .needs_monitor = true}));
  return examination.ask(
      {.name = "lock_waits",
       .sql = kLockWaits,
       .warn = limits.lock_wait_s,
       .threshold = shown_bounds(Bad::above, limits.lock_wait_s, {}, " s"),
       .advice = "look at the blocking pid in pg_stat_activity; end it with pg_terminate_backend(pid)"});
}

}  // namespace blotter::postgres
