// What every store must do. An adapter's test instantiates the suite with a factory:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, StoreContract, testing::Values(StoreFactory{"memory", …}), name_of_store);
//
// The factory is called with a directory of the test's own and opens (creating at first) its one store for writing.
// A store that others may open too has open_to_read as well; it instantiates SharedStoreContract too.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "store/test_directory.h"
#include "store/test_rows.h"

namespace blotter {

struct StoreFactory {
  std::string name;
  std::function<Result<std::unique_ptr<Store>>(const std::string& directory)> open;
  std::function<Result<std::unique_ptr<Store>>(const std::string& directory)> open_to_read = {};
};

inline std::string name_of_store(const testing::TestParamInfo<StoreFactory>& info) { return info.param.name; }

inline Select select_from(Table table, std::vector<Filter> filters = {}, std::vector<OrderBy> order = {},
                          std::int64_t limit = -1) {
  Select select;
  select.table = table;
  select.filters = std::move(filters);
  select.order = std::move(order);
  select.limit = limit;
  return select;
}

class StoreContract : public testing::TestWithParam<StoreFactory> {
 protected:
  void SetUp() override {
    auto opened = GetParam().open(directory_.path());
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = std::move(*opened);
    ASSERT_TRUE(store_->claim(store_rows::kBook, store_rows::kEpoch).has_value());
  }

  Errc refusal(const Batch& batch) {
    const auto answer = store_->apply(batch);
    EXPECT_FALSE(answer.has_value()) << "the batch was applied";
    return answer ? Errc::not_found : answer.error().code;
  }
  void must_apply(const Batch& batch) {
    const auto answer = store_->apply(batch);
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(*answer, batch.last);
  }
  void must_set_aside(const Batch& batch) {
    const auto answer = store_->apply_setting_aside(batch);
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(*answer, batch.last);
  }
  // The batch is refused and leaves no trace, not even in the cursor.
  void must_refuse(const Batch& batch, Errc code) {
    const auto before = store_rows::everything(*store_);
    EXPECT_EQ(refusal(batch), code);
    EXPECT_EQ(store_rows::everything(*store_), before);
  }
  std::uint64_t applied() { return to_number(store_->cursor(store_rows::kBook)->applied); }

  // One text column of the selected rows.
  std::vector<std::string> texts(Select select, const std::string& column) {
    select.book_id = store_rows::kBook;
    select.columns = {column};
    auto rows = store_rows::rows_of(*store_, select);
    EXPECT_TRUE(rows.has_value()) << rows.error().message;
    std::vector<std::string> found;
    if (!rows) return found;
    for (const auto& row : *rows) {
      found.push_back(std::holds_alternative<std::string>(row[0]) ? std::get<std::string>(row[0]) : "NULL");
    }
    return found;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

// For stores that others may open too.
class SharedStoreContract : public StoreContract {};

}  // namespace blotter

#include "contract/store_contract_apply.h"
#include "contract/store_contract_moment.h"
#include "contract/store_contract_refusal.h"
#include "contract/store_contract_select.h"
#include "contract/store_contract_values.h"
