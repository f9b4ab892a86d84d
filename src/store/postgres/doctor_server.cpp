// The server itself: version, encryption, connections, cache, age of transaction numbers.
#include <fmt/format.h>

#include "store/postgres/doctor_question.h"

namespace blotter::postgres {
namespace {

constexpr const char* kVersion =
    "SELECT current_setting('server_version_num')::int / 10000::float8,"
    " format('PostgreSQL %s, up %s, %s', current_setting('server_version'),"
    "        date_trunc('second', now() - pg_postmaster_start_time()),"
    "        CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END)";

// How the server sees the way to us.
constexpr const char* kEncryption =
    "SELECT ssl.ssl, format('%s, %s', ssl.version, ssl.cipher), inet_server_addr() IS NULL,"
    " inet_server_addr() IS NULL OR inet_server_addr() = inet_client_addr(),"
    " format('not encrypted from %s to %s', inet_client_addr(), inet_server_addr())"
    " FROM (SELECT) AS one LEFT JOIN pg_stat_ssl AS ssl ON ssl.pid = pg_backend_pid()";

// Only clients count against max_connections. Who may not see which of the others are clients ($1) counts what is
// connected to a database, autovacuum and parallel workers too.
constexpr const char* kConnections =
    "SELECT 100.0::float8 * used / available, format('%s of %s in use (%s %%)', used, available, 100 * used / "
    "available)"
    " FROM (SELECT CASE WHEN $1 THEN (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
    "                   ELSE (SELECT sum(numbackends) FROM pg_stat_database) END::bigint AS used,"
    "       current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint"
    "       AS available) AS counts";

constexpr const char* kCache =
    "SELECT CASE WHEN blks_hit + blks_read >= $1 THEN 100.0::float8 * blks_hit / (blks_hit + blks_read) END,"
    " format('%s %% of %s block reads', CASE WHEN blks_hit + blks_read = 0 THEN 100"
    "        ELSE round(100.0 * blks_hit / (blks_hit + blks_read), 1) END, blks_hit + blks_read)"
    " FROM pg_stat_database WHERE datname = current_database()";

// Transaction numbers are compared modulo 2^32, so half of them can be in use.
constexpr const char* kFreezeAge =
    "SELECT CASE WHEN age > least($3 * freeze_max, $4 * room / 100) THEN 2"
    "            WHEN age > least($1 * freeze_max, $2 * room / 100) THEN 1 ELSE 0 END::float8,"
    " format('%s transactions in database %s (%s %% of what there is), autovacuum freezes at %s', age, datname,"
    "        100 * age / room, freeze_max)"
    " FROM (SELECT age(datfrozenxid)::bigint AS age, datname FROM pg_database"
    "       ORDER BY age(datfrozenxid) DESC LIMIT 1) AS oldest,"
    " (SELECT current_setting('autovacuum_freeze_max_age')::bigint AS freeze_max, 2147483648 AS room) AS limits";

// Nothing to encrypt over a Unix socket or on one machine.
Result<void> examine_encryption(Examination& examination) {
  BLOTTER_ASSIGN(const auto rows, examination.fetch("encryption", kEncryption));
  if (!rows) return {};
  HealthCheck check{
      .name = "encryption", .level = HealthLevel::ok, .value = {}, .threshold = "TLS to another machine", .advice = {}};
  if (!rows->is_null(0, 0) && rows->boolean(0, 0)) {
    check.value = rows->text(0, 1);
  } else if (examination.same_machine()) {
    check.value = rows->boolean(0, 2) ? "Unix socket" : "same machine, not encrypted";
  } else if (rows->boolean(0, 3)) {
    check.level = HealthLevel::skipped;
    check.value =
        "a pooler, a tunnel or a container stands between here and the server: see its settings (PgBouncer: "
        "client_tls_sslmode)";
  } else {
    // Persistence layer, appendix D: "DATABASE_SSL_MODE=require  # For production".
    check.level = HealthLevel::warn;
    check.value = rows->text(0, 4);
    check.advice = "set DATABASE_SSL_MODE=verify-full (or require)";
  }
  examination.add(std::move(check));
  return {};
}

}  // namespace

Result<void> examine_server(Examination& examination) {
  const DoctorThresholds& limits = examination.thresholds();
  BLOTTER_TRY(examination.ask({.name = "server",
                               .sql = kVersion,
                               .bad = Bad::below,
                               .warn = 15,  // persistence layer, technology stack: "PostgreSQL 15+"
                               .threshold = "PostgreSQL 15 or newer",
                               .advice = "upgrade the server: older ones are not tested"}));
  BLOTTER_TRY(examine_encryption(examination));
  BLOTTER_TRY(examination.ask(
      {.name = "connections",
       .sql = kConnections,
       .parameters = Parameters().add(examination.monitors()),
       .bad = Bad::above,
       .warn = limits.connections_warn,
       .crit = limits.connections_crit,
       .threshold = shown_bounds(Bad::above, limits.connections_warn, limits.connections_crit, " %"),
       .advice = "lower DATABASE_POOL_SIZE of what reads most, put PgBouncer in front, or raise max_connections"}));
  BLOTTER_TRY(examination.ask({.name = "cache_hits",
                               .sql = kCache,
                               .parameters = Parameters().add(limits.cache_blocks_min),
                               .bad = Bad::below,
                               .warn = limits.cache_hit_percent,
                               .threshold = shown_bounds(Bad::below, limits.cache_hit_percent, {}, " %"),
                               .advice = "raise shared_buffers (25 % of memory), or find what reads whole tables"}));
  return examination.ask(
      {.name = "freeze_age",
       .sql = kFreezeAge,
       .parameters = Parameters()
                         .add(limits.freeze_times_warn)
                         .add(limits.freeze_percent_warn)
                         .add(limits.freeze_times_crit)
                         .add(limits.freeze_percent_crit),
       .bad = Bad::above,
       .warn = 0,
       .crit = 1,
       .threshold =
           fmt::format("warn > {} x autovacuum_freeze_max_age or {} %, crit > {} x or {} %", limits.freeze_times_warn,
                       limits.freeze_percent_warn, limits.freeze_times_crit, limits.freeze_percent_crit),
       .advice = "VACUUM FREEZE the oldest tables; look for old transactions, slots and prepared transactions"});
}

}  // namespace blotter::postgres
