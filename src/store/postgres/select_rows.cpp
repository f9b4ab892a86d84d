#include "store/postgres/select_rows.h"

#include <cstring>

#include "store/postgres/column_list.h"
#include "store/postgres/numeric.h"
#include "store/resolved_select.h"

namespace blotter::postgres {
namespace {

constexpr std::string_view kNanos = "nanos";

const char* sql_of(Compare compare) {
  switch (compare) {
    case Compare::equal:
      return " = ";
    case Compare::less:
      return " < ";
    case Compare::at_most:
      return " <= ";
    case Compare::greater:
      return " > ";
    case Compare::at_least:
      return " >= ";
    case Compare::is_null:
      return " IS NULL";
    case Compare::is_not_null:
      return " IS NOT NULL";
  }
  return "";
}

std::string binary(ColumnKind kind, const std::string& text) {
  char bytes[kNumericBytesMax];
  char* end = bytes;
  if (kind == ColumnKind::decimal) end = write_numeric(*Decimal::parse(text), bytes);
  if (kind == ColumnKind::instant) end = put_int64(bytes, split(*parse_timestamp(text)).microseconds);
  if (kind == ColumnKind::day) end = put_int32(bytes, postgres_day(text));
  if (kind == ColumnKind::uuid) {
    const Uuid uuid = *parse_uuid(text);
    std::memcpy(bytes, uuid.bytes.data(), uuid.bytes.size());
    end = bytes + uuid.bytes.size();
  }
  return {bytes, static_cast<std::size_t>(end - bytes)};
}

Type type_of(ColumnKind kind) {
  if (kind == ColumnKind::decimal) return Type::numeric;
  if (kind == ColumnKind::instant) return Type::timestamptz;
  return kind == ColumnKind::day ? Type::date : Type::uuid;
}

// One statement: its text from the fixed names of the table, its values as parameters.
class SelectStatement {
 public:
  SelectStatement(const Select& select, const ResolvedSelect& resolved) : shape_(*resolved.shape) {
    parameters.add(select.book_id);
    sql = "SELECT ";
    for (const std::size_t column : resolved.columns) sql += (sql.size() > 7 ? ", " : "") + selected(column);
    if (has_instants()) sql.append(", ").append(kNanos);
    sql += " FROM " + qualified_name(shape_.table) + " WHERE book_id = $1";
    for (const ResolvedFilter& filter : resolved.filters) add(filter);
    const char* separator = " ORDER BY ";
    for (const ResolvedOrder& order : resolved.order) {
      sql += separator + ordered(order);
      separator = ", ";
    }
    if (select.limit >= 0) {
      parameters.add(select.limit);
      sql += " LIMIT " + next();
    }
  }

  std::string sql;
  Parameters parameters;

 private:
  const Column& column_of(std::size_t column) const { return shape_.columns[column]; }

  std::string selected(std::size_t column) const {
    const Column& shown = column_of(column);
    return shown.kind == ColumnKind::json ? shown.name + "_source" : shown.name;
  }

  bool has_instants() const { return pg_table(shape_.table).columns.back() == kNanos; }

  // The nanoseconds of an instant: its three digits of the column nanos.
  std::string digits_of(std::size_t column) const {
    std::string expression(kNanos);
    for (std::size_t i = 0; i < column; ++i) {
      if (column_of(i).kind == ColumnKind::instant) expression += " / 1000";
    }
    return expression + " % 1000";
  }

  std::string next() { return "$" + std::to_string(++parameter_); }

  void add(const ResolvedFilter& filter) {
    const Column& column = column_of(filter.column);
    const std::string name = selected(filter.column);
    if (filter.compare == Compare::is_null || filter.compare == Compare::is_not_null) {
      sql += " AND " + name + sql_of(filter.compare);
    } else if (column.kind == ColumnKind::instant) {
      add_instant(filter);
    } else {
      add_value(filter.value, column.kind);
      sql += " AND " + name + sql_of(filter.compare) + next();
    }
  }

  void add_value(const Cell& value, ColumnKind kind) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      parameters.add(*whole);
    } else if (const auto* flag = std::get_if<bool>(&value)) {
      parameters.add(*flag);
    } else if (const auto& text = std::get<std::string>(value); kind == ColumnKind::text || kind == ColumnKind::json) {
      parameters.add(text);
    } else {
      parameters.add_binary(static_cast<std::uint32_t>(type_of(kind)), binary(kind, text));
    }
  }

