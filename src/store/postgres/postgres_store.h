// The store in a PostgreSQL database: the system of record that people query.
//
// The tables are sql/postgres, explained in docs/schema.md; the writing is batch_writer.h, the reading select_rows.h
// and postgres_reader.h.
//
// Failure    After any error the next call works again if the server does: a lost connection is replaced at the next
//            call, and what the new one finds is looked at anew. So a caller may keep the store or reopen it.
#pragma once

#include <memory>

#include "blotter/store.h"

namespace blotter::postgres {

// As open_store(). For writing: one connection to a server that accepts writes; an empty database is migrated, if the
// user may. For reading: postgres_reader.h.
Result<std::unique_ptr<Store>> open_postgres_store(const StoreOptions& options, StoreAccess access);

// For writing, but opened by its first call.
std::unique_ptr<Store> make_postgres_store(const StoreOptions& options);

}  // namespace blotter::postgres
