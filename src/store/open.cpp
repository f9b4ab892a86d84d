#include <string_view>

#include "blotter/store.h"
#include "store/memory/memory_store.h"
#include "store/postgres/migrator.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store_kind.h"

namespace blotter {
namespace {

std::string path_of(const std::string& sqlite_url) { return sqlite_url.substr(std::string_view("sqlite:").size()); }

Unexpected unknown(const std::string& url) {
  return fail(Errc::invalid,
              "'" + shown_url(url) + "' is not a store; use sqlite:PATH, postgresql://HOST/DATABASE or memory:");
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const StoreOptions& options, StoreAccess access) {
  switch (store_kind(options.url)) {
    case StoreKind::memory:
      return make_memory_store();
    case StoreKind::sqlite:
      return sqlite::open_sqlite_store(path_of(options.url), access);
    case StoreKind::postgres:
      return postgres::open_postgres_store(options, access);
    case StoreKind::unknown:
      break;
  }
  return unknown(options.url);
}

Result<std::unique_ptr<Store>> open_store(const std::string& url, StoreAccess access) {
  StoreOptions options;
  options.url = url;
  return open_store(options, access);
}

Result<std::unique_ptr<Store>> open_store_for_landing(const StoreOptions& options) {
  if (store_kind(options.url) == StoreKind::postgres) return postgres::make_postgres_store(options);
  return open_store(options, StoreAccess::write);
}

Result<std::unique_ptr<Migrator>> open_migrator(const StoreOptions& options) {
  switch (store_kind(options.url)) {
    case StoreKind::memory:
      return fail(Errc::invalid, "memory: has no schema to migrate; use sqlite:PATH or postgresql://HOST/DATABASE");
    case StoreKind::sqlite:
      return std::unique_ptr<Migrator>(std::make_unique<sqlite::SqliteMigrator>(path_of(options.url)));
    case StoreKind::postgres:
      return postgres::make_migrator(options);
    case StoreKind::unknown:
      break;
  }
  return unknown(options.url);
}

Result<std::unique_ptr<Migrator>> open_migrator(const std::string& url) {
  StoreOptions options;
  options.url = url;
  return open_migrator(options);
}

}  // namespace blotter
