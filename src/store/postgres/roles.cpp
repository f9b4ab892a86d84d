#include "store/postgres/roles.h"

#include "store/postgres/connection.h"
#include "store/postgres/migrator.h"

namespace blotter::postgres {
namespace {

constexpr const char* kFinishDetaching =
    "; finish it (`blotter partitions retire --yes`, or ALTER TABLE ... DETACH PARTITION ... FINALIZE when somebody "
    "else"
    " began it) and run `blotter migrate roles` again";

// Said before anything is tried: PostgreSQL's own refusal does not tell what to do.
Result<void> require_create_role(Connection& connection) {
  BLOTTER_ASSIGN(const Rows rows, connection.query("SELECT current_user::text, rolsuper OR rolcreaterole"
                                                   " FROM pg_catalog.pg_roles WHERE rolname = current_user"));
  if (rows.size() == 1 && rows.boolean(0, 1)) return {};
  return fail(Errc::not_found, "PostgreSQL " + connection.server() + ": the user " +
                                   (rows.size() == 1 ? rows.text(0, 0) : std::string()) +
                                   " may not create roles; run `blotter migrate roles` once with the URL of a superuser"
                                   " in DATABASE_URL");
}

}  // namespace

Result<std::vector<std::string>> make_roles(const StoreOptions& options) {
  BLOTTER_ASSIGN(const std::unique_ptr<Connection> connection,
                 Connection::connect(settings_of(options, Target::writable)));
  BLOTTER_TRY(require_create_role(*connection));
  BLOTTER_ASSIGN(const SchemaState state, schema_state(*connection));
  if (state != SchemaState::current) return fail(schema_error(state, *connection));
  BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(*connection));
  BLOTTER_TRY(connection->run_script("SET LOCAL lock_timeout = '10s'"));
  const Result<void> made = connection->run_script(roles_script());
  if (!made) {
    // A table changes hands with its partitions, and PostgreSQL lets nobody touch one that is half detached.
    const bool half_detached = connection->refusal().sqlstate == "55000";
    return fail(made.error().code, made.error().message + (half_detached ? kFinishDetaching : ""));
  }
  BLOTTER_TRY(transaction.commit());
  return std::vector<std::string>{"blotter_reader", "blotter_writer", "blotter_operator"};
}

}  // namespace blotter::postgres
