// The store in one SQLite file: what people query when there is no database server.
//
// WAL, so that readers and the writer never wait for each other; synchronous=FULL, so that a committed cursor
// survives a power cut. The tables are sql/sqlite, explained in docs/schema.md.
#pragma once

#include <memory>
#include <string>

#include "blotter/store.h"

namespace blotter::sqlite {

// As open_store() for the file `path`.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, StoreAccess access);

}  // namespace blotter::sqlite
