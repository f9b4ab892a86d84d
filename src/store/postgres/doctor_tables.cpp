// Our tables: their sizes, dead rows, and the air in them.
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

constexpr const char* kDeadRows =
    "SELECT count(*)::float8,"
    " coalesce(string_agg(format('%s: %s of %s rows dead, autovacuum %s', relid::regclass, n_dead_tup,"
    "                            n_live_tup + n_dead_tup,"
    "                            coalesce(date_trunc('second', last_autovacuum)::text, 'never')), ', '"
    "                     ORDER BY n_dead_tup DESC), 'none')"
    " FROM pg_stat_user_tables WHERE schemaname IN " BLOTTER_OUR_SCHEMAS
    " AND n_dead_tup >= $1 AND n_dead_tup * 100 > $2 * (n_live_tup + n_dead_tup)";

constexpr const char* kHasTuples = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pgstattuple')";

constexpr const char* kFindTuples = R"sql(
  SELECT set_config('search_path', 'pg_catalog, ' || quote_ident(schemas.nspname), true)
  FROM pg_extension AS extension JOIN pg_namespace AS schemas ON schemas.oid = extension.extnamespace
  WHERE extension.extname = 'pgstattuple')sql";

// How full the pages are, against what the fill factor would leave them. Estimates from the planner's statistics are
// off by a factor for indexes with equal keys, so nothing is told without the extension. The largest are read that fit
// in $2 bytes together.
constexpr const char* kBloat = R"sql(
  WITH large AS (
    SELECT c.oid, c.relkind, pg_relation_size(c.oid) AS bytes,
           coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'),
                    CASE c.relkind WHEN 'i' THEN 90 ELSE 100 END) AS fill
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_am AS am ON am.oid = c.relam LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
    WHERE n.nspname IN )sql" BLOTTER_OUR_SCHEMAS R"sql(
      AND (c.relkind = 'r' OR (c.relkind = 'i' AND am.amname = 'btree' AND i.indisvalid))
      AND pg_relation_size(c.oid) >= $1
  ), read AS (
    SELECT *, CASE WHEN relkind = 'i' THEN (SELECT avg_leaf_density FROM pgstatindex(large.oid))
                   ELSE (SELECT approx_tuple_percent FROM pgstattuple_approx(large.oid)) END AS live
    FROM (SELECT *, sum(bytes) OVER (ORDER BY bytes DESC, oid) AS so_far FROM large WHERE bytes <= $2) AS large
    WHERE so_far <= $2
  )
  SELECT count(*) FILTER (WHERE live * $3 < fill)::float8,
         format('%s; %s of %s read',
                coalesce(string_agg(format('%s (%s, %s %% used)', oid::regclass, pg_size_pretty(bytes), round(live)),
                                    ', ' ORDER BY bytes DESC) FILTER (WHERE live * $3 < fill), 'none'),
                count(*), (SELECT count(*) FROM large))
  FROM read)sql";

Result<void> examine_bloat(Examination& examination) {
  const DoctorThresholds& limits = examination.thresholds();
  BLOTTER_ASSIGN(const auto installed, examination.fetch("bloat", kHasTuples));
  if (!installed) return {};
  if (!installed->boolean(0, 0)) {
    examination.skip("bloat", "pgstattuple is not installed: CREATE EXTENSION pgstattuple");
    return {};
  }
  return examination.ask(
      {.name = "bloat",
       .sql = kBloat,
       .parameters = Parameters().add(limits.bloat_bytes_min).add(limits.bloat_bytes_read).add(limits.bloat_times),
       .warn = 0,
       .threshold = fmt::format("pages less than 1/{} as full as when made anew, from {}", limits.bloat_times,
                                shown_bytes(static_cast<std::uint64_t>(limits.bloat_bytes_min))),
       .advice = "an index: REINDEX INDEX CONCURRENTLY; a table: pg_repack, or VACUUM FULL while nobody records",
       .prelude = kFindTuples});
}

}  // namespace

Result<void> examine_tables(Examination& examination) {
  const DoctorThresholds& limits = examination.thresholds();
  BLOTTER_TRY(examination.ask(
      {.name = "sizes",
       .sql = kSizes,
       .warn = limits.database_gb_warn,
       .threshold = shown_bounds(Bad::above, limits.database_gb_warn, {}, " GB"),
       .advice =
           "retire old partitions (`blotter partitions retire --dry-run` shows which, --yes does it) or add disk"}));
  BLOTTER_TRY(examination.ask(
      {.name = "dead_rows",
       .sql = kDeadRows,
       .parameters = Parameters().add(limits.dead_rows_min).add(limits.dead_percent),
       .warn = 0,
       .threshold = fmt::format("dead > {} % and >= {} rows", limits.dead_percent, limits.dead_rows_min),
       .advice = "VACUUM the table; if it comes back: long_transactions, autovacuum's limits"}));
  return examine_bloat(examination);
}

}  // namespace blotter::postgres
