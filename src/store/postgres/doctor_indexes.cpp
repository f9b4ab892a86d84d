// Indexes: what nobody reads, what is missing, what is broken.
#include <fmt/format.h>

#include "store/postgres/doctor_question.h"
#include "store/postgres/migrator.h"
#include "store/postgres/our_schemas.h"

namespace blotter::postgres {
namespace {

// A crash begins all counters anew; that is told of those of the whole server only. The oldest of them, because a
// person may have reset one.
#define BLOTTER_COUNTED_SINCE                                                                        \
  " (SELECT greatest(least(wal.stats_reset, bgwriter.stats_reset, archiver.stats_reset),"            \
  "                  (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()))" \
  "  FROM pg_stat_wal AS wal, pg_stat_bgwriter AS bgwriter, pg_stat_archiver AS archiver)"

// An index of a partition that nobody reads is normal while its sisters are read: they are judged together. Unique ones
// keep a promise even when nobody reads them. An index is ours when a migration names it ($3): those stay, because a
// report may need them tomorrow or reads at a standby. The count begins with the last migration at the earliest.
constexpr const char* kUnusedIndexes =
    "WITH counted AS (SELECT greatest(" BLOTTER_COUNTED_SINCE
    ", (SELECT max(applied_at) FROM ledger.schema_migrations)) AS since),"
    " roots AS ("
    "   SELECT coalesce(pg_partition_root(s.indexrelid)::oid, s.indexrelid) AS root, sum(s.idx_scan) AS scans,"
    "          sum(pg_relation_size(s.indexrelid)) AS bytes"
    "   FROM pg_stat_user_indexes AS s JOIN pg_index AS i USING (indexrelid)"
    "   WHERE s.schemaname IN " BLOTTER_OUR_SCHEMAS
    "     AND NOT i.indisunique AND NOT i.indisexclusion AND s.relname !~ '_retired_[0-9]+$'"
    "   GROUP BY 1),"
    " unused AS ("
    "   SELECT format('%s (%s)', root::regclass, pg_size_pretty(bytes)) AS shown, bytes,"
    "          strpos($3, format('INDEX %s ON', relname)) > 0 AS ours"
    "   FROM roots JOIN pg_class ON pg_class.oid = root WHERE scans = 0 AND bytes >= $1)"
    " SELECT CASE WHEN since > now() - make_interval(days => $2::int) THEN NULL"
    "             ELSE (SELECT count(*) FROM unused WHERE NOT ours) END::float8,"
    " CASE WHEN since > now() - make_interval(days => $2::int)"
    "      THEN format('counted only since %s', date_trunc('second', since))"
    "      ELSE format('%s%s%s',"
    "                  (SELECT coalesce(string_agg(shown, ', ' ORDER BY bytes DESC), 'none') FROM unused WHERE NOT "
    "ours),"
    "                  (SELECT '; of blotter''s own, not read here: ' || string_agg(shown, ', ' ORDER BY bytes DESC)"
    "                   FROM unused WHERE ours),"
    "                  CASE WHEN EXISTS (SELECT FROM pg_stat_replication)"
    "                       THEN '; standbys count their own reads' END) END"
    " FROM counted";

// Counters only grow, and a table with partitions has one for each: what counts is how often a day the whole of it is
// read through, when that is the way in which it is mostly read.
constexpr const char* kMissingIndexes =
    "SELECT count(*)::float8,"
    " coalesce(string_agg(format('%s: %s scans a day of %s rows', root::regclass, round(a_day), tuples), ', '"
    "                     ORDER BY a_day * tuples DESC), 'none')"
    " FROM (SELECT root, seq / parts / greatest(extract(epoch FROM now() - " BLOTTER_COUNTED_SINCE
    ") / 86400, 1) AS a_day, seq, idx, seq_tuples * parts / nullif(seq, 0) AS tuples"
    "       FROM (SELECT coalesce(pg_partition_root(relid)::oid, relid) AS root, count(*) AS parts,"
    "                    sum(seq_scan)::bigint AS seq, coalesce(sum(idx_scan), 0)::bigint AS idx,"
    "                    sum(seq_tup_read)::bigint AS seq_tuples"
    "             FROM pg_stat_user_tables WHERE schemaname IN " BLOTTER_OUR_SCHEMAS
    " GROUP BY 1) AS sums) AS tables"
    " WHERE a_day >= $1 AND tuples >= $2 AND seq > idx";

#undef BLOTTER_COUNTED_SINCE

// Whoever makes an index concurrently holds this lock of its table, which everybody may see.
constexpr const char* kInvalidIndexes =
    "SELECT count(*)::float8, coalesce(string_agg(i.indexrelid::regclass::text, ', '), 'none')"
    " FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE NOT (i.indisvalid AND i.indisready) AND n.nspname IN " BLOTTER_OUR_SCHEMAS
    "   AND NOT EXISTS (SELECT FROM pg_locks AS held WHERE held.relation = i.indrelid AND held.granted"
    "                     AND held.mode = 'ShareUpdateExclusiveLock'"
    "                     AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database()))";

std::string text_of_migrations() {
  std::string text;
  for (const MigrationText& each : built_in_migrations()) text += each.up;
  return text;
}

}  // namespace

Result<void> examine_indexes(Examination& examination) {
  const DoctorThresholds& limits = examination.thresholds();
  BLOTTER_TRY(examination.ask(
      {.name = "unused_indexes",
       .sql = kUnusedIndexes,
       .parameters = Parameters().add(limits.unused_bytes_min).add(limits.unused_days).add(text_of_migrations()),
       .warn = 0,
       .threshold = fmt::format("your own, never read in {} days, from {}", limits.unused_days,
                                shown_bytes(static_cast<std::uint64_t>(limits.unused_bytes_min))),
       .advice = "every index costs each row that lands: drop it, unless a standby reads it"}));
  BLOTTER_TRY(examination.ask({.name = "missing_indexes",
                               .sql = kMissingIndexes,
                               .parameters = Parameters().add(limits.scans_per_day).add(limits.scanned_rows_min),
                               .warn = 0,
                               .threshold = fmt::format(">= {} scans a day of >= {} rows, more than by index",
                                                        limits.scans_per_day, limits.scanned_rows_min),
                               .advice = "find the statement (slow_statements) and an index that serves it"}));
  return examination.ask({.name = "invalid_indexes",
                          .sql = kInvalidIndexes,
                          .warn = 0,
                          .threshold = "any that nobody is making",
                          .advice = "nobody reads it and every row pays for it: DROP INDEX CONCURRENTLY it when its "
                                    "name ends in _ccnew or _ccold, else REINDEX INDEX CONCURRENTLY it"});
}

}  // namespace blotter::postgres
