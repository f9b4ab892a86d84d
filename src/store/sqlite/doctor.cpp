#include "store/sqlite/doctor.h"

#include <filesystem>

#include "store/sqlite/connection.h"
#include "store/sqlite/migrations.h"

namespace blotter::sqlite {
namespace {

// The writer copies the WAL back every 32 MB and keeps a file of at most 64 MB (journal_size_limit). Four times that
// means that a reader which never ends holds it back.
constexpr std::uint64_t kWalBytesWarn = 256ull << 20;

HealthCheck schema(Connection& connection, SchemaState state) {
  HealthCheck check{.name = "schema",
                    .level = HealthLevel::ok,
                    .value = "as this program made it",
                    .threshold = "this program's",
                    .advice = {}};
  if (state == SchemaState::current) return check;
  check.level = HealthLevel::crit;
  check.value = schema_error(state, connection.path()).message;
  check.advice = "`blotter migrate status` shows what there is";
  return check;
}

Result<HealthCheck> quick_check(Connection& connection) {
  HealthCheck check{.name = "quick_check", .level = HealthLevel::ok, .value = {}, .threshold = "ok", .advice = {}};
  BLOTTER_ASSIGN(Statement statement, connection.prepare("PRAGMA quick_check(1)"));
  BLOTTER_ASSIGN(const bool row, statement.next_row());
  check.value = row ? std::string(statement.text(0)) : "no answer";
  statement.finish();
  if (check.value != "ok") {
    check.level = HealthLevel::crit;
    check.advice = "keep the file as evidence, check the disk, and make a new store: `blotter store rebuild`";
  }
  return check;
}

Result<HealthCheck> refused_rows(Connection& connection) {
  HealthCheck check{.name = "refused_rows", .level = HealthLevel::ok, .value = {}, .threshold = "any", .advice = {}};
  BLOTTER_ASSIGN(const std::int64_t rows, connection.integer_of("SELECT count(*) FROM refused_rows"));
  check.value = rows == 0 ? "none" : std::to_string(rows);
  if (rows > 0) {
    check.level = HealthLevel::crit;
    check.advice = "SELECT * FROM refused_rows; the journal has the events: mend the cause, `blotter store rebuild`";
  }
  return check;
}

HealthCheck wal_size(const std::string& path) {
  HealthCheck check{.name = "wal",
                    .level = HealthLevel::ok,
                    .value = {},
                    .threshold = "warn > " + shown_bytes(kWalBytesWarn),
                    .advice = {}};
  std::error_code absent;
  const std::uintmax_t found = std::filesystem::file_size(path + "-wal", absent);
  const std::uint64_t bytes = absent ? 0 : found;
  check.value = shown_bytes(bytes);
  if (bytes > kWalBytesWarn) {
    check.level = HealthLevel::warn;
    check.advice = "a reader keeps an old moment open: end it, the writer then shrinks the file";
  }
  return check;
}

}  // namespace

Result<std::vector<HealthCheck>> examine(const std::string& path) {
  BLOTTER_ASSIGN(const std::unique_ptr<Connection> connection, Connection::open(path, Mode::read));
  BLOTTER_ASSIGN(const SchemaState state, schema_state(*connection));
  std::vector<HealthCheck> checks{schema(*connection, state)};
  BLOTTER_ASSIGN(HealthCheck file, quick_check(*connection));
  checks.push_back(std::move(file));
  if (state == SchemaState::current) {
    BLOTTER_ASSIGN(HealthCheck refused, refused_rows(*connection));
    checks.push_back(std::move(refused));
  }
  checks.push_back(wal_size(path));
  checks.push_back(disk_free("disk", path));
  return checks;
}

}  // namespace blotter::sqlite
