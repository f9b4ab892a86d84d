#include "store/postgres/roles.h"

#include "store/postgres/connection.h"
#include "store/postgres/migrator.h"

namespace blotter::postgres {
namespace {

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
  BLOTTER_TRY(connection->run_script(roles_script()));
  BLOTTER_TRY(transaction.commit());
  return std::vector<std::string>{"blotter_reader", "blotter_writer", "blotter_operator"};
}

}  // namespace blotter::postgres
