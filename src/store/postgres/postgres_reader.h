// The PostgreSQL store for reading: a pool of connections, and a replica where there is one.
#pragma once

#include <memory>

#include "blotter/store.h"

namespace blotter::postgres {

// Connects, and refuses a schema that is not this program's. Calls that write answer Errc::invalid. A read whose
// connection is lost before its first row is repeated once on another one; later the caller gets Errc::unavailable,
// because it has seen rows already.
// Errc: as Connection::connect; invalid (the database's schema is older or newer; the replica is of another system).
Result<std::unique_ptr<Store>> open_postgres_reader(const StoreOptions& options);

}  // namespace blotter::postgres
