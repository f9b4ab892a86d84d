// What only our own tables know: whether the schema is this program's, rows it refused, partitions made ahead.
#include <fmt/format.h>

#include "store/postgres/doctor_question.h"
#include "store/postgres/migrator.h"
#include "store/postgres/our_schemas.h"

namespace blotter::postgres {
namespace {

constexpr const char* kRefusedRows = R"sql(
  SELECT count(*)::float8,
         CASE WHEN count(*) = 0 THEN 'none'
              ELSE format('%s, the last in %s of book %s: %s', count(*),
                          (array_agg(table_name ORDER BY seq DESC))[1], (array_agg(book_id ORDER BY seq DESC))[1],
                          left((array_agg(reason ORDER BY seq DESC))[1], 120)) END
  FROM ledger.refused_rows)sql";

// What `partitions ensure` would make: the greatest number of periods, from today to the rule's horizon, that a table's
// partitions do not cover. They may be larger or smaller than the rule's periods, and never overlap.
constexpr const char* kPartitionsAhead = R"sql(
  WITH rules AS (
    SELECT table_name, ahead, day AS today, date_trunc(period, day) AS present,
           CASE period WHEN 'quarter' THEN INTERVAL '3 months' WHEN 'month' THEN INTERVAL '1 month'
                       ELSE INTERVAL '1 day' END AS step
    FROM ledger.partition_rules, date_trunc('day', now() AT TIME ZONE 'UTC') AS day
  ), spans AS (
    SELECT table_name, greatest(present + n * step, today) AT TIME ZONE 'UTC' AS from_at,
           (present + (n + 1) * step) AT TIME ZONE 'UTC' AS to_at
    FROM rules, generate_series(0, ahead) AS n
  ), parts AS MATERIALIZED (
    SELECT * FROM ledger.list_partitions() WHERE NOT detach_pending
  ), covers AS (
    SELECT spans.table_name,
           coalesce(sum(least(parts.to_at, spans.to_at) - greatest(parts.from_at, spans.from_at))
                      FILTER (WHERE parts.from_at IS NOT NULL), INTERVAL '0')
             >= spans.to_at - spans.from_at AS covered
    FROM spans LEFT JOIN parts ON parts.table_name = spans.table_name AND parts.from_at < spans.to_at
                              AND parts.to_at > spans.from_at
    GROUP BY spans.table_name, spans.from_at, spans.to_at
  )
  SELECT max(missing)::float8,
         string_agg(format('%s %s of %s', table_name, periods - missing, periods), ', ' ORDER BY table_name)
  FROM (SELECT table_name, count(*) AS periods, count(*) FILTER (WHERE NOT covered) AS missing
        FROM covers GROUP BY table_name) AS tables)sql";

// Of the catalogue, what a person detaches; of our record, retirements that have been under way for longer than $1
// seconds, at whatever step.
constexpr const char* kUnderWay = R"sql(
  SELECT count(*)::float8, coalesce(string_agg(shown, ', ' ORDER BY shown), 'none')
  FROM (SELECT inhrelid::regclass::text AS shown
        FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE inhdetachpending AND n.nspname IN )sql" BLOTTER_OUR_SCHEMAS R"sql(
          AND NOT EXISTS (SELECT FROM ledger.retired_partitions
                          WHERE partition_name = c.relname AND state = 'detaching')
        UNION ALL
        SELECT format('%s (%s)', partition_name, state)
        FROM ledger.retired_partitions
        WHERE state <> 'dropped' AND started_at < now() - make_interval(secs => $1::float8)) AS open)sql";

// Returns whether there is a ledger to ask.
Result<bool> examine_schema(Examination& examination) {
  Connection& connection = examination.connection();
  HealthCheck check{.name = "schema",
                    .level = HealthLevel::ok,
                    .value = "as this program made it",
                    .threshold = "this program's",
                    .advice = {}};
  const Result<SchemaState> state = examination.bounded("schema", schema_state);
  if (!state) {
    if (!connection.connected()) return fail(state.error());
    examination.unanswered("schema", state.error());
    return false;
  }
  if (*state != SchemaState::current) {
    check.level = HealthLevel::crit;
    BLOTTER_ASSIGN(check.value, examination.bounded("schema", [&](Connection& asked) -> Result<std::string> {
      return schema_error(*state, asked).message;
    }));
    check.advice = "`blotter migrate status` shows what there is";
  }
  examination.add(std::move(check));
  return *state != SchemaState::empty && *state != SchemaState::foreign;
}

}  // namespace

Result<void> examine_ledger(Examination& examination) {
  BLOTTER_ASSIGN(const bool ours, examine_schema(examination));
  if (!ours) return {};
  BLOTTER_TRY(examination.ask(
      {.name = "refused_rows",
       .sql = kRefusedRows,
       .crit = 0,
       .threshold = "any",
       .advice =
           "SELECT * FROM ledger.refused_rows; the journal has the events: mend the cause, `blotter store rebuild`"}));
  BLOTTER_TRY(
      examination.ask({.name = "partitions_ahead",
                       .sql = kPartitionsAhead,
                       .warn = 0,
                       .threshold = "any missing",
                       .advice = "run `blotter partitions ensure` from a timer; the writer makes what is missing"}));
  const std::int64_t limit = examination.thresholds().retirement_s_warn;
  return examination.ask({.name = "partitions_detaching",
                          .sql = kUnderWay,
                          .parameters = Parameters().add(limit),
                          .warn = 0,
                          .threshold = fmt::format("a retirement for > {} s, or another detach", limit),
                          .advice = "it was cut short: `blotter partitions retire --yes` finishes it"});
}

}  // namespace blotter::postgres
