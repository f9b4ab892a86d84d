// Free disk of the data directory, the WAL and the tablespaces, when the server is on this machine.
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "store/postgres/doctor_question.h"

namespace blotter::postgres {
namespace {

constexpr const char* kDataDirectory = "SELECT (SELECT setting FROM pg_settings WHERE name = 'data_directory')";

constexpr const char* kTablespaces =
    "SELECT coalesce(string_agg(pg_tablespace_location(oid), chr(10)), '') FROM pg_tablespace"
    " WHERE pg_tablespace_location(oid) <> ''";

bool one_volume(const std::string& left, const std::string& right) {
  struct stat of_left {
  }, of_right{};
  return stat(left.c_str(), &of_left) == 0 && stat(right.c_str(), &of_right) == 0 && of_left.st_dev == of_right.st_dev;
}

// Often a link to a volume of its own, and the first one to be full: a standby or an archive that is away holds it
// back.
HealthCheck wal_disk(const std::string& data_directory) {
  const std::string wal = data_directory + "/pg_wal";
  HealthCheck check = disk_free("wal_disk", wal);
  if (check.level == HealthLevel::skipped) {
    check.value += "; when it leads to another volume, watch that one too";
  } else if (one_volume(data_directory, wal)) {
    check.level = HealthLevel::ok;  // said once
    check.value = "on the volume of the data directory";
    check.advice.clear();
  }
  return check;
}

// The worst of them.
Result<void> examine_tablespaces(Examination& examination) {
  BLOTTER_ASSIGN(const auto rows, examination.fetch("tablespace_disk", kTablespaces));
  if (!rows || rows->text(0, 0).empty()) return {};
  std::istringstream locations(rows->text(0, 0));
  std::optional<HealthCheck> worst;
  for (std::string location; std::getline(locations, location);) {
    HealthCheck check = disk_free("tablespace_disk", location);
    if (!worst || check.level > worst->level) worst = std::move(check);
  }
  examination.add(std::move(*worst));
  return {};
}

}  // namespace

// Addresses prove nothing: a pooler or a tunnel makes a server elsewhere look local to both ends.
bool is_server_process_here(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string program;
  return std::getline(file, program) && program.find("postgres") != std::string::npos;
}

Result<void> examine_disk(Examination& examination) {
  if (!examination.same_machine()) {
    examination.skip(
        "disk",
        "the server is on another machine, or in a container; watch its data and WAL volumes there (warn < 20 % free, "
        "crit < 10 %)");
    return {};
  }
  BLOTTER_ASSIGN(const auto rows, examination.fetch("disk", kDataDirectory));
  if (!rows) return {};
  if (rows->is_null(0, 0)) {
    examination.skip("disk", examination.role() + " may not see data_directory; " + examination.grant());
  } else {
    examination.add(disk_free("disk", rows->text(0, 0)));
    examination.add(wal_disk(rows->text(0, 0)));
  }
  return examine_tablespaces(examination);
}

}  // namespace blotter::postgres
