// A Select whose names and values have been checked against the table, shared by all stores.
#pragma once

#include <vector>

#include "store/table_shape.h"

namespace blotter {

struct ResolvedFilter {
  std::size_t column = 0;
  Compare compare = Compare::equal;
  Cell value;  // as the store writes it
};

struct ResolvedOrder {
  std::size_t column = 0;
  Direction direction = Direction::ascending;
};

struct ResolvedSelect {
  const TableShape* shape = nullptr;
  std::vector<std::size_t> columns;
  std::vector<ResolvedFilter> filters;
  // The asked order, then the key in the direction of the last asked column, so that every store gives the same
  // order and pages never overlap. ledger_entries, which has no key, continues with its remaining columns; there
  // `amount`, a decimal, is ordered by the bytes of its text. NULL is below every value.
  std::vector<ResolvedOrder> order;
};

// Errc: invalid (a column that the table does not have; a value of another kind than its column, or one that does not
// parse; an order asked of decimals or JSON).
Result<ResolvedSelect> resolve(const Select& select);

}  // namespace blotter
