#include "store/postgres/partitions.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>

#include "blotter/enums.h"
#include "store/postgres/migrator.h"

namespace blotter::postgres {
namespace {

constexpr std::int64_t kNsPerMicrosecond = 1'000;

// A bound in microseconds; the first and the last period reach beyond what a Timestamp can say.
Timestamp instant_of(std::int64_t microseconds) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (microseconds < kMin / kNsPerMicrosecond) return {kMin};
  if (microseconds > kMax / kNsPerMicrosecond) return {kMax};
  return {microseconds * kNsPerMicrosecond};
}

template <class E>
Result<E> enum_of(const std::string& text) {
  const std::optional<E> value = parse_enum<E>(text);
  if (value) return *value;
  return fail(Errc::corrupt, "'" + text.substr(0, 64) + "' in the ledger's own tables is none of its names");
}

// Not an interval, one that the type cannot hold, or one that makes no sense.
bool refuses_retention(const Refusal& refusal) {
  return refusal.sqlstate == "22007" || refusal.sqlstate == "22008" || refusal.sqlstate == "22015" ||
         refusal.constraint == "retention_makes_sense";
}

Result<std::vector<Retirement>> retirements_of(Connection& connection, const char* sql, const Parameters& parameters) {
  BLOTTER_ASSIGN(const Rows rows, connection.query(sql, parameters));
  std::vector<Retirement> all;
  for (int row = 0; row < rows.size(); ++row) {
    BLOTTER_ASSIGN(const RetirementState state, enum_of<RetirementState>(rows.text(row, 5)));
    all.push_back({.id = rows.integer(row, 0),
                   .table = rows.text(row, 1),
                   .partition = rows.text(row, 2),
                   .from = instant_of(rows.integer(row, 3)),
                   .to = instant_of(rows.integer(row, 4)),
                   .state = state,
                   .rows = rows.integer(row, 6),
                   .sha256 = rows.text(row, 7),
                   .archive = rows.text(row, 8)});
  }
  return all;
}

// Makes the partitions of every day up to the end of the last period ahead, so that periods which an older rule has
// begun are filled up. A call makes a bounded number of them.
Result<void> ensure_table(Connection& connection, const std::string& table, Timestamp now) {
  constexpr const char* kEnsure =
      "SELECT ledger.ensure_partitions(rule.table_name, ARRAY(SELECT day AT TIME ZONE 'UTC' FROM generate_series("
      "  present.day, date_trunc(rule.period, present.day)"
      "   + (rule.ahead + 1) * CASE rule.period WHEN 'quarter' THEN INTERVAL '3 months'"
      "     WHEN 'month' THEN INTERVAL '1 month' ELSE INTERVAL '1 day' END - INTERVAL '1 day', INTERVAL '1 day')"
      "  AS day))"
      " FROM ledger.partition_rules AS rule, LATERAL (SELECT date_trunc('day',"
      "  (TIMESTAMPTZ 'epoch' + $1 * INTERVAL '1 microsecond') AT TIME ZONE 'UTC') AS day) AS present"
      " WHERE rule.table_name = $2";
  while (true) {
    BLOTTER_ASSIGN(const Rows made, connection.query(kEnsure, at(now).add(table)));
    if (made.size() == 0 || made.integer(0, 0) == 0) return {};
  }
}

// Of `r`, a retirement with its `part` while that is attached, and its `rule`: recorded, nothing detached yet, and not
// due any more. Its rule was a mistake, and was corrected.
std::string is_mistaken() {
  return "r.state = 'detaching' AND part.relation IS NOT NULL AND NOT part.detach_pending AND NOT " +
         std::string(kIsDue);
}

Result<void> forget_mistaken(Connection& connection, Timestamp now) {
  const std::string sql =
      "DELETE FROM ledger.retired_partitions AS r USING ledger.list_partitions() AS part, ledger.partition_rules AS "
      "rule"
      " WHERE part.table_name = r.table_name AND part.partition_name = r.partition_name"
      " AND rule.table_name = r.table_name AND " +
      is_mistaken();
  BLOTTER_TRY(connection.execute(sql.c_str(), at(now)));
  return {};
}

}  // namespace

Result<std::unique_ptr<Partitions>> Partitions::open(const StoreOptions& options, StoreAccess access) {
  const Target target = access == StoreAccess::read ? Target::primary : Target::writable;
  BLOTTER_ASSIGN(std::unique_ptr<Connection> connection, Connection::connect(settings_of(options, target)));
  BLOTTER_ASSIGN(const SchemaState state, schema_state(*connection));
  if (state != SchemaState::current) return fail(schema_error(state, *connection));
  return std::unique_ptr<Partitions>(new Partitions(std::move(connection)));
}

