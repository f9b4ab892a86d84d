// Standbys as the primary sees them, replication slots, and the replica where reads go.
#include <fmt/format.h>

#include "store/postgres/doctor_question.h"
#include "store/postgres/replica_reader.h"

namespace blotter::postgres {
namespace {

// replay_lag is NULL or old where everything is replayed; of a standby that still answers it grows while replay stands
// still. One that does not answer is told by the time of its last word while it lacks something: it says at once what
// it has flushed, but only every ten seconds what it has replayed. What is no standby (a receiver of WAL files, a
// logical subscriber) replays nothing or answers when it likes. A COMMIT waits as long as fewer standbys stream than
// synchronous_standby_names asks for.
constexpr const char* kStandbys = R"sql(
  WITH standbys AS (
    SELECT sender.*,
           greatest(CASE WHEN replay_lsn < here THEN extract(epoch FROM replay_lag) END,
                    CASE WHEN replay_lsn IS NOT NULL AND flush_lsn < here AND slots.slot_type IS DISTINCT FROM 'logical'
                         THEN extract(epoch FROM clock_timestamp() - reply_time) END, 0) AS behind_s,
           pg_wal_lsn_diff(here, replay_lsn) AS behind_bytes
    FROM pg_stat_replication AS sender LEFT JOIN pg_replication_slots AS slots ON slots.active_pid = sender.pid,
         (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()
                      ELSE pg_current_wal_flush_lsn() END AS here) AS position
  ), waiting AS (
    SELECT names, (SELECT count(*) FROM pg_stat_replication
                   WHERE coalesce(state = 'streaming' AND sync_state IN ('sync', 'quorum'), true))
                  < coalesce(substring(names FROM '(?i)^\s*(?:first\M|any\M)?\s*(\d+)\s*\(')::int, 1) AS for_nobody
    FROM current_setting('synchronous_standby_names') AS names
    WHERE names <> '' AND current_setting('synchronous_commit') NOT IN ('off', 'local') AND NOT pg_is_in_recovery()
  )
  SELECT CASE WHEN (SELECT for_nobody FROM waiting) THEN 'Infinity' ELSE max(behind_s) END::float8,
         format('%s%s',
                (SELECT format('synchronous_standby_names = %s, and too few of them stream: every COMMIT waits; ', names)
                 FROM waiting WHERE for_nobody),
                coalesce(string_agg(format('%s (%s): %s, %s s behind', coalesce(nullif(application_name, ''), 'unnamed'),
                                           state, pg_size_pretty(behind_bytes), round(behind_s, 1)), ', '),
                         'no standby is connected'))
  FROM standbys)sql";

// An inactive slot keeps every byte of WAL until its standby is back, or the disk is full; one of a standby says that
// the standby is away. Slots on a standby are copies for its promotion.
constexpr const char* kSlots = R"sql(
  SELECT count(*) FILTER (WHERE wal_status = 'lost' OR bytes > $1
                             OR (slot_type = 'physical' AND NOT pg_is_in_recovery()))::float8,
         coalesce(string_agg(format('%s (%s): %s kept, %s', slot_name, slot_type, pg_size_pretty(bytes), wal_status),
                             ', '), 'none inactive')
  FROM (SELECT slot_name, slot_type, wal_status,
               pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                                    ELSE pg_current_wal_lsn() END, restart_lsn) AS bytes
        FROM pg_replication_slots WHERE NOT active AND restart_lsn IS NOT NULL OR wal_status = 'lost') AS slots)sql";

// Level and value of a standby that is so far behind; nothing: it has replayed no transaction yet.
void judge_lag(const std::optional<std::int64_t>& lag_ms, const DoctorThresholds& limits, const char* advice,
               HealthCheck& check) {
  if (!lag_ms) {
    check.level = HealthLevel::crit;
    check.value = "has replayed no transaction yet; nobody knows how far behind it is";
    check.advice = "look at primary_conninfo and the log of the standby";
    return;
  }
  const double seconds = static_cast<double>(*lag_ms) / 1000;
  check.value = fmt::format("{:.1f} s behind", seconds);
  if (seconds <= limits.lag_s_warn) return;
  check.level = seconds > limits.lag_s_crit ? HealthLevel::crit : HealthLevel::warn;
  check.advice = advice;
}

