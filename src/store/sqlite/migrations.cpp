#include "store/sqlite/migrations.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "blotter/time.h"

namespace blotter::sqlite {
namespace {

constexpr const char* kCreateRecord =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    " version INTEGER NOT NULL PRIMARY KEY CHECK (version > 0), name TEXT NOT NULL, checksum TEXT NOT NULL,"
    " applied_at TEXT NOT NULL) STRICT";

// Guards against an edited file, not against an enemy, so a fast hash will do.
std::string checksum_of(const MigrationText& migration) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(migration.up.data(), migration.up.size()));
  std::string text;
  for (const unsigned char byte : canonical.digest) {
    static constexpr const char* kHex = "0123456789abcdef";
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::string now_text() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return to_text(Timestamp{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()});
}

Result<bool> has_record(Connection& connection) {
  BLOTTER_ASSIGN(const std::int64_t count,
                 connection.integer_of("SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'"));
  return count != 0;
}

// Every migration known or recorded, by version.
Result<std::vector<Migration>> read_status(Connection& connection, std::span<const MigrationText> known) {
  std::vector<Migration> all;
  for (const MigrationText& each : known) {
    all.push_back({each.version, std::string(each.name), MigrationState::pending, ""});
  }
  BLOTTER_ASSIGN(const bool recorded, has_record(connection));
  if (!recorded) return all;
  BLOTTER_ASSIGN(Statement rows, connection.prepare("SELECT version, name, checksum, applied_at FROM schema_migrations"
                                                    " ORDER BY version"));
  while (true) {
    BLOTTER_ASSIGN(const bool row, rows.next_row());
    if (!row) break;
    const auto version = static_cast<std::int32_t>(rows.integer(0));
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.version == version; });
    if (found == all.end()) {
      all.push_back({version, std::string(rows.text(1)), MigrationState::unknown, std::string(rows.text(3))});
      continue;
    }
    const MigrationText& text = known[static_cast<std::size_t>(found - all.begin())];
    found->state = checksum_of(text) == rows.text(2) ? MigrationState::applied : MigrationState::changed;
    found->applied_at = rows.text(3);
  }
  return all;
}

bool any(const std::vector<Migration>& all, MigrationState state) {
  return std::any_of(all.begin(), all.end(), [&](const Migration& each) { return each.state == state; });
}

Result<void> refuse_strange(const std::vector<Migration>& all, const std::string& path) {
  if (any(all, MigrationState::changed)) return fail(schema_error(SchemaState::changed, path));
  if (any(all, MigrationState::unknown)) return fail(schema_error(SchemaState::newer, path));
  return {};
}

const MigrationText& text_of(const Migration& migration, std::span<const MigrationText> known) {
  return *std::find_if(known.begin(), known.end(), [&](const auto& each) { return each.version == migration.version; });
}

Result<void> record(Connection& connection, const MigrationText& text, Migration& migration) {
  migration.applied_at = now_text();
  const std::string checksum = checksum_of(text);
  BLOTTER_ASSIGN(Statement insert, connection.prepare("INSERT INTO schema_migrations VALUES (?1, ?2, ?3, ?4)"));
  insert.bind_integer(1, migration.version);
  insert.bind_text(2, migration.name);
  insert.bind_text(3, checksum);
  insert.bind_text(4, migration.applied_at);
  return insert.run();
}

// Applies pending migrations up to `version` in one transaction: the oldest one, or all of them to a new database, so
// that a process that dies while creating it leaves nothing or all. What is pending is decided under the write lock,
// so two processes that start together do not apply one migration twice.
Result<std::vector<Migration>> apply_next(Connection& connection, std::span<const MigrationText> known,
                                          std::int32_t version) {
  BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(connection));
  BLOTTER_ASSIGN(const bool recorded, has_record(connection));
  BLOTTER_ASSIGN(const std::vector<Migration> all, read_status(connection, known));
  BLOTTER_TRY(refuse_strange(all, connection.path()));
  std::vector<Migration> applied;
  for (const Migration& each : all) {
    if (each.state != MigrationState::pending || each.version > version) continue;
    Migration& migration = applied.emplace_back(each);
    const MigrationText& text = text_of(migration, known);
    BLOTTER_TRY(connection.execute(kCreateRecord));
    BLOTTER_TRY(connection.execute(std::string(text.up).c_str()));
    BLOTTER_TRY(record(connection, text, migration));
    migration.state = MigrationState::applied;
    if (recorded) break;
  }
  if (!applied.empty()) BLOTTER_TRY(transaction.commit());
  return applied;
}