Result<std::vector<PartitionRule>> Partitions::rules() {
  BLOTTER_ASSIGN(const Rows rows, connection_->query("SELECT table_name, period, coalesce(retention::text, ''), ahead"
                                                     " FROM ledger.partition_rules ORDER BY table_name"));
  std::vector<PartitionRule> all;
  for (int row = 0; row < rows.size(); ++row) {
    BLOTTER_ASSIGN(const Period period, enum_of<Period>(rows.text(row, 1)));
    all.push_back({rows.text(row, 0), period, rows.text(row, 2), rows.integer(row, 3)});
  }
  return all;
}

Result<void> Partitions::set_rule(const PartitionRule& rule) {
  const Result<std::int64_t> touched = connection_->execute(
      "UPDATE ledger.partition_rules SET period = $2,"
      " retention = nullif($3, '')::interval, ahead = $4::int8 WHERE table_name = $1",
      Parameters().add(rule.table).add(name_of(rule.period)).add(rule.retention).add(rule.ahead));
  if (!touched && refuses_retention(connection_->refusal())) {
    return fail(Errc::invalid, "'" + rule.retention.substr(0, 64) + "' is no time to keep the rows of " + rule.table +
                                   ": write '7 years' or '90 days', at least one period of the table (a " +
                                   std::string(name_of(rule.period)) + ") and at most '1000 years'");
  }
  if (!touched) return fail(touched.error());
  if (*touched == 1) return {};
  BLOTTER_ASSIGN(const std::vector<PartitionRule> all, rules());
  std::string known;
  for (const PartitionRule& each : all) known += (known.empty() ? "" : ", ") + each.table;
  return fail(Errc::not_found, "'" + rule.table.substr(0, 64) + "' is not partitioned; these are: " + known);
}

Result<std::vector<Partition>> Partitions::list() {
  BLOTTER_ASSIGN(
      const Rows rows,
      connection_->query("SELECT table_name, partition_name, (extract(epoch FROM from_at) * 1000000)::int8,"
                         " (extract(epoch FROM to_at) * 1000000)::int8,"
                         " CASE WHEN detach_pending THEN 'detach_pending' ELSE 'attached' END, rows_estimate, bytes"
                         " FROM ledger.partitions"
                         " UNION ALL"
                         " SELECT r.table_name, c.relname::text, (extract(epoch FROM from_at) * 1000000)::int8,"
                         " (extract(epoch FROM to_at) * 1000000)::int8, 'detached',"
                         " greatest(c.reltuples, 0)::int8, coalesce(pg_total_relation_size(c.oid), 0)"
                         " FROM ledger.retired_partitions AS r"
                         " JOIN ledger.partition_rules AS rules ON rules.table_name = r.table_name"
                         " JOIN pg_catalog.pg_namespace AS n ON n.nspname = rules.schema_name"
                         " JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid"
                         "  AND c.relname = r.partition_name || '_retired_' || r.retired_id"
                         " WHERE r.state IN ('detached', 'archived')"
                         " ORDER BY 1, 3, 2"));
  std::vector<Partition> all;
  for (int row = 0; row < rows.size(); ++row) {
    BLOTTER_ASSIGN(const PartitionState state, enum_of<PartitionState>(rows.text(row, 4)));
    all.push_back({rows.text(row, 0), rows.text(row, 1), instant_of(rows.integer(row, 2)),
                   instant_of(rows.integer(row, 3)), state, rows.integer(row, 5), rows.integer(row, 6)});
  }
  return all;
}

Result<std::vector<std::string>> Partitions::ensure(Timestamp now) {
  constexpr const char* kNames = "SELECT partition_name FROM ledger.list_partitions() WHERE NOT detach_pending";
  BLOTTER_ASSIGN(const Rows before, connection_->query(kNames));
  std::vector<std::string> there;
  there.reserve(static_cast<std::size_t>(before.size()));
  for (int row = 0; row < before.size(); ++row) there.push_back(before.text(row, 0));
  BLOTTER_ASSIGN(const std::vector<PartitionRule> all, rules());
  for (const PartitionRule& each : all) BLOTTER_TRY(ensure_table(*connection_, each.table, now));
  BLOTTER_ASSIGN(const Rows after, connection_->query((std::string(kNames) + " ORDER BY table_name, from_at").c_str()));
  std::vector<std::string> made;
  for (int row = 0; row < after.size(); ++row) {
    const std::string name = after.text(row, 0);
    if (std::find(there.begin(), there.end(), name) == there.end()) made.push_back(name);
  }
  return made;
}

