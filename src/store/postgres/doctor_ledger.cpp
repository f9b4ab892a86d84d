// What only our own tables know: whether the schema is this program's, rows it refused, partitions made ahead.
#include "store/postgres/doctor_question.h"
#include "store/postgres/migrator.h"

namespace blotter::postgres {
namespace {

constexpr const char* kRefusedRows = R"sql(
  SELECT count(*)::float8,
         CASE WHEN count(*) = 0 THEN 'none'
              ELSE format('%s, the last in %s of book %s: %s', count(*),
                          (array_agg(table_name ORDER BY seq DESC))[1], (array_agg(book_id ORDER BY seq DESC))[1],
                          left((array_agg(reason ORDER BY seq DESC))[1], 120)) END
  FROM ledger.refused_rows)sql";

// The greatest number of partitions that a table lacks.
constexpr const char* kPartitionsAhead = R"sql(
  SELECT max(ahead - made)::float8,
         string_agg(format('%s %s of %s', table_name, made, ahead), ', ' ORDER BY table_name)
  FROM (SELECT rules.table_name, rules.ahead,
               count(parts.partition_name) FILTER (WHERE parts.from_at > now() AND NOT parts.detach_pending) AS made
        FROM ledger.partition_rules AS rules LEFT JOIN ledger.partitions AS parts USING (table_name)
        GROUP BY rules.table_name, rules.ahead) AS tables)sql";

// The catalogue, because a retirement that was cut short is not yet one of the rules' partitions to everybody.
constexpr const char* kDetachPending = R"sql(
  SELECT count(*)::float8, coalesce(string_agg(inhrelid::regclass::text, ', '), 'none')
  FROM pg_inherits WHERE inhdetachpending)sql";

// Returns whether there is a ledger to ask.
Result<bool> examine_schema(Examination& examination) {
  Connection& connection = examination.connection();
  HealthCheck check{.name = "schema",
                    .level = HealthLevel::ok,
                    .value = "as this program made it",
                    .threshold = "this program's",
                    .advice = {}};
  const Result<SchemaState> state = schema_state(connection);
  if (!state) {
    if (!connection.connected()) return fail(state.error());
    examination.unanswered("schema", state.error());
    return false;
  }
  if (*state != SchemaState::current) {
    check.level = HealthLevel::crit;
    check.value = schema_error(*state, connection).message;
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
                       .threshold = "fewer than the rule",
                       .advice = "run `blotter partitions ensure` from a timer; the writer makes what is missing"}));
  return examination.ask({.name = "partitions_detaching",
                          .sql = kDetachPending,
                          .warn = 0,
                          .threshold = "any",
                          .advice = "a retirement was cut short: `blotter partitions retire` finishes it"});
}

}  // namespace blotter::postgres
