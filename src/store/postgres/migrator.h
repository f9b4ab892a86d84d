// The schema of the PostgreSQL store: the numbered migrations of sql/postgres, built into the binary.
//
// Which of them a database has is recorded in ledger.schema_migrations. Only the schemas ledger, execution,
// strategy_engine, analytics and logging are ever touched: whatever else is in the database stays as it is, and when
// one of these names is taken by somebody else, nothing is done at all.
//
// Each migration runs in one transaction under an advisory lock; those of an empty database run in one together. A
// lock that others hold is waited for 10 seconds at most (Errc::unavailable).
#pragma once

#include <memory>
#include <span>

#include "blotter/store.h"
#include "store/migration_plan.h"
#include "store/postgres/connection.h"

namespace blotter::postgres {

// By version, from 1 without gaps. Generated from sql/postgres by embed_migrations.cmake.
std::span<const MigrationText> built_in_migrations();

// What the database of the connection has. Errc: as the connection's; not_found when its user may not look.
Result<SchemaState> schema_state(Connection& connection);

// The error that a schema which is not `current` deserves, with the command that helps; asks the database whose name is
// in the way when it is `foreign`.
Error schema_error(SchemaState state, Connection& connection);

// Connects anew in each call; status() and plan() only read, so a standby or a read-only session will do.
class PostgresMigrator final : public Migrator {
 public:
  explicit PostgresMigrator(ConnectionSettings settings, std::span<const MigrationText> known = built_in_migrations())
      : settings_(std::move(settings)), known_(known) {}

  Result<std::vector<Migration>> status() override;
  Result<std::vector<Migration>> plan() override;
  Result<std::vector<Migration>> up(std::int32_t version) override;
  Result<std::vector<Migration>> down(std::int32_t version) override;

 private:
  ConnectionSettings settings_;
  std::span<const MigrationText> known_;
};

std::unique_ptr<Migrator> make_migrator(const StoreOptions& options);

}  // namespace blotter::postgres
