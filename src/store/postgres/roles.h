// The roles blotter_reader, blotter_writer and blotter_operator, and the rights of each: sql/postgres/roles.sql.
#pragma once

#include <string>
#include <vector>

#include "blotter/store.h"

namespace blotter::postgres {

// The script, built in. Generated from sql/postgres by embed_migrations.cmake.
const char* roles_script();

// Makes the roles where they are missing and gives them their rights in this database, in one transaction; repeating
// it has no effect but on tables that are new. Returns their names. The schema must be current, and the user of the URL
// one that may create roles and owns the schema.
// Errc: not_found (may not create roles, or does not own the schema), as opening a store.
Result<std::vector<std::string>> make_roles(const StoreOptions& options);

}  // namespace blotter::postgres
