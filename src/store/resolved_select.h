// A Select whose names and values have been checked against the table, shared by all stores.
#pragma once

#include <vector>

#include "store/table_shape.h"

namespace blotter {

struct ResolvedFilter {
  std::size_t column = 0;
  Compare compare = Compare::equal;
  const Cell* value = nullptr;
};

struct ResolvedOrder {
  std::size_t column = 0;
  Direction direction = Direction::ascending;
};

// Refers to the Select it came from.
struct ResolvedSelect {
  const TableShape* shape = nullptr;
  std::vector<std::size_t> columns;
  std::vector<ResolvedFilter> filters;
  // The asked order, then the key in the direction of the last asked column, so that every store gives the same
  // order and pages never overlap. ledger_entries, which has no key, continues with its remaining columns.
  std::vector<ResolvedOrder> order;
};

// Errc: invalid (a column that the table does not have; a value of another kind than its column).
Result<ResolvedSelect> resolve(const Select& select);

}  // namespace blotter
