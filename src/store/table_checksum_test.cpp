#include "store/table_checksum.h"

#include <gtest/gtest.h>

#include <set>

#include "store/test_rows.h"

namespace blotter {
namespace {

// Hands out rows of its own, whatever is asked.
class FixedReader final : public StoreReader {
 public:
  explicit FixedReader(std::vector<std::vector<Cell>> rows) : rows_(std::move(rows)) {}
  Result<Cursor> cursor(std::string_view) override { return Cursor{}; }
  Result<void> select(const Select&, const RowVisitor& visit) override {
    for (const auto& row : rows_) BLOTTER_TRY(visit(row));
    return {};
  }

 private:
  std::vector<std::vector<Cell>> rows_;
};

std::string hash_of(std::vector<std::vector<Cell>> rows) {
  FixedReader reader(std::move(rows));
  return table_checksum(reader, Table::orders, "b")->hash;
}

TEST(TableChecksumTest, TellsApartWhatLooksAlike) {
  const std::string one = "1";
  std::set<std::string> hashes;
  const std::vector<std::vector<std::vector<Cell>>> tables = {
      {},
      {{Cell{}}},
      {{Cell{}, Cell{}}},
      {{std::string()}},
      {{std::string(), std::string()}},
      {{one}},
      {{std::int64_t{1}}},
      {{true}},
      {{false}},
      {{std::int64_t{0}}},
      {{std::int64_t{-1}}},
      {{std::string("ab"), std::string("c")}},
      {{std::string("a"), std::string("bc")}},
      {{std::string("c"), std::string("ab")}},
  };
  for (const auto& rows : tables) EXPECT_TRUE(hashes.insert(hash_of(rows)).second);
  EXPECT_EQ(hash_of({{one}}), hash_of({{one}}));
}

TEST(TableChecksumTest, IsTheSameOnEveryMachineAndInEveryRelease) {
  EXPECT_EQ(hash_of({{std::string("book"), std::int64_t{-2}, true, Cell{}}, {std::string("0.5")}}),
            "c8e0b1ac15bad72ff39fd6781f06f7b2");
}

TEST(TableChecksumTest, ChangesWithAnyRowOfTheTableAndNoOther) {
  auto store = std::move(*open_store("memory:", StoreAccess::write));
  ASSERT_TRUE(store->claim(store_rows::kBook, store_rows::kEpoch).has_value());
  const auto sum = [&](Table table) { return *table_checksum(*store, table, store_rows::kBook); };
  ASSERT_TRUE(store->apply(store_rows::full_batch()).has_value());
  const TableChecksum orders = sum(Table::orders);
  const TableChecksum fills = sum(Table::fills);
  EXPECT_EQ(orders.rows, 2U);
  EXPECT_EQ(orders.hash.size(), 32U);
  Batch batch = store_rows::batch(7, 7);
  batch.changed_orders = {store_rows::order(1, 1)};
  batch.changed_orders[0].open = false;
  ASSERT_TRUE(store->apply(batch).has_value());
  EXPECT_NE(sum(Table::orders), orders);
  EXPECT_EQ(sum(Table::orders).rows, 2U);
  EXPECT_EQ(sum(Table::fills), fills);
  EXPECT_EQ(table_checksum(*store, Table::orders, "another")->rows, 0U);
}

}  // namespace
}  // namespace blotter
