#include "contract/store_contract.h"

namespace blotter {

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract,
                         testing::Values(StoreFactory{
                             "memory", [](const std::string&) { return open_store("memory:", StoreAccess::write); }}),
                         name_of_store);

Result<std::unique_ptr<Store>> open_sqlite(const std::string& directory, StoreAccess access) {
  return open_store("sqlite:" + directory + "/blotter.db", access);
}

const StoreFactory kSqlite{"sqlite",
                           [](const std::string& directory) { return open_sqlite(directory, StoreAccess::write); },
                           [](const std::string& directory) { return open_sqlite(directory, StoreAccess::read); }};

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract, testing::Values(kSqlite), name_of_store);
INSTANTIATE_TEST_SUITE_P(Sqlite, SharedStoreContract, testing::Values(kSqlite), name_of_store);

}  // namespace blotter
