#include "store/health_check.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace blotter {
namespace {

// The document on the persistence layer, alerts: "Disk space < 20%" warns, "< 10%" is critical.
constexpr std::uint64_t kWarnPercent = 20;
constexpr std::uint64_t kCritPercent = 10;

// In the order of docs/operating/doctor.md.
constexpr std::string_view kNames[] = {"server", "encryption", "connections", "cache_hits", "freeze_age", "disk",
                                       "wal_disk", "tablespace_disk", "schema", "refused_rows", "partitions_ahead",
                                       "partitions_detaching", "write_latency", "slow_statements", "long_transactions",
                                       "idle_in_transaction", "lock_waits", "sizes", "dead_rows", "bloat",
                                       "unused_indexes", "missing_indexes", "invalid_indexes", "durability", "tuning",
                                       "replication_lag", "replication_slots", "standby_lag", "replica", "connection",
                                       // SQLite
                                       "quick_check", "wal",
                                       // of any ledger
                                       "store", "journal", "journal_disk", "store_behind"};

}  // namespace

bool is_health_check(std::string_view name) {
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

std::string shown_bytes(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  std::uint64_t tenths = bytes * 10;
  if (bytes >= UINT64_MAX / 10) tenths = UINT64_MAX;
  while (tenths >= 10'240 && unit + 1 < std::size(kUnits)) {
    tenths /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format("{}.{} {}", tenths / 10, tenths % 10, kUnits[unit]);
}

HealthCheck disk_free(std::string name, const std::string& path) {
  HealthCheck check{.name = std::move(name),
                    .level = HealthLevel::ok,
                    .value = {},
                    .threshold = fmt::format("free: warn < {} %, crit < {} %", kWarnPercent, kCritPercent),
                    .advice = {}};
  struct statvfs about {};
  if (statvfs(path.c_str(), &about) != 0) {
    check.level = HealthLevel::skipped;
    check.value = path + ": " + std::strerror(errno);
    return check;
  }
  // Blocks kept for root are not free for the server.
  const std::uint64_t unit = about.f_frsize;
  const std::uint64_t used = (about.f_blocks - about.f_bfree) * unit;
  const std::uint64_t free = about.f_bavail * unit;
  const std::uint64_t percent = used + free == 0 ? 100 : free / ((used + free + 99) / 100);
  check.value = fmt::format("{} % ({}) free at {}", percent, shown_bytes(free), path);
  if (percent < kWarnPercent) {
    check.level = percent < kCritPercent ? HealthLevel::crit : HealthLevel::warn;
    check.advice = "make room or add disk before it is full: a full disk stops the writer";
  }
  return check;
}

}  // namespace blotter
