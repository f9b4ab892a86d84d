#include "store/resolved_select.h"

#include <algorithm>

namespace blotter {
namespace {

bool has_kind(const Cell& value, ColumnKind kind) {
  switch (kind) {
    case ColumnKind::text:
      return std::holds_alternative<std::string>(value);
    case ColumnKind::integer:
      return std::holds_alternative<std::int64_t>(value);
    case ColumnKind::boolean:
      return std::holds_alternative<bool>(value);
  }
  return false;
}

// A value of another kind would compare by SQLite's conversion rules, which no other store shares.
Result<ResolvedFilter> resolve_filter(const TableShape& shape, const Filter& filter) {
  BLOTTER_ASSIGN(const std::size_t column, shape.index_of(filter.column));
  const bool needs_value = filter.compare != Compare::is_null && filter.compare != Compare::is_not_null;
  if (needs_value && !has_kind(filter.value, shape.columns[column].kind)) {
    static constexpr const char* kKinds[] = {"text", "a whole number", "a boolean"};
    return fail(Errc::invalid, shape.name + "." + filter.column + " is " +
                                   kKinds[static_cast<std::size_t>(shape.columns[column].kind)] +
                                   " and is compared with something else");
  }
  return ResolvedFilter{column, filter.compare, &filter.value};
}

void add_tie_breakers(ResolvedSelect& resolved) {
  const Direction direction = resolved.order.empty() ? Direction::ascending : resolved.order.back().direction;
  const TableShape& shape = *resolved.shape;
  const std::size_t count = shape.table == Table::ledger_entries ? shape.columns.size() : shape.key_columns;
  // book_id is the same in every row of a select.
  for (std::size_t column = 1; column < count; ++column) {
    const bool asked = std::any_of(resolved.order.begin(), resolved.order.end(),
                                   [&](const ResolvedOrder& order) { return order.column == column; });
    if (!asked) resolved.order.push_back({column, direction});
  }
}

}  // namespace

Result<ResolvedSelect> resolve(const Select& select) {
  ResolvedSelect resolved;
  resolved.shape = &shape_of(select.table);
  for (const std::string& name : select.columns) {
    BLOTTER_ASSIGN(const std::size_t column, resolved.shape->index_of(name));
    resolved.columns.push_back(column);
  }
  if (resolved.columns.empty()) {
    for (std::size_t i = 0; i < resolved.shape->columns.size(); ++i) resolved.columns.push_back(i);
  }
  for (const Filter& filter : select.filters) {
    BLOTTER_ASSIGN(ResolvedFilter each, resolve_filter(*resolved.shape, filter));
    resolved.filters.push_back(each);
  }
  for (const OrderBy& order : select.order) {
    BLOTTER_ASSIGN(const std::size_t column, resolved.shape->index_of(order.column));
    resolved.order.push_back({column, order.direction});
  }
  add_tie_breakers(resolved);
  return resolved;
}

}  // namespace blotter
