// StoreComparison: expected rows (a Projection's batches) against the rows that a store holds.
//
// Append-only tables are compared as they stream by. Of mutable tables the last expected version of each row is kept
// as a hash and compared at the end.
#pragma once

#include <xxhash.h>

#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <string>

#include "blotter/store.h"
#include "ledger/conservation.h"
#include "ledger/verify.h"

namespace blotter {

class StoreComparison {
 public:
  // All three outlive the comparison.
  StoreComparison(Store& store, VerifyReport& report, Conservation& conservation);

  // Compares what the batch appended and remembers what it changed.
  Result<void> add(const Batch& batch);
  // Compares what is mutable, and looks for rows that no event explains.
  Result<void> finish(const std::string& book_id, Seq cursor);

 private:
  struct Expected {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::int64_t seq = 0;  // of the batch that changed it last
  };
  using Rows = boost::unordered_flat_map<std::string, Expected>;

  template <class Row>
  Result<void> compare_appended(const Batch& batch, const std::vector<Row>& expected);
  template <class Row>
  void expect(const Batch& batch, const std::vector<Row>& rows);
  Result<void> compare_mutable(Table table, const std::string& book_id);
  Result<void> compare_states(Table table, const std::string& book_id, const char* column, const char* usual,
                              const std::map<std::int64_t, std::string>& expected);
  Result<void> find_surplus(Table table, const std::string& book_id, Seq cursor);

  Store& store_;
  VerifyReport& report_;
  Conservation& conservation_;
  std::map<Table, Rows> mutable_;
  std::map<std::int64_t, std::string> fill_states_;
  std::map<std::int64_t, std::string> quarantine_states_;
};

}  // namespace blotter
