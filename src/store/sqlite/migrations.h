// The schema of the SQLite store: the numbered migrations of sql/sqlite, built into the binary.
//
// Which of them a database has is recorded in its table schema_migrations (version, name, checksum, applied_at). A
// recorded migration whose text is not the one built in is reported as changed, and nothing is done until a person
// has looked at it.
#pragma once

#include <span>
#include <string>

#include "blotter/store.h"
#include "store/migration_plan.h"
#include "store/sqlite/connection.h"

namespace blotter::sqlite {

// By version, from 1 without gaps. Generated from sql/sqlite by embed_migrations.cmake.
std::span<const MigrationText> built_in_migrations();

// What the database file has; foreign: it is of another program.
Result<SchemaState> schema_state(Connection& connection);

// The error that a schema which is not `current` deserves, with the command that helps.
Error schema_error(SchemaState state, const std::string& path);

// The migrations of one database file. The file is opened by each call and created by up() only.
class SqliteMigrator final : public Migrator {
 public:
  explicit SqliteMigrator(std::string path, std::span<const MigrationText> known = built_in_migrations())
      : path_(std::move(path)), known_(known) {}

  Result<std::vector<Migration>> status() override;
  Result<std::vector<Migration>> plan() override;
  Result<std::vector<Migration>> up(std::int32_t version) override;
  Result<std::vector<Migration>> down(std::int32_t version) override;

 private:
  std::string path_;
  std::span<const MigrationText> known_;
};

}  // namespace blotter::sqlite
