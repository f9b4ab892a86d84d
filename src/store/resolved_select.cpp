#include "store/resolved_select.h"

#include <algorithm>

#include "store/row_rules.h"

namespace blotter {
namespace {

const char* name_of_kind(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::text:
      return "text";
    case ColumnKind::integer:
      return "a whole number";
    case ColumnKind::boolean:
      return "a boolean";
    case ColumnKind::decimal:
      return "a decimal";
    case ColumnKind::instant:
      return "an instant";
    case ColumnKind::uuid:
      return "a UUID";
    case ColumnKind::day:
      return "a day (YYYY-MM-DD)";
    case ColumnKind::json:
      return "JSON text";
  }
  return "";
}

template <class T>
Result<std::string> rewritten(const Result<T>& parsed) {
  if (!parsed) return fail(parsed.error());
  return to_text(*parsed);
}

// The value as the stores write it. Errc: invalid.
Result<std::string> stored_text(const std::string& value, ColumnKind kind) {
  switch (kind) {
    case ColumnKind::decimal:
      return rewritten(Decimal::parse(value));
    case ColumnKind::instant:
      return rewritten(parse_timestamp(value));
    case ColumnKind::uuid:
      return rewritten(parse_uuid(value));
    case ColumnKind::day:
      return rewritten(parse_day(value));
    case ColumnKind::text:
    case ColumnKind::json:
    case ColumnKind::integer:
    case ColumnKind::boolean:
      break;
  }
  // No column holds such text, and PostgreSQL cannot even be asked for it.
  if (const char* problem = row_rules::problem_of(value))
    return fail(Errc::invalid, std::string("the value ") + problem);
  return value;
}

// A value of another kind would compare by SQLite's conversion rules, which no other store shares.
Result<Cell> stored_value(const TableShape& shape, const Filter& filter, ColumnKind kind) {
  const std::string column = shape.name + "." + filter.column;
  const auto* text = std::get_if<std::string>(&filter.value);
  const bool fits = kind == ColumnKind::integer   ? std::holds_alternative<std::int64_t>(filter.value)
                    : kind == ColumnKind::boolean ? std::holds_alternative<bool>(filter.value)
                                                  : text != nullptr;
  if (!fits) {
    return fail(Errc::invalid, column + " is " + name_of_kind(kind) + " and is compared with something else");
  }
  if (text == nullptr) return filter.value;
  Result<std::string> stored = stored_text(*text, kind);
  if (!stored) {
    return fail(Errc::invalid, column + " is " + name_of_kind(kind) + ": " + stored.error().message);
  }
  return Cell(std::move(*stored));
}

bool is_ordering(Compare compare) {
  return compare == Compare::less || compare == Compare::at_most || compare == Compare::greater ||
         compare == Compare::at_least;
}

// SQLite would order the texts of decimals, PostgreSQL their numbers, and JSON has no order anywhere.
Result<void> check_ordered(const TableShape& shape, std::size_t column, const char* what) {
  const Column& asked = shape.columns[column];
  if (asked.kind != ColumnKind::decimal && asked.kind != ColumnKind::json) return {};
  return fail(Errc::invalid, shape.name + "." + asked.name + " is " + name_of_kind(asked.kind) +
                                 ", which the stores do not order alike: " + what);
}

Result<ResolvedFilter> resolve_filter(const TableShape& shape, const Filter& filter) {
  BLOTTER_ASSIGN(const std::size_t column, shape.index_of(filter.column));
  if (filter.compare == Compare::is_null || filter.compare == Compare::is_not_null) {
    return ResolvedFilter{column, filter.compare, Cell{}};
  }
  if (is_ordering(filter.compare)) {
    BLOTTER_TRY(check_ordered(shape, column, "compare it for equality or select all and compare the values"));
  }
  BLOTTER_ASSIGN(Cell value, stored_value(shape, filter, shape.columns[column].kind));
  return ResolvedFilter{column, filter.compare, std::move(value)};
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
    resolved.filters.push_back(std::move(each));
  }
  for (const OrderBy& order : select.order) {
    BLOTTER_ASSIGN(const std::size_t column, resolved.shape->index_of(order.column));
    BLOTTER_TRY(check_ordered(*resolved.shape, column, "order by another column and sort the answer"));
    resolved.order.push_back({column, order.direction});
  }
  add_tie_breakers(resolved);
  return resolved;
}

}  // namespace blotter
