// The operator's questions to a PostgreSQL server, each with the threshold from which the answer is bad.
//
// Reads statistics and the catalogue only, each question in a transaction of its own with time limits, so a look
// at a sick server does not make it sicker and always ends. Works with the rights of a reader; what the role may not
// see is reported as skipped, with the grant that helps (pg_monitor).
#pragma once

#include <cstdint>
#include <vector>

#include "blotter/store.h"
#include "store/health_check.h"

namespace blotter::postgres {

// Where a threshold comes from the documents that the project is built from, they are quoted: P is the one on the
// persistence layer, D the decision for PostgreSQL. The others are ours, with reasons in docs/operating/doctor.md.
struct DoctorThresholds {
  std::int64_t answer_ms_max = 15'000;  // ours: the server ends a question itself after ten seconds
  std::int64_t read_ms_mean = 100;      // D, alerts: "Slow queries (>100ms)"
  std::int64_t write_ms_mean = 1'000;   // P, alerts: "Query execution time > 1 second"; a batch is one statement
  std::int64_t slow_rows = 1'000;       // ours: a statement may take so long for each so many rows
  std::int64_t slow_calls_min = 5;      // ours: a statement that ran once is no habit
  double commit_ms_crit = 100;          // P, alerts: "Write latency > 100ms"
  double connections_warn = 80;         // D and P, alerts: "> 80% utilized"
  double connections_crit = 90;         // P, capacity: "Connection pool > 90%"
  double lag_s_warn = 5;                // P, alerts: "Replication lag > 5 seconds"
  double lag_s_crit = 10;               // P, alerts: "Replication lag > 10 seconds"
  double database_gb_warn = 750;        // P, capacity: "Database size > 750 GB"
  double slot_gb_warn = 1;              // P, replication: wal_keep_size = 1GB
  double cache_hit_percent = 90;        // ours, of what is here
  std::int64_t cache_blocks_min = 100'000;
  std::int64_t dead_percent = 30;  // ours: autovacuum comes at 20
  std::int64_t dead_rows_min = 10'000;
  // Ours. The first two in autovacuum_freeze_max_age: at twice it autovacuum has not come. The others in percent of the
  // 2.1 billion transactions after which the server stops, because that setting may be nearly as much: at three
  // quarters (1.6 billion) VACUUM itself drops everything else to be in time (vacuum_failsafe_age). The lower one
  // holds.
  std::int64_t freeze_times_warn = 2;
  std::int64_t freeze_times_crit = 6;
  std::int64_t freeze_percent_warn = 50;
  std::int64_t freeze_percent_crit = 75;
  std::int64_t bloat_bytes_min = 64 << 20;    // ours
  std::int64_t bloat_bytes_read = 256 << 20;  // ours: a few seconds of reading
  std::int64_t bloat_times = 2;               // ours: twice what it would be when made anew
  std::int64_t retirement_s_warn = 3'600;     // ours: archiving a partition takes minutes
  double transaction_s_warn = 300;            // ours: a snapshot of a report
  double transaction_s_crit = 3'600;
  double idle_s_warn = 60;                  // ours: whoever opened it has forgotten it
  double lock_wait_s = 1;                   // P, logging: log_lock_waits, which begins at deadlock_timeout = 1s
  std::int64_t unused_bytes_min = 8 << 20;  // ours
  std::int64_t unused_days = 7;             // ours: a weekly report may need it
  std::int64_t scans_per_day = 100;         // ours
  std::int64_t scanned_rows_min = 10'000;   // ours: a table that size is read through by mistake
};

// One entry for every question, in a fixed order. When the connection is lost on the way, or the server falls silent,
// the findings so far and a last one, `connection`. Errc: not_found (a person has to mend the URL, password or
// database), unavailable (not reached).
Result<std::vector<HealthCheck>> examine(const StoreOptions& options, const DoctorThresholds& thresholds = {});

// The book's cursor, asked as the questions are: it waits neither for a lock nor for a server that is silent.
// Errc: as Connection::connect; unavailable (no answer in time), invalid, not_found, corrupt (of the schema).
Result<Cursor> book_cursor(const StoreOptions& options, std::string_view book_id,
                           const DoctorThresholds& thresholds = {});

}  // namespace blotter::postgres
