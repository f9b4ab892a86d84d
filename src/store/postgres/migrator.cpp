#include "store/postgres/migrator.h"

#include "store/postgres/our_schemas.h"

namespace blotter::postgres {
namespace {

// One migrator at a time in a database, and nobody waits for ever behind a long query.
constexpr const char* kLock =
    "SET LOCAL lock_timeout = '10s'; SELECT pg_advisory_xact_lock(hashtextextended('blotter.migrations', 0));";

constexpr const char* kOurSchemas =
    "SELECT nspname::text FROM pg_catalog.pg_namespace"
    " WHERE nspname IN " BLOTTER_OUR_SCHEMAS " ORDER BY nspname";

// By the catalog: naming a table or a column that is not there would end the transaction. Other tools record their
// migrations under this name, too; ours is known by its columns.
Result<bool> has_record(Connection& connection) {
  BLOTTER_ASSIGN(
      const Rows rows,
      connection.query("SELECT count(*) = 4 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n"
                       " ON n.oid = c.relnamespace JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid"
                       " WHERE n.nspname = 'ledger' AND c.relname = 'schema_migrations' AND (a.attname, a.atttypid) IN"
                       " (('version', 'int4'::regtype), ('name', 'text'::regtype), ('checksum', 'text'::regtype),"
                       " ('applied_at', 'timestamptz'::regtype))"));
  return rows.boolean(0, 0);
}

Result<std::vector<std::string>> schemas_in_the_way(Connection& connection) {
  BLOTTER_ASSIGN(const Rows rows, connection.query(kOurSchemas));
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(rows.size()));
  for (int row = 0; row < rows.size(); ++row) names.push_back(rows.text(row, 0));
  return names;
}

Result<std::vector<Migration>> read_status(Connection& connection, std::span<const MigrationText> known) {
  std::vector<RecordedMigration> recorded;
  BLOTTER_ASSIGN(const bool any, has_record(connection));
  if (any) {
    BLOTTER_ASSIGN(
        const Rows rows,
        connection.query("SELECT version, name, checksum, to_char(applied_at AT TIME ZONE 'UTC',"
                         " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"000Z\"') FROM ledger.schema_migrations ORDER BY version"));
    for (int row = 0; row < rows.size(); ++row) {
      recorded.push_back(
          {static_cast<std::int32_t>(rows.integer(row, 0)), rows.text(row, 1), rows.text(row, 2), rows.text(row, 3)});
    }
  }
  return migration_states(known, recorded);
}

Result<SchemaState> state_of(Connection& connection, const std::vector<Migration>& all) {
  BLOTTER_ASSIGN(const bool recorded, has_record(connection));
  if (recorded) return schema_state_of(all);
  BLOTTER_ASSIGN(const std::vector<std::string> taken, schemas_in_the_way(connection));
  return taken.empty() ? SchemaState::empty : SchemaState::foreign;
}

// Nothing is migrated that is not ours, or not as this program knows it.
Result<void> refuse_strange(Connection& connection, SchemaState state) {
  if (state == SchemaState::foreign || state == SchemaState::changed || state == SchemaState::newer) {
    return fail(schema_error(state, connection));
  }
  return {};
}

// In another encoding the server would convert or refuse texts that every other store takes.
Result<void> refuse_other_encodings(Connection& connection) {
  BLOTTER_ASSIGN(const Rows rows, connection.query("SELECT current_setting('server_encoding')"));
  if (rows.text(0, 0) == "UTF8") return {};
  return fail(Errc::invalid, "PostgreSQL " + connection.server() + " has the encoding " + rows.text(0, 0) +
                                 "; create a database WITH ENCODING 'UTF8' TEMPLATE template0 and name it in"
                                 " DATABASE_URL");
}

// Applies one migration and records it. Its first one makes the table it is recorded in.
Result<void> apply(Connection& connection, const MigrationText& text, Migration& migration) {
  BLOTTER_TRY(connection.run_script(std::string(text.up).c_str()));
  BLOTTER_ASSIGN(const Rows rows,
                 connection.query("INSERT INTO ledger.schema_migrations (version, name, checksum, applied_at)"
                                  " VALUES ($1, $2, $3, now()) RETURNING to_char(applied_at AT TIME ZONE 'UTC',"
                                  " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"000Z\"')",
                                  Parameters().add(std::int64_t{text.version}).add(text.name).add(checksum_of(text))));
  migration.applied_at = rows.text(0, 0);
  migration.state = MigrationState::applied;
  return {};
}

// Applies pending migrations up to `version` in one transaction: the oldest one, or all of them to an empty database,
// so that a process that dies while creating it leaves nothing or all. What is pending is decided under the lock.
Result<std::vector<Migration>> apply_next(Connection& connection, std::span<const MigrationText> known,
                                          std::int32_t version) {
  BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(connection));
  BLOTTER_TRY(connection.run_script(kLock));
  BLOTTER_ASSIGN(const std::vector<Migration> all, read_status(connection, known));
  BLOTTER_ASSIGN(const SchemaState state, state_of(connection, all));
  BLOTTER_TRY(refuse_strange(connection, state));
  std::vector<Migration> applied;
  for (const Migration& each : all) {
    if (each.state != MigrationState::pending || each.version > version) continue;
    BLOTTER_TRY(apply(connection, text_of(each, known), applied.emplace_back(each)));
    if (state != SchemaState::empty) break;
  }
  if (!applied.empty()) BLOTTER_TRY(transaction.commit());
  return applied;
}