Result<std::vector<Retirement>> Partitions::plan_retire(Timestamp now) {
  const std::string sql =
      "SELECT r.retired_id, r.table_name, r.partition_name, (extract(epoch FROM r.from_at) * 1000000)::int8,"
      " (extract(epoch FROM r.to_at) * 1000000)::int8, r.state, coalesce(r.row_count, 0), coalesce(r.sha256, ''),"
      " coalesce(r.archive, ''),"
      // PostgreSQL allows one pending detachment in a table: it has to end before the next begins.
      " CASE WHEN part.detach_pending THEN 0 ELSE 1 END"
      " FROM ledger.retired_partitions AS r JOIN ledger.partition_rules AS rule USING (table_name)"
      " LEFT JOIN ledger.list_partitions() AS part ON part.table_name = r.table_name"
      "  AND part.partition_name = r.partition_name AND r.state = 'detaching'"
      " WHERE r.state <> 'dropped' AND NOT (" +
      is_mistaken() +
      ")"
      " UNION ALL"
      " SELECT 0, part.table_name, part.partition_name, (extract(epoch FROM part.from_at) * 1000000)::int8,"
      " (extract(epoch FROM part.to_at) * 1000000)::int8, 'due', 0, '', '',"
      " CASE WHEN part.detach_pending THEN 0 ELSE 2 END"
      " FROM ledger.list_partitions() AS part JOIN ledger.partition_rules AS rule USING (table_name) WHERE " +
      kIsDue +
      " AND NOT EXISTS (SELECT FROM ledger.retired_partitions AS r WHERE r.table_name = part.table_name"
      "                 AND r.partition_name = part.partition_name AND r.state = 'detaching')"
      " ORDER BY 10, 4, 2, 1 DESC";
  return retirements_of(*connection_, sql.c_str(), at(now));
}

Result<RetireReport> Partitions::retire(const RetireOptions& options) {
  std::error_code error;
  const std::filesystem::path directory = std::filesystem::absolute(options.archive_directory, error);
  std::filesystem::create_directories(directory, error);
  if (error) return fail(Errc::unavailable, "cannot make " + directory.string() + ": " + error.message());
  bool stopped = false;
  RetireOptions each_with = options;
  each_with.archive_directory = directory.string();
  each_with.before_step = [&](std::string_view step, const std::string& partition) -> Result<void> {
    Result<void> may = options.before_step ? options.before_step(step, partition) : Result<void>();
    stopped = !may;
    return may;
  };
  BLOTTER_TRY(forget_mistaken(*connection_, options.now));
  BLOTTER_ASSIGN(const std::vector<Retirement> plan, plan_retire(options.now));
  RetireReport report;
  std::set<std::string> detaching;  // tables in which a detachment did not end, and no other can begin
  for (Retirement each : plan) {
    const bool attached = each.state == RetirementState::due || each.state == RetirementState::detaching;
    if (attached && detaching.contains(each.table)) continue;
    const Result<void> retired = retire_one(*connection_, each, each_with);
    if (retired) {
      report.dropped.push_back(std::move(each));
      continue;
    }
    if (stopped) return fail(retired.error());
    report.failed.push_back({retired.error().code, each.partition + " was not retired: " + retired.error().message});
    if (!connection_->usable()) break;
    if (each.state == RetirementState::detaching) detaching.insert(each.table);
  }
  return report;
}

Result<std::vector<RetiredRange>> Partitions::retired_ranges() {
  BLOTTER_ASSIGN(const Rows rows, connection_->query("SELECT table_name, (extract(epoch FROM from_at) * 1000000)::int8,"
                                                     " (extract(epoch FROM to_at) * 1000000)::int8,"
                                                     " CASE WHEN state IN ('detaching', 'detached') THEN 1"
                                                     "      ELSE coalesce(first_seq, 1) END,"
                                                     " CASE WHEN state IN ('detaching', 'detached') THEN $1"
                                                     "      ELSE coalesce(last_seq, 0) END"
                                                     " FROM ledger.retired_partitions ORDER BY 1, 2, retired_id",
                                                     Parameters().add(std::numeric_limits<std::int64_t>::max())));
  std::vector<RetiredRange> all;
  for (int row = 0; row < rows.size(); ++row) {
    BLOTTER_ASSIGN(const Table table, enum_of<Table>(rows.text(row, 0)));
    all.push_back({table, instant_of(rows.integer(row, 1)), instant_of(rows.integer(row, 2)), rows.integer(row, 3),
                   rows.integer(row, 4)});
  }
  return all;
}

Result<std::vector<Retirement>> Partitions::archives() {
  return retirements_of(*connection_,
                        "SELECT retired_id, table_name, partition_name, (extract(epoch FROM from_at) * 1000000)::int8,"
                        " (extract(epoch FROM to_at) * 1000000)::int8, state, row_count, sha256, archive"
                        " FROM ledger.retired_partitions WHERE state IN ('archived', 'dropped') ORDER BY retired_id",
                        {});
}

}  // namespace blotter::postgres
