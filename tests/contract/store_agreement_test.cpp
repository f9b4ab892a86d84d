#include "contract/store_agreement.h"

#include "store/test_directory.h"

namespace blotter {
namespace {

TEST(StoreAgreementTest, MemoryAndSqliteGiveTheSameAnswersAndHoldTheSameRows) {
  const TemporaryDirectory directory;
  const auto memory = std::move(*open_store("memory:", StoreAccess::write));
  const auto sqlite = std::move(*open_store("sqlite:" + directory.path() + "/blotter.db", StoreAccess::write));
  expect_agreement({{"memory", memory.get()}, {"sqlite", sqlite.get()}},
                   {.seed = std::random_device{}(), .rounds = 600});
}

// The comparison itself must be able to fail.
TEST(StoreAgreementTest, AStoreThatHoldsAnotherRowHasAnotherChecksum) {
  const auto one = std::move(*open_store("memory:", StoreAccess::write));
  const auto other = std::move(*open_store("memory:", StoreAccess::write));
  for (Store* store : {one.get(), other.get()}) {
    ASSERT_TRUE(store->claim(store_rows::kBook, store_rows::kEpoch).has_value());
    Batch batch = store_rows::full_batch();
    if (store == other.get()) batch.audit_log[0].at.ns += 1;
    ASSERT_TRUE(store->apply(batch).has_value());
  }
  for (int each = 0; each <= static_cast<int>(Table::ledger_entries); ++each) {
    const auto table = static_cast<Table>(each);
    EXPECT_EQ(*table_checksum(*one, table, store_rows::kBook) == *table_checksum(*other, table, store_rows::kBook),
              table != Table::audit_log)
        << name_of(table);
  }
}

}  // namespace
}  // namespace blotter