Result<std::vector<Migration>> undo_last(Connection& connection, std::span<const MigrationText> known,
                                         std::int32_t version) {
  BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(connection));
  BLOTTER_TRY(connection.run_script(kLock));
  BLOTTER_ASSIGN(const std::vector<Migration> all, read_status(connection, known));
  BLOTTER_ASSIGN(const SchemaState state, state_of(connection, all));
  BLOTTER_TRY(refuse_strange(connection, state));
  const std::optional<Migration> last = last_applied(all, version);
  if (!last) return std::vector<Migration>{};
  // Forgotten first, because undoing version 1 drops the record too.
  BLOTTER_TRY(connection.execute("DELETE FROM ledger.schema_migrations WHERE version = $1",
                                 Parameters().add(std::int64_t{last->version})));
  BLOTTER_TRY(connection.run_script(std::string(text_of(*last, known).down).c_str()));
  BLOTTER_TRY(transaction.commit());
  return std::vector<Migration>{{last->version, last->name, MigrationState::pending, ""}};
}

ConnectionSettings for_reading(ConnectionSettings settings) {
  settings.target = Target::primary;
  return settings;
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
  BLOTTER_ASSIGN(const std::vector<Migration> all, read_status(connection, built_in_migrations()));
  return state_of(connection, all);
}

Error schema_error(SchemaState state, Connection& connection) {
  const std::string where = "PostgreSQL " + connection.server();
  switch (state) {
    case SchemaState::empty:
      return {Errc::not_found, where + " has no ledger yet; run `blotter migrate up`, or `blotter record` to fill it"};
    case SchemaState::foreign: {
      std::string names;
      if (const auto taken = schemas_in_the_way(connection)) {
        for (const std::string& each : *taken) names += (names.empty() ? "" : ", ") + each;
      }
      return {Errc::invalid, where + " has schemas of another program where the ledger's would be: " + names +
                                 "; nothing was changed; name a database of the ledger's own in DATABASE_URL"};
    }
    case SchemaState::older:
      return {Errc::invalid, where + " has an older schema than this program; run `blotter migrate up`"};
    case SchemaState::newer:
      return {Errc::invalid, where + " was written by a newer blotter; use that one, nothing was changed"};
    case SchemaState::changed:
      return {Errc::corrupt, where +
                                 ": a recorded migration is not the one this program knows; see `blotter migrate "
                                 "status`, nothing was changed"};
    case SchemaState::current:
      break;
  }
  return {Errc::invalid, where + " has the current schema"};
}

Result<std::vector<Migration>> PostgresMigrator::status() {
  BLOTTER_ASSIGN(const std::unique_ptr<Connection> connection, Connection::connect(for_reading(settings_)));
  BLOTTER_ASSIGN(const Transaction moment, Transaction::begin(*connection, kBeginOneMoment));
  return read_status(*connection, known_);
}

Result<std::vector<Migration>> PostgresMigrator::plan() {
  BLOTTER_ASSIGN(const std::unique_ptr<Connection> connection, Connection::connect(for_reading(settings_)));
  BLOTTER_TRY(refuse_other_encodings(*connection));
  BLOTTER_ASSIGN(const Transaction moment, Transaction::begin(*connection, kBeginOneMoment));
  BLOTTER_ASSIGN(std::vector<Migration> all, read_status(*connection, known_));
  BLOTTER_ASSIGN(const SchemaState state, state_of(*connection, all));
  BLOTTER_TRY(refuse_strange(*connection, state));
  return pending_of(std::move(all));
}

Result<std::vector<Migration>> PostgresMigrator::up(std::int32_t version) {
  BLOTTER_ASSIGN(const std::unique_ptr<Connection> connection, Connection::connect(settings_));
  BLOTTER_TRY(refuse_other_encodings(*connection));
  return repeat([&] { return apply_next(*connection, known_, version); });
}

Result<std::vector<Migration>> PostgresMigrator::down(std::int32_t version) {
  BLOTTER_ASSIGN(const std::unique_ptr<Connection> connection, Connection::connect(settings_));
  return repeat([&] { return undo_last(*connection, known_, version); });
}

std::unique_ptr<Migrator> make_migrator(const StoreOptions& options) {
  return std::make_unique<PostgresMigrator>(settings_of(options, Target::writable));
}

}  // namespace blotter::postgres
