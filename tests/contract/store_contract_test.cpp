#include "contract/store_contract.h"

namespace blotter {

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract,
                         testing::Values(StoreFactory{
                             "memory", [](const std::string&) { return open_store("memory:", StoreAccess::write); }}),
                         name_of_store);

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract,
                         testing::Values(StoreFactory{"sqlite",
                                                      [](const std::string& directory) {
                                                        return open_store("sqlite:" + directory + "/blotter.db",
                                                                          StoreAccess::write);
                                                      }}),
                         name_of_store);

}  // namespace blotter
