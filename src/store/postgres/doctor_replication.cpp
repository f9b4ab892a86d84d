// Standbys as the primary sees them, replication slots, and the replica where reads go.
#include <fmt/format.h>

#include "store/postgres/doctor_question.h"
#include "store/postgres/replica_reader.h"

namespace blotter::postgres {
namespace {

// replay_lag is NULL on a quiet primary whose standby has replayed everything.
constexpr const char* kStandbys = R"sql(
  SELECT max(coalesce(extract(epoch FROM replay_lag), 0))::float8,
         CASE WHEN count(*) = 0 THEN 'no standby is connected'
              ELSE string_agg(format('%s (%s): %s, %s s behind', coalesce(nullif(application_name, ''), 'unnamed'), state,
                                     pg_size_pretty(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()
                                                                         THEN pg_last_wal_replay_lsn()
                                                                         ELSE pg_current_wal_lsn() END, replay_lsn)),
                                     round(coalesce(extract(epoch FROM replay_lag), 0), 1)), ', ') END
  FROM pg_stat_replication)sql";

// An inactive slot keeps every byte of WAL until its standby is back, or the disk is full.
constexpr const char* kSlots = R"sql(
  SELECT CASE WHEN bool_or(wal_status = 'lost') THEN 'Infinity' ELSE max(bytes) / 1e9 END::float8,
         coalesce(string_agg(format('%s: %s kept, %s', slot_name, pg_size_pretty(bytes), wal_status), ', '), 'none inactive')
  FROM (SELECT slot_name, wal_status,
               pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                                    ELSE pg_current_wal_lsn() END, restart_lsn) AS bytes
        FROM pg_replication_slots WHERE NOT active) AS slots)sql";

}  // namespace

Result<void> examine_replication(Examination& examination) {
  const DoctorThresholds& limits = examination.thresholds();
  BLOTTER_TRY(examination.ask({.name = "replication_lag",
                               .sql = kStandbys,
                               .warn = limits.lag_s_warn,
                               .crit = limits.lag_s_crit,
                               .threshold = shown_bounds(Bad::above, limits.lag_s_warn, limits.lag_s_crit, " s"),
                               .advice = "look at the standby's load, disk and network, and for a paused replay there",
                               .needs_monitor = true}));
  return examination.ask(
      {.name = "replication_slots",
       .sql = kSlots,
       .warn = limits.slot_gb_warn,
       .threshold = shown_bounds(Bad::above, limits.slot_gb_warn, {}, " GB kept for nobody"),
       .advice = "bring its standby back, or pg_drop_replication_slot before the WAL fills the disk"});
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
  const auto state =
      replica ? ask_bounded(**replica, limits.answer_ms_max, [](Connection& connection) { return ask_replica(connection, ""); })
              : Result<ReplicaState>(fail(replica.error()));
  if (!state) {
    check.level = HealthLevel::warn;
    check.value = state.error().message;
    check.advice = "reads go to the primary until the replica answers";
  } else if (state->system_identifier != rows->integer(0, 0) || !state->standby) {
    check.level = HealthLevel::crit;
    check.value = state->standby ? "replicates another database system" : "is no standby any more (promoted)";
    check.advice = "DATABASE_REPLICA_URL has to name a standby of DATABASE_URL's server; reads go to the primary";
  } else if (!state->lag_ms) {
    check.level = HealthLevel::crit;
    check.value = "has replayed no transaction yet; nobody knows how far behind it is";
    check.advice = "look at primary_conninfo and the log of the standby";
  } else {
    const double seconds = static_cast<double>(*state->lag_ms) / 1000;
    check.value = fmt::format("{:.1f} s behind", seconds);
    if (seconds > limits.lag_s_warn) {
      check.level = seconds > limits.lag_s_crit ? HealthLevel::crit : HealthLevel::warn;
      check.advice = "reads that allow less go to the primary; look at the standby's load, network and replay";
    }
  }
  examination.add(std::move(check));
  return {};
}

}  // namespace blotter::postgres
