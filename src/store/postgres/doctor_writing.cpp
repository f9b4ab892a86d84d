// How long a write takes to be durable: what every COMMIT waits for.
#include <fmt/format.h>

#include "store/postgres/doctor_question.h"

namespace blotter::postgres {
namespace {

// A COMMIT that waits now is seen without any setting. The mean is of all that was flushed since the counting began;
// pg_stat_statements is no help, because it measures a COMMIT without its flush. Through JSON, because the times moved
// to another view in PostgreSQL 18.
constexpr const char* kLatency = R"sql(
  SELECT greatest(waiting.ms, flushes.ms)::float8,
         format('%s; %s',
                coalesce('a COMMIT has waited ' || round(waiting.ms) || ' ms for ' || waiting.reason,
                         'no COMMIT is seen waiting'),
                coalesce('a flush took ' || round(flushes.ms, 2) || ' ms on average of ' || flushes.times, 'no average')),
         flushes.timed
  FROM (SELECT current_setting('track_wal_io_timing')::boolean AND seen ? 'wal_sync_time' AS timed, times,
               CASE WHEN current_setting('track_wal_io_timing')::boolean AND times >= 100
                    THEN ((seen->>'wal_write_time')::numeric + (seen->>'wal_sync_time')::numeric) / times END AS ms
        FROM (SELECT seen, coalesce(nullif((seen->>'wal_sync')::bigint, 0), (seen->>'wal_write')::bigint) AS times
              FROM (SELECT to_jsonb(wal) AS seen FROM pg_stat_wal AS wal) AS read) AS counted) AS flushes
  LEFT JOIN LATERAL (
        SELECT extract(epoch FROM clock_timestamp() - query_start) * 1000 AS ms, wait_event AS reason
        FROM pg_stat_activity
        WHERE state = 'active' AND wait_event IN ('WALSync', 'WALWrite', 'SyncRep') AND query ~* '^\s*(commit|end)\M'
        ORDER BY query_start LIMIT 1) AS waiting ON true)sql";

}  // namespace

Result<void> examine_writing(Examination& examination) {
  constexpr const char* kName = "write_latency";
  const double limit = examination.thresholds().commit_ms_crit;
  BLOTTER_ASSIGN(const auto rows, examination.fetch(kName, kLatency));
  if (!rows) return {};
  HealthCheck check{.name = kName,
                    .level = HealthLevel::ok,
                    .value = rows->text(0, 1),
                    .threshold = shown_bounds(Bad::above, {}, limit, " ms"),
                    .advice = {}};
  if (!rows->is_null(0, 0) && rows->real(0, 0) > limit) {
    check.level = HealthLevel::crit;
    check.advice =
        "SyncRep: look at the synchronous standby; else at the disk of the WAL and what shares it; when it is mended, "
        "pg_stat_reset_shared('wal') begins the average anew";
  } else if (!rows->boolean(0, 2)) {
    check.level = HealthLevel::skipped;
    check.value += ": turn track_wal_io_timing on (ALTER SYSTEM SET track_wal_io_timing = on)";
  }
  examination.add(std::move(check));
  return {};
}

}  // namespace blotter::postgres
