// Verify: proves that the journal is whole, that the store is what the journal says, and that nothing was created or
// lost.
//
// Reads only, takes no lock, works while a writer is at it: of the store it sees one moment.
//
// Retired    Rows of partitions that were retired are gone, and no finding. What is there is still compared row by row,
//            and balances, positions and daily P&L with the journal, which forgets nothing. The sums add up what is
//            there and, for each row that is gone, what the journal says it was; so they prove that nothing was created
//            or lost outside of the retired rows. The retired rows themselves were proved when they were archived.
// Memory     32 bytes for each order, position, balance and the like; append-only tables are compared as they stream
// by.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "blotter/store.h"
#include "journal/reader.h"

namespace blotter {

struct Finding {
  std::string check;   // journal, store, conservation
  std::string detail;  // one line: what differs, where, expected and found
};

// Rows of a table whose `at` lies in [from, to) and whose seq is one of these may have been retired.
struct RetiredRange {
  Table table = Table::fills;
  Timestamp from;
  Timestamp to;
  std::int64_t first_seq = 1;
  std::int64_t last_seq = INT64_MAX;
};

struct VerifyReport {
  journal::Check journal;
  Cursor cursor;
  std::uint64_t rows_compared = 0;
  std::uint64_t rows_retired = 0;  // that the journal has and the store no longer
  std::uint64_t entries_summed = 0;
  std::vector<Finding> findings;  // at most kFindingsMax; `suppressed` counts the others
  std::uint64_t suppressed = 0;

  static constexpr std::size_t kFindingsMax = 100;
  bool ok() const { return findings.empty(); }
  void add(std::string check, std::string detail);
};

// Called now and then with the events done and the events in all.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// `store` may be null: then only the journal is checked. Errc: unavailable, not_found; what is found wrong is no error
// but a Finding, a corrupt journal included.
Result<VerifyReport> verify(const std::string& journal_directory, const std::string& book_id, Store* store,
                            const Progress& progress, const std::vector<RetiredRange>& retired = {});

}  // namespace blotter