  // at < v is at <= µs(v) AND (at < µs(v) OR nanos(at) < nanos(v)), and so on.
  void add_instant(const ResolvedFilter& filter) {
    const std::string& name = column_of(filter.column).name;
    add_value(filter.value, ColumnKind::instant);
    const std::string whole = next();
    parameters.add(std::int64_t{split(*parse_timestamp(std::get<std::string>(filter.value))).nanos});
    const std::string rest = next();
    const std::string exact = digits_of(filter.column) + sql_of(filter.compare) + rest;
    if (filter.compare == Compare::equal) {
      sql += " AND " + name + " = " + whole + " AND " + exact;
      return;
    }
    const bool below = filter.compare == Compare::less || filter.compare == Compare::at_most;
    sql += " AND " + name + (below ? " <= " : " >= ") + whole + " AND (" + name + (below ? " < " : " > ") + whole +
           " OR " + exact + ")";
  }

  std::string ordered(const ResolvedOrder& order) const {
    const Column& column = column_of(order.column);
    const bool down = order.direction == Direction::descending;
    // NULL is less than every value; said only where there is one, because an index serves the order as it is said.
    const std::string direction =
        std::string(down ? " DESC" : "") + (column.nullable ? (down ? " NULLS LAST" : " NULLS FIRST") : "");
    // Decimals break ties in the order of their texts, as in every store.
    if (column.kind == ColumnKind::decimal) return "trim_scale(" + column.name + ")::text COLLATE \"C\"" + direction;
    std::string expression = selected(order.column) + direction;
    if (column.kind == ColumnKind::instant) {
      expression.append(", ").append(digits_of(order.column)).append(down ? " DESC" : "");
    }
    return expression;
  }

  const TableShape& shape_;
  int parameter_ = 1;
};

// Reads the columns of arriving rows into cells.
class CellReader {
 public:
  explicit CellReader(const ResolvedSelect& select) : select_(select), cells_(select.columns.size()) {
    std::int32_t place = 1;
    for (const Column& column : select.shape->columns) {
      places_.push_back(place);
      if (column.kind == ColumnKind::instant) place *= 1000;
    }
  }

  Result<void> read(const Rows& row) {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      BLOTTER_ASSIGN(cells_[i], cell(row, static_cast<int>(i), select_.columns[i]));
    }
    return {};
  }
  const std::vector<Cell>& cells() const { return cells_; }

 private:
  Result<Cell> cell(const Rows& row, int field, std::size_t column) const {
    if (row.is_null(0, field)) return Cell{};
    const std::string_view bytes = row.bytes(0, field);
    switch (select_.shape->columns[column].kind) {
      case ColumnKind::text:
      case ColumnKind::json:
        return Cell(std::string(bytes));
      case ColumnKind::integer:
        return Cell(row.integer(0, field));
      case ColumnKind::boolean:
        return Cell(row.boolean(0, field));
      case ColumnKind::decimal: {
        BLOTTER_ASSIGN(std::string text, numeric_text(bytes));
        return Cell(std::move(text));
      }
      case ColumnKind::instant: {
        const auto nanos = row.integer(0, static_cast<int>(cells_.size()));
        BLOTTER_ASSIGN(const Timestamp at,
                       join({get_int64(bytes.data()), static_cast<std::int32_t>(nanos / places_[column] % 1000)}));
        return Cell(to_text(at));
      }
      case ColumnKind::uuid: {
        Uuid uuid;
        std::memcpy(uuid.bytes.data(), bytes.data(), uuid.bytes.size());
        return Cell(to_text(uuid));
      }
      case ColumnKind::day:
        return Cell(to_text(day_from_postgres(get_int32(bytes.data()))));
    }
    return Cell{};
  }

  const ResolvedSelect& select_;
  std::vector<Cell> cells_;
  std::vector<std::int32_t> places_;  // of each column's digits in nanos
};

}  // namespace

Result<Cursor> cursor_of(Connection& connection, std::string_view book_id) {
  BLOTTER_ASSIGN(const Rows rows,
                 connection.query("SELECT epoch, applied_seq, applied_hash FROM ledger.books WHERE book_id = $1",
                                  Parameters().add(book_id)));
  if (rows.size() == 0) return Cursor{};
  return Cursor{Seq{static_cast<std::uint64_t>(rows.integer(0, 1))},
                Epoch{static_cast<std::uint64_t>(rows.integer(0, 0))}, static_cast<std::uint64_t>(rows.integer(0, 2))};
}

Result<SelectSql> select_sql(const Select& select) {
  BLOTTER_ASSIGN(const ResolvedSelect resolved, resolve(select));
  SelectStatement statement(select, resolved);
  return SelectSql{std::move(statement.sql), std::move(statement.parameters)};
}

Result<void> select_rows(Connection& connection, const Select& select, const RowVisitor& visit) {
  BLOTTER_ASSIGN(const ResolvedSelect resolved, resolve(select));
  const SelectStatement statement(select, resolved);
  CellReader reader(resolved);
  return connection.query_each(statement.sql.c_str(), statement.parameters, [&](const Rows& row) -> Result<void> {
    BLOTTER_TRY(reader.read(row));
    return visit(reader.cells());
  });
}

}  // namespace blotter::postgres