Result<std::vector<Migration>> undo_last(Connection& connection, std::span<const MigrationText> known,
                                         std::int32_t version) {
  BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(connection));
  BLOTTER_ASSIGN(const std::vector<Migration> all, read_status(connection, known));
  BLOTTER_TRY(refuse_strange(all, connection.path()));
  const auto last = std::find_if(all.rbegin(), all.rend(), [&](const Migration& each) {
    return each.state == MigrationState::applied && each.version > version;
  });
  if (last == all.rend()) return std::vector<Migration>{};
  BLOTTER_TRY(connection.execute(std::string(text_of(*last, known).down).c_str()));
  BLOTTER_ASSIGN(Statement forget, connection.prepare("DELETE FROM schema_migrations WHERE version = ?1"));
  forget.bind_integer(1, last->version);
  BLOTTER_TRY(forget.run());
  BLOTTER_TRY(transaction.commit());
  Migration undone = *last;
  undone.state = MigrationState::pending;
  undone.applied_at.clear();
  return std::vector<Migration>{undone};
}

// Repeats a step until it has nothing left to do.
template <class Step>
Result<std::vector<Migration>> repeat(Step step) {
  std::vector<Migration> done;
  while (true) {
    BLOTTER_ASSIGN(const std::vector<Migration> some, step());
    if (some.empty()) return done;
    done.insert(done.end(), some.begin(), some.end());
  }
}

}  // namespace

Result<SchemaState> schema_state(Connection& connection) {
  BLOTTER_ASSIGN(const bool recorded, has_record(connection));
  if (!recorded) {
    BLOTTER_ASSIGN(const std::int64_t things, connection.integer_of("SELECT count(*) FROM sqlite_schema"));
    return things == 0 ? SchemaState::empty : SchemaState::foreign;
  }
  BLOTTER_ASSIGN(const std::vector<Migration> all, read_status(connection, built_in_migrations()));
  if (any(all, MigrationState::changed)) return SchemaState::changed;
  if (any(all, MigrationState::unknown)) return SchemaState::newer;
  return any(all, MigrationState::pending) ? SchemaState::older : SchemaState::current;
}

Error schema_error(SchemaState state, const std::string& path) {
  switch (state) {
    case SchemaState::empty:
      return {Errc::not_found, "no store at " + path + ": the file is empty; run `blotter record` to fill it"};
    case SchemaState::foreign:
      return {Errc::invalid, path + " is a database of another program; name another store"};
    case SchemaState::older:
      return {Errc::invalid, path + " has an older schema than this program; run `blotter migrate up`"};
    case SchemaState::newer:
      return {Errc::invalid, path + " was written by a newer blotter; use that one, nothing was changed"};
    case SchemaState::changed:
      return {Errc::corrupt, path +
                                 ": a recorded migration is not the one this program knows; see `blotter migrate "
                                 "status`, nothing was changed"};
    case SchemaState::current:
      break;
  }
  return {Errc::invalid, path + " has the current schema"};
}

Result<std::vector<Migration>> SqliteMigrator::status() {
  auto opened = Connection::open(path_, Mode::read);
  if (!opened && opened.error().code == Errc::not_found) {
    std::vector<Migration> all;
    for (const MigrationText& each : known_) {
      all.push_back({each.version, std::string(each.name), MigrationState::pending, ""});
    }
    return all;
  }
  if (!opened) return fail(opened.error());
  return read_status(**opened, known_);
}

Result<std::vector<Migration>> SqliteMigrator::up(std::int32_t version) {
  BLOTTER_ASSIGN(const std::unique_ptr<Connection> connection, Connection::open(path_, Mode::create));
  BLOTTER_ASSIGN(const bool recorded, has_record(*connection));
  if (!recorded) {
    BLOTTER_ASSIGN(const std::int64_t things, connection->integer_of("SELECT count(*) FROM sqlite_schema"));
    if (things != 0) return fail(schema_error(SchemaState::foreign, path_));
    // Can be chosen only before the first table; rows of ours land a tenth faster than with 4,096.
    BLOTTER_TRY(connection->execute("PRAGMA page_size = 8192"));
  }
  return repeat([&] { return apply_next(*connection, known_, version); });
}

Result<std::vector<Migration>> SqliteMigrator::down(std::int32_t version) {
  BLOTTER_ASSIGN(const std::unique_ptr<Connection> connection, Connection::open(path_, Mode::write));
  return repeat([&] { return undo_last(*connection, known_, version); });
}

}  // namespace blotter::sqlite
