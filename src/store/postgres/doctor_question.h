// A question to the server: SQL that answers with one row, and the bounds of a good answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/postgres/connection.h"
#include "store/postgres/doctor.h"
#include "store/postgres/doctor_bounded.h"

namespace blotter::postgres {

enum class Bad : std::uint8_t { above, below };

struct Question {
  const char* name;
  // One row: a double (NULL: nothing to measure, all is well) and the text that people see (NULL: the role may not see
  // it).
  const char* sql;
  Parameters parameters = {};
  Bad bad = Bad::above;
  std::optional<double> warn = {};
  std::optional<double> crit = {};
  std::string threshold;
  std::string advice;  // shown when the level is not ok
  // Without pg_monitor the answer covers what the role itself does: then "ok" is not known.
  bool needs_monitor = false;
  const char* prelude = nullptr;  // run first, in the same transaction
  // A bad answer may be of an instant: what was sent a moment ago is not acknowledged yet. It counts when it still
  // holds half a second later.
  bool look_again = false;
};

class Examination {
 public:
  Examination(Connection& connection, const DoctorThresholds& thresholds, std::vector<HealthCheck>& checks)
      : connection_(connection), thresholds_(thresholds), checks_(checks) {}

  Connection& connection() { return connection_; }
  const DoctorThresholds& thresholds() const { return thresholds_; }

  // Who asks, whether the statistics of others are shown to it, and where the server is. Errc: unavailable.
  Result<void> introduce();
  const std::string& role() const { return role_; }

  // Calls `ask(connection)`, bounded, for the check of that name. Errc: as `ask`; unavailable.
  template <class Ask>
  std::invoke_result_t<Ask, Connection&> bounded(const char* name, const Ask& ask) {
    asking_ = name;
    return ask_bounded(connection_, thresholds_.answer_ms_max, ask);
  }
  // Adds the answer. Errc: unavailable (the connection is lost; anything else that fails is an answer: unanswered()).
  Result<void> ask(const Question& question);
  // One row for code that needs more than a number; nothing when the question failed, and then `name` is unanswered().
  Result<std::optional<Rows>> fetch(const char* name, const char* sql, const Parameters& parameters = {},
                                    const char* prelude = nullptr);

  void add(HealthCheck check) { checks_.push_back(std::move(check)); }
  void skip(const char* name, std::string why);
  // The statement that was just refused: skipped when the role may not ask it, crit when the server reports damage,
  // else warn.
  void unanswered(const char* name, const Error& error);
  // The connection is gone, and with it what was yet to be asked.
  void lost(const Error& error);
  bool monitors() const { return monitors_; }
  // Whether the server's processes are of this machine.
  bool same_machine() const { return same_machine_; }
  std::string grant() const;  // what a person may do to see everything

 private:
  Connection& connection_;
  const DoctorThresholds& thresholds_;
  std::vector<HealthCheck>& checks_;
  const char* asking_ = "";  // the check under way
  std::string role_;
  bool monitors_ = false;
  bool same_machine_ = false;
};

// "warn > 80 %, crit > 90 %"
std::string shown_bounds(Bad bad, std::optional<double> warn, std::optional<double> crit, const char* unit);

// Whether a process of this machine with that id runs PostgreSQL.
bool is_server_process_here(std::int64_t pid);  // doctor_disk.cpp

// The groups of questions. Errc: unavailable.
Result<void> examine_server(Examination& examination);       // doctor_server.cpp
Result<void> examine_disk(Examination& examination);         // doctor_disk.cpp
Result<void> examine_writing(Examination& examination);      // doctor_writing.cpp
Result<void> examine_activity(Examination& examination);     // doctor_activity.cpp
Result<void> examine_replication(Examination& examination);  // doctor_replication.cpp
Result<void> examine_tables(Examination& examination);       // doctor_tables.cpp
Result<void> examine_indexes(Examination& examination);      // doctor_indexes.cpp
Result<void> examine_settings(Examination& examination);     // doctor_settings.cpp
// The replica where reads go, asked itself.
Result<void> examine_replica(Examination& examination, const StoreOptions& options);  // doctor_replication.cpp
// Whether the schema is this program's, and what only our own tables know.
Result<void> examine_ledger(Examination& examination);  // doctor_ledger.cpp

}  // namespace blotter::postgres
