// Our tables and indexes: their sizes, what nobody reads, what is read through, what is dead or broken.
#include <fmt/format.h>

#include "store/postgres/doctor_question.h"
#include "store/postgres/our_schemas.h"

namespace blotter::postgres {
namespace {

// Only our own schemas: other applications of the database are not ours to judge.

// Partitions count as one with their table.
constexpr const char* kSizes =
    "SELECT pg_database_size(current_database()) / 1e9::float8,"
    " format('database %s; %s', pg_size_pretty(pg_database_size(current_database())),"
    "        coalesce(string_agg(shown, ', ' ORDER BY bytes DESC) FILTER (WHERE place <= 4), 'no tables'))"
    " FROM (SELECT bytes, row_number() OVER (ORDER BY bytes DESC) AS place,"
    "              format('%s %s (indexes %s)', root::regclass, pg_size_pretty(bytes), pg_size_pretty(index_bytes))"
    "              AS shown"
    "       FROM (SELECT coalesce(pg_partition_root(c.oid), c.oid) AS root,"
    "                    sum(pg_total_relation_size(c.oid)) AS bytes, sum(pg_indexes_size(c.oid)) AS index_bytes"
    "             FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    "             WHERE c.relkind = 'r' AND n.nspname IN " BLOTTER_OUR_SCHEMAS " GROUP BY 1) AS tables) AS sizes";

// An index of a partition that nobody reads is normal while its sisters are read: they are judged together. Unique ones
// keep a promise even when nobody reads them. A crash begins the counting anew and stats_reset does not tell, so
// nothing from before the server's start is believed.
constexpr const char* kUnusedIndexes =
    "SELECT CASE WHEN since > now() - make_interval(days => $2::int) THEN NULL ELSE count(name) END::float8,"
    " CASE WHEN since > now() - make_interval(days => $2::int)"
    "      THEN format('counted only since %s', date_trunc('second', since))"
    "      ELSE coalesce(string_agg(format('%s (%s)', name, pg_size_pretty(bytes)), ', ' ORDER BY bytes DESC), 'none') "
    "END"
    " FROM (SELECT greatest(coalesce(stats_reset, '-infinity'), pg_postmaster_start_time(),"
    "              coalesce((SELECT min(applied_at) FROM ledger.schema_migrations), '-infinity')) AS since"
    "       FROM pg_stat_database WHERE datname = current_database()) AS counted"
    " LEFT JOIN (SELECT coalesce(pg_partition_root(s.relid), s.relid) AS root, i.indkey::text AS keys,"
    "                   pg_get_expr(i.indpred, i.indrelid) AS predicate, pg_get_expr(i.indexprs, i.indrelid) AS exprs,"
    "                   min(s.schemaname || '.' || s.indexrelname) AS name, sum(s.idx_scan) AS scans,"
    "                   sum(pg_relation_size(s.indexrelid)) AS bytes"
    "            FROM pg_stat_user_indexes AS s JOIN pg_index AS i USING (indexrelid)"
    "            WHERE s.schemaname IN " BLOTTER_OUR_SCHEMAS
    " AND NOT i.indisunique AND NOT i.indisexclusion"
    "            GROUP BY 1, 2, 3, 4) AS indexes ON scans = 0 AND bytes >= $1"
    " GROUP BY since";

constexpr const char* kMissingIndexes =
    "SELECT count(*)::float8,"
    " coalesce(string_agg(format('%s: %s scans of %s rows', root::regclass, scans, tuples / scans), ', '"
    "                     ORDER BY tuples DESC), 'none')"
    " FROM (SELECT coalesce(pg_partition_root(relid), relid) AS root, sum(seq_scan)::bigint AS scans,"
    "              sum(seq_tup_read)::bigint AS tuples"
    "       FROM pg_stat_user_tables WHERE schemaname IN " BLOTTER_OUR_SCHEMAS
    " GROUP BY 1) AS tables"
    " WHERE scans >= $1 AND tuples / nullif(scans, 0) >= $2";

constexpr const char* kDeadRows =
    "SELECT count(*)::float8,"
    " coalesce(string_agg(format('%s: %s of %s rows dead, autovacuum %s', relid::regclass, n_dead_tup,"
    "                            n_live_tup + n_dead_tup,"
    "                            coalesce(date_trunc('second', last_autovacuum)::text, 'never')), ', '"
    "                     ORDER BY n_dead_tup DESC), 'none')"
    " FROM pg_stat_user_tables WHERE schemaname IN " BLOTTER_OUR_SCHEMAS
    " AND n_dead_tup >= $1 AND n_dead_tup * 100 > $2 * (n_live_tup + n_dead_tup)";

constexpr const char* kInvalidIndexes =
    "SELECT count(*)::float8, coalesce(string_agg(i.indexrelid::regclass::text, ', '), 'none')"
    " FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE NOT (i.indisvalid AND i.indisready) AND n.nspname IN " BLOTTER_OUR_SCHEMAS;

}  // namespace

Result<void> examine_tables(Examination& examination) {
  const DoctorThresholds& limits = examination.thresholds();
  BLOTTER_TRY(examination.ask({.name = "sizes",
                               .sql = kSizes,
                               .warn = limits.database_gb_warn,
                               .threshold = shown_bounds(Bad::above, limits.database_gb_warn, {}, " GB"),
                               .advice = "retire old partitions (`blotter partitions retire`) or add disk"}));
  BLOTTER_TRY(
      examination.ask({.name = "unused_indexes",
                       .sql = kUnusedIndexes,
                       .parameters = Parameters().add(limits.unused_bytes_min).add(limits.unused_days),
                       .warn = 0,
                       .threshold = fmt::format("never read in {} days, from {}", limits.unused_days,
                                                shown_bytes(static_cast<std::uint64_t>(limits.unused_bytes_min))),
                       .advice = "every index costs each row that lands; drop your own, tell us about ours"}));
  BLOTTER_TRY(examination.ask(
      {.name = "missing_indexes",
       .sql = kMissingIndexes,
       .parameters = Parameters().add(limits.scans_min).add(limits.scanned_rows_min),
       .warn = 0,
       .threshold = fmt::format(">= {} scans of >= {} rows", limits.scans_min, limits.scanned_rows_min),
       .advice = "find the statement (slow_statements) and an index that serves it; reports may well scan"}));
  BLOTTER_TRY(examination.ask(
      {.name = "dead_rows",
       .sql = kDeadRows,
       .parameters = Parameters().add(limits.dead_rows_min).add(limits.dead_percent),
       .warn = 0,
       .threshold = fmt::format("dead > {} % and >= {} rows", limits.dead_percent, limits.dead_rows_min),
       .advice = "VACUUM the table; if it comes back: long_transactions, autovacuum's limits"}));
  return examination.ask({.name = "invalid_indexes",
                          .sql = kInvalidIndexes,
                          .warn = 0,
                          .threshold = "any",
                          .advice = "REINDEX INDEX CONCURRENTLY it: nobody reads it and every row pays for it"});
}

}  // namespace blotter::postgres
