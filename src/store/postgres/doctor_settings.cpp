// The server's settings: what keeps its promises, and what the document on the persistence
// layer ("Database Tuning Parameters") advises.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "store/postgres/doctor_question.h"

namespace blotter::postgres {
namespace {

// ---- durability ----

constexpr const char* kDurability = R"sql(
  SELECT CASE WHEN fsync = 'off' OR full_page_writes = 'off' THEN 2
              WHEN synchronous_commit = 'off' THEN 1 ELSE 0 END::float8,
         format('fsync %s, full_page_writes %s, synchronous_commit %s, data_checksums %s', fsync, full_page_writes,
                synchronous_commit, current_setting('data_checksums'))
  FROM (SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
               current_setting('synchronous_commit') AS synchronous_commit) AS settings)sql";

// ---- tuning ----

enum class Unit { bytes, seconds, number, flag };

// One piece of advice. "Far" is more than a factor of two on the bad side: advice for one machine is no law for
// another.
struct Advice {
  const char* setting;
  Unit unit;
  Bad bad;
  double far;
  const char* shown;
};

constexpr double kMiB = 1024.0 * 1024;
constexpr double kGiB = 1024 * kMiB;

constexpr Advice kAdvice[] = {
    {"shared_buffers", Unit::bytes, Bad::below, 1 * kGiB, "4GB, or 25 % of memory"},
    {"effective_cache_size", Unit::bytes, Bad::below, 3 * kGiB, "12GB, or 75 % of memory"},
    {"maintenance_work_mem", Unit::bytes, Bad::below, 256 * kMiB, "1GB"},
    {"work_mem", Unit::bytes, Bad::below, 16 * kMiB, "64MB"},
    {"checkpoint_timeout", Unit::seconds, Bad::below, 300, "15min"},
    {"checkpoint_completion_target", Unit::number, Bad::below, 0.7, "0.9"},
    {"max_wal_size", Unit::bytes, Bad::below, 2 * kGiB, "4GB"},
    {"min_wal_size", Unit::bytes, Bad::below, 256 * kMiB, "1GB"},
    {"random_page_cost", Unit::number, Bad::above, 2.2, "1.1 on SSD"},
    {"effective_io_concurrency", Unit::number, Bad::below, 16, "200 on SSD"},
    {"default_statistics_target", Unit::number, Bad::below, 50, "100"},
    {"log_lock_waits", Unit::flag, Bad::below, 1, "on"},
    {"log_checkpoints", Unit::flag, Bad::below, 1, "on"},
    {"max_wal_senders", Unit::number, Bad::below, 2, "5"},
    {"hot_standby", Unit::flag, Bad::below, 1, "on"},
    {"autovacuum", Unit::flag, Bad::below, 1, "on"},
    {"track_counts", Unit::flag, Bad::below, 1, "on"},
};

const char* sql_of(Unit unit) {
  switch (unit) {
    case Unit::bytes:
      return "SELECT pg_size_bytes(current_setting($1))::float8, current_setting($1)";
    case Unit::seconds:
      return "SELECT extract(epoch FROM current_setting($1)::interval)::float8, current_setting($1)";
    case Unit::number:
      return "SELECT current_setting($1)::float8, current_setting($1)";
    case Unit::flag:
      return "SELECT current_setting($1)::boolean::int::float8, current_setting($1)";
  }
  return "";
}

// A small machine has no 4 GB to give. How much it has is known only when it is this one.
double far_of(const Advice& advice, bool same_machine) {
  const double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  const std::string_view setting = advice.setting;
  if (!same_machine) return advice.far;
  if (setting == "shared_buffers") return std::min(advice.far, 0.25 * memory / 2);
  if (setting == "effective_cache_size") return std::min(advice.far, 0.75 * memory / 2);
  if (setting == "maintenance_work_mem") return std::min(advice.far, memory / 32);
  return advice.far;
}

Result<void> examine_tuning(Examination& examination) {
  HealthCheck check{
      .name = "tuning", .level = HealthLevel::ok, .value = {}, .threshold = "not far from the advice", .advice = {}};
  for (const Advice& each : kAdvice) {
    BLOTTER_ASSIGN(const auto rows, examination.fetch("tuning", sql_of(each.unit), Parameters().add(each.setting)));
    if (!rows) return {};
    const double value = rows->real(0, 0);
    const double far = far_of(each, examination.same_machine());
    if (each.bad == Bad::above ? value <= far : value >= far) continue;
    check.level = HealthLevel::warn;
    check.value += fmt::format("{}{} = {} (advice: {})", check.value.empty() ? "" : ", ", each.setting,
                               rows->text(0, 1), each.shown);
  }
  if (check.level == HealthLevel::ok) check.value = "as advised";
  if (check.level == HealthLevel::warn) check.advice = "docs/operating/tuning.md says what each of them does here";
  examination.add(std::move(check));
  return {};
}

}  // namespace

Result<void> examine_settings(Examination& examination) {
  BLOTTER_TRY(examination.ask(
      {.name = "durability",
       .sql = kDurability,
       .warn = 0,
       .crit = 1,
       .threshold = "fsync or full_page_writes off: crit, synchronous_commit off: warn",
       .advice = "turn it on: a crash can damage the database silently (fsync, full_page_writes), or take back what "
                 "counts as stored (synchronous_commit; it lands again from the journal)"}));
  return examine_tuning(examination);
}

}  // namespace blotter::postgres