// When the URL leads to a standby.
Result<void> examine_own_lag(Examination& examination) {
  constexpr const char* kName = "standby_lag";
  const DoctorThresholds& limits = examination.thresholds();
  const auto state = examination.bounded(kName, [](Connection& connection) { return ask_replica(connection, ""); });
  if (!state) {
    if (!examination.connection().connected()) return fail(state.error());
    examination.unanswered(kName, state.error());
    return {};
  }
  if (!state->standby) return {};
  HealthCheck check{.name = kName,
                    .level = HealthLevel::ok,
                    .value = {},
                    .threshold = shown_bounds(Bad::above, limits.lag_s_warn, limits.lag_s_crit, " s"),
                    .advice = {}};
  judge_lag(state->lag_ms, limits, "look at its load, disk and network, and whether its replay is paused", check);
  examination.add(std::move(check));
  return {};
}

}  // namespace

Result<void> examine_replication(Examination& examination) {
  const DoctorThresholds& limits = examination.thresholds();
  BLOTTER_TRY(examination.ask({.name = "replication_lag",
                               .sql = kStandbys,
                               .warn = limits.lag_s_warn,
                               .crit = limits.lag_s_crit,
                               .threshold = shown_bounds(Bad::above, limits.lag_s_warn, limits.lag_s_crit, " s"),
                               .advice = "look at the standby's load, disk and network, and for a paused replay there",
                               .needs_monitor = true,
                               .look_again = true}));
  BLOTTER_TRY(
      examination.ask({.name = "replication_slots",
                       .sql = kSlots,
                       .parameters = Parameters().add(static_cast<std::int64_t>(limits.slot_gb_warn * 1e9)),
                       .warn = 0,
                       .threshold = fmt::format("inactive: any of a standby, others > {} GB", limits.slot_gb_warn),
                       .advice = "bring its standby back, or pg_drop_replication_slot before the WAL fills the disk"}));
  BLOTTER_ASSIGN(const auto standby, examination.fetch("standby_lag", "SELECT pg_is_in_recovery()"));
  return standby && standby->boolean(0, 0) ? examine_own_lag(examination) : Result<void>();
}

Result<void> examine_replica(Examination& examination, const StoreOptions& options) {
  const DoctorThresholds& limits = examination.thresholds();
  HealthCheck check{.name = "replica",
                    .level = HealthLevel::ok,
                    .value = {},
                    .threshold = shown_bounds(Bad::above, limits.lag_s_warn, limits.lag_s_crit, " s"),
                    .advice = {}};
  BLOTTER_ASSIGN(const auto rows, examination.fetch("replica", kSystemIdentifier));
  if (!rows) return {};
  StoreOptions asked = options;
  asked.url = options.replica_url;
  const auto replica = Connection::connect(settings_of(asked, Target::any));
  const auto state = replica ? ask_bounded(**replica, limits.answer_ms_max,
                                           [](Connection& connection) { return ask_replica(connection, ""); })
                             : Result<ReplicaState>(fail(replica.error()));
  if (!state) {
    check.level = HealthLevel::warn;
    check.value = state.error().message;
    check.advice = "reads go to the primary until the replica answers";
  } else if (state->system_identifier != rows->integer(0, 0) || !state->standby) {
    check.level = HealthLevel::crit;
    check.value = state->standby ? "replicates another database system" : "is no standby any more (promoted)";
    check.advice = "DATABASE_REPLICA_URL has to name a standby of DATABASE_URL's server; reads go to the primary";
  } else {
    judge_lag(state->lag_ms, limits,
              "reads that allow less go to the primary; look at the standby's load, network and replay", check);
  }
  examination.add(std::move(check));
  return {};
}

}  // namespace blotter::postgres
