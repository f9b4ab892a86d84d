#include "contract/store_contract.h"
#include "scratch/postgres_environment_test.h"
#include "store/postgres/postgres_store.h"

namespace blotter {
namespace {

Result<std::unique_ptr<Store>> open_postgres(const std::string& url, StoreAccess access) {
  StoreOptions options;
  options.url = url;
  return postgres::open_postgres_store(options, access);
}

// The database that belongs to a test's directory.
const std::string& database_of(const std::string& directory) {
  static std::map<std::string, std::string> urls;
  std::string& url = urls[directory];
  if (url.empty()) url = scratch::fresh_database();
  return url;
}

const StoreFactory kPostgres{
    "postgres", [](const std::string& directory) { return open_postgres(database_of(directory), StoreAccess::write); },
    [](const std::string& directory) { return open_postgres(database_of(directory), StoreAccess::read); }};

INSTANTIATE_TEST_SUITE_P(Postgres, StoreContract, testing::Values(kPostgres), name_of_store);
INSTANTIATE_TEST_SUITE_P(Postgres, SharedStoreContract, testing::Values(kPostgres), name_of_store);

}  // namespace
}  // namespace blotter
