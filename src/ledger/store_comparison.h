// StoreComparison: expected rows (a Projection's batches) against the rows that a store holds.
//
// Append-only tables are compared as they stream by. Of mutable tables the last expected version of each row is kept
// as a hash and compared at the end. A row that is missing because the schema refused it (refused_rows) is said to be
// that, with the reason.
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
  // All four outlive the comparison.
  StoreComparison(StoreReader& store, VerifyReport& report, Conservation& conservation,
                  const std::vector<RetiredRange>& retired);

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
  using Reasons = std::map<std::string, std::string>;  // by key

  template <class Row>
  Result<void> compare_appended(const Batch& batch, const std::vector<Row>& expected);
  template <class Row>
  void expect(const Batch& batch, const std::vector<Row>& rows);
  Result<void> compare_mutable(Table table, const std::string& book_id);
  Result<void> compare_states(Table table, const std::string& book_id, const char* column, const char* usual,
                              const std::map<std::int64_t, std::string>& expected);
  Result<void> learn_refused(const std::string& book_id);
  // Why the store refused this row; null when it did not.
  template <class Row>
  const std::string* refusal_of(const Row& row) const;
  template <class Row>
  void note_missing(const Row& row);
  Result<bool> has_row(Table table, const std::string& book_id, std::int64_t seq);
  Result<void> find_surplus(Table table, const std::string& book_id, Seq cursor);

  StoreReader& store_;
  VerifyReport& report_;
  Conservation& conservation_;
  const std::vector<RetiredRange>& retired_;
  bool refused_known_ = false;
  std::map<std::string, Reasons, std::less<>> refused_;  // by table; keys as refused_rows has them
  std::map<Table, Reasons> refused_mutable_;             // keys as in mutable_
  std::map<Table, Rows> mutable_;
  std::map<std::int64_t, std::string> fill_states_;
  std::map<std::int64_t, std::string> quarantine_states_;
};

}  // namespace blotter
