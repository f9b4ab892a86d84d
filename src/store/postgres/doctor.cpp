#include "store/postgres/doctor.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>
#include <utility>

#include "store/postgres/doctor_question.h"
#include "store/postgres/migrator.h"
#include "store/postgres/select_rows.h"

namespace blotter::postgres {
namespace {

HealthLevel level_of(const Question& question, double measure) {
  const auto beyond = [&](const std::optional<double>& bound) {
    return bound && (question.bad == Bad::above ? measure > *bound : measure < *bound);
  };
  if (beyond(question.crit)) return HealthLevel::crit;
  return beyond(question.warn) ? HealthLevel::warn : HealthLevel::ok;
}

constexpr std::string_view kNoRight = "42501";
constexpr std::string_view kCancelled = "57014";
constexpr std::string_view kLockNotHad = "55P03";

}  // namespace

Result<void> Examination::introduce() {
  // Two rights of pg_monitor: the activity of others, and all settings.
  BLOTTER_ASSIGN(const auto rows, fetch("server",
                                        "SELECT current_user::text, pg_has_role('pg_read_all_stats', 'USAGE')"
                                        " AND pg_has_role('pg_read_all_settings', 'USAGE'),"
                                        " inet_server_addr() IS NULL OR inet_server_addr() = inet_client_addr(),"
                                        " pg_backend_pid()"));
  if (!rows) return fail(Errc::unavailable, connection_.server() + ": " + checks_.back().value);
  role_ = rows->text(0, 0);
  monitors_ = rows->boolean(0, 1);
  same_machine_ = rows->boolean(0, 2) && is_server_process_here(rows->integer(0, 3));
  return {};
}

std::string Examination::grant() const { return "GRANT pg_monitor TO " + role_; }

void Examination::skip(const char* name, std::string why) {
  add({.name = name, .level = HealthLevel::skipped, .value = std::move(why), .threshold = {}, .advice = {}});
}

void Examination::unanswered(const char* name, const Error& error) {
  const std::string& state = connection_.refusal().sqlstate;
  if (state == kNoRight) return skip(name, error.message);
  const bool cut_off = state == kCancelled || state == kLockNotHad;
  HealthCheck check{
      .name = name, .level = HealthLevel::warn, .value = error.message, .threshold = "answers in 10 s", .advice = {}};
  if (error.code == Errc::corrupt) {
    check.level = HealthLevel::crit;
    check.advice = "stop what writes to this database and look at the server's disk and its log";
  } else if (cut_off) {
    check.advice = "see lock_waits and the load of the server, and ask again";
  } else {
    check.advice = "the server could not answer: mend what the message names, see its log";
  }
  add(std::move(check));
}

void Examination::lost(const Error& error) {
  add({.name = "connection",
       .level = HealthLevel::crit,
       .value = fmt::format("lost at {}: {}; what comes after it was not asked", asking_, error.message),
       .threshold = fmt::format("every answer within {} ms", thresholds_.answer_ms_max),
       .advice = "look at the server's machine (frozen, out of memory, disk that hangs) and its log, and ask again"});
}

Result<std::optional<Rows>> Examination::fetch(const char* name, const char* sql, const Parameters& parameters,
                                               const char* prelude) {
  auto rows = bounded(name, [&](Connection& connection) -> Result<Rows> {
    if (prelude != nullptr) {
      BLOTTER_TRY(connection.query(prelude));
    }
    return connection.query(sql, parameters);
  });
  if (rows && rows->size() == 1) return std::optional<Rows>(std::move(*rows));
  if (!rows && !connection_.connected()) return fail(rows.error());
  unanswered(name, rows ? Error{Errc::unavailable, "the server answered nothing"} : rows.error());
  return std::optional<Rows>();
}

Result<void> Examination::ask(const Question& question) {
  const auto look = [&] { return fetch(question.name, question.sql, question.parameters, question.prelude); };
  BLOTTER_ASSIGN(auto rows, look());
  if (rows && question.look_again && !rows->is_null(0, 0) && level_of(question, rows->real(0, 0)) != HealthLevel::ok) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    BLOTTER_ASSIGN(rows, look());
  }
  if (!rows) return {};
  HealthCheck check{
      .name = question.name, .level = HealthLevel::ok, .value = {}, .threshold = question.threshold, .advice = {}};
  if (rows->is_null(0, 1)) {
    check.level = HealthLevel::skipped;
    check.value = role_ + " may not see it";
    check.advice = grant();
    add(std::move(check));
    return {};
  }
  check.value = rows->text(0, 1);
  if (!rows->is_null(0, 0)) check.level = level_of(question, rows->real(0, 0));
  if (check.level != HealthLevel::ok) {
    check.advice = question.advice;
  } else if (question.needs_monitor && !monitors_) {
    check.level = HealthLevel::skipped;
    check.value += "; seen: only what " + role_ + " does itself";
    check.advice = grant();
  }
  add(std::move(check));
  return {};
}

std::string shown_bounds(Bad bad, std::optional<double> warn, std::optional<double> crit, const char* unit) {
  const char* sign = bad == Bad::above ? ">" : "<";
  std::string text;
  if (warn) text = fmt::format("warn {} {}{}", sign, *warn, unit);
  if (crit) text += fmt::format("{}crit {} {}{}", warn ? ", " : "", sign, *crit, unit);
  return text;
}

namespace {

// Errc: unavailable (the connection is lost).
Result<void> ask_everything(Examination& examination, const StoreOptions& options) {
  BLOTTER_TRY(examination.introduce());
  for (const auto group : {examine_server, examine_disk, examine_ledger, examine_writing, examine_activity,
                           examine_tables, examine_indexes, examine_settings, examine_replication}) {
    BLOTTER_TRY(group(examination));
  }
  if (options.replica_url.empty()) return {};
  return examine_replica(examination, options);
}

}  // namespace

Result<std::vector<HealthCheck>> examine(const StoreOptions& options, const DoctorThresholds& thresholds) {
  // Of several hosts the primary. A single standby is examined as one.
  BLOTTER_ASSIGN(const std::unique_ptr<Connection> connection,
                 Connection::connect(settings_of(options, Target::primary)));
  std::vector<HealthCheck> checks;
  Examination examination(*connection, thresholds, checks);
  const Result<void> asked = ask_everything(examination, options);
  if (!asked) examination.lost(asked.error());
  return checks;
}

Result<Cursor> book_cursor(const StoreOptions& options, std::string_view book_id, const DoctorThresholds& thresholds) {
  BLOTTER_ASSIGN(const std::unique_ptr<Connection> connection,
                 Connection::connect(settings_of(options, Target::primary)));
  return ask_bounded(*connection, thresholds.answer_ms_max, [&](Connection& asked) -> Result<Cursor> {
    BLOTTER_ASSIGN(const SchemaState state, schema_state(asked));
    if (state != SchemaState::current) return fail(schema_error(state, asked));
    return cursor_of(asked, book_id);
  });
}

}  // namespace blotter::postgres
