#include <string_view>

#include "blotter/store.h"
#include "store/memory/memory_store.h"
#include "store/postgres/migrator.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/sqlite_store.h"

namespace blotter {
namespace {

constexpr std::string_view kMemory = "memory:";
constexpr std::string_view kSqlite = "sqlite:";

// The path of a sqlite: URL; empty when it is another one.
std::string path_of(const std::string& url) {
  return url.starts_with(kSqlite) ? url.substr(kSqlite.size()) : std::string();
}

bool is_postgres(const std::string& url) { return url.starts_with("postgresql://") || url.starts_with("postgres://"); }

Unexpected unknown(const std::string& url) {
  return fail(Errc::invalid,
              "'" + shown_url(url) + "' is not a store; use sqlite:PATH, postgresql://HOST/DATABASE or memory:");
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const StoreOptions& options, StoreAccess access) {
  if (options.url == kMemory) return make_memory_store();
  if (is_postgres(options.url)) return postgres::open_postgres_store(options, access);
  const std::string path = path_of(options.url);
  if (path.empty()) return unknown(options.url);
  return sqlite::open_sqlite_store(path, access);
}

Result<std::unique_ptr<Store>> open_store(const std::string& url, StoreAccess access) {
  StoreOptions options;
  options.url = url;
  return open_store(options, access);
}

Result<std::unique_ptr<Store>> open_store_for_landing(const StoreOptions& options) {
  if (is_postgres(options.url)) return postgres::make_postgres_store(options);
  return open_store(options, StoreAccess::write);
}

Result<std::unique_ptr<Migrator>> open_migrator(const StoreOptions& options) {
  if (options.url == kMemory)
    return fail(Errc::invalid, "memory: has no schema to migrate; use sqlite:PATH or postgresql://HOST/DATABASE");
  if (is_postgres(options.url)) return postgres::make_migrator(options);
  const std::string path = path_of(options.url);
  if (path.empty()) return unknown(options.url);
  return std::unique_ptr<Migrator>(std::make_unique<sqlite::SqliteMigrator>(path));
}

Result<std::unique_ptr<Migrator>> open_migrator(const std::string& url) {
  StoreOptions options;
  options.url = url;
  return open_migrator(options);
}

}  // namespace blotter
