#include "store/sqlite/sqlite_reader.h"

#include <bit>

#include "store/resolved_select.h"
#include "store/sqlite/migrations.h"

namespace blotter::sqlite {
namespace {

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

bool has_value(const ResolvedFilter& filter) {
  return filter.compare != Compare::is_null && filter.compare != Compare::is_not_null;
}

// Names come from the table's fixed list, values are parameters.
std::string sql_of(const ResolvedSelect& select) {
  const auto name = [&](std::size_t column) { return select.shape->columns[column].name; };
  std::string sql = "SELECT ";
  for (const std::size_t column : select.columns) {
    if (sql.size() > 7) sql += ", ";
    sql += name(column);
  }
  sql += " FROM " + select.shape->name + " WHERE book_id = ?1";
  int parameter = 1;
  for (const ResolvedFilter& filter : select.filters) {
    sql += " AND " + name(filter.column) + sql_of(filter.compare);
    if (has_value(filter)) sql.append("?").append(std::to_string(++parameter));
  }
  const char* separator = " ORDER BY ";
  for (const ResolvedOrder& order : select.order) {
    sql += separator + name(order.column) + (order.direction == Direction::descending ? " DESC" : "");
    separator = ", ";
  }
  return sql + " LIMIT ?" + std::to_string(parameter + 1);
}

Cell read_cell(const Statement& row, int column, ColumnKind kind) {
  if (row.is_null(column)) return {};
  if (kind == ColumnKind::integer) return row.integer(column);
  if (kind == ColumnKind::boolean) return row.integer(column) != 0;
  return std::string(row.text(column));
}

void bind(Statement& statement, int parameter, const Cell& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return statement.bind_text(parameter, *text);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return statement.bind_integer(parameter, *whole);
  if (const auto* flag = std::get_if<bool>(&value)) return statement.bind_integer(parameter, *flag ? 1 : 0);
  statement.bind_null(parameter);
}

}  // namespace

Result<std::string> select_sql(const Select& select) {
  BLOTTER_ASSIGN(const ResolvedSelect resolved, resolve(select));
  return sql_of(resolved);
}

Result<std::unique_ptr<SqliteReader>> SqliteReader::over(Connection& connection) {
  std::unique_ptr<SqliteReader> reader(new SqliteReader());
  reader->connection_ = &connection;
  BLOTTER_ASSIGN(reader->read_cursor_,
                 connection.prepare("SELECT epoch, applied_seq, applied_hash FROM books WHERE book_id = ?1"));
  return reader;
}

Result<std::unique_ptr<SqliteReader>> SqliteReader::open(const std::string& path) {
  BLOTTER_ASSIGN(std::unique_ptr<Connection> connection, Connection::open(path, Mode::read));
  BLOTTER_ASSIGN(const SchemaState state, schema_state(*connection));
  if (state != SchemaState::current) return fail(schema_error(state, path));
  BLOTTER_TRY(connection->execute("PRAGMA query_only = 1"));
  BLOTTER_ASSIGN(std::unique_ptr<SqliteReader> reader, over(*connection));
  reader->owned_ = std::move(connection);
  return reader;
}

Result<std::unique_ptr<SqliteReader>> SqliteReader::open_one_moment(const std::string& path) {
  BLOTTER_ASSIGN(std::unique_ptr<SqliteReader> reader, open(path));
  // SQLite takes the snapshot with the first read. Closing the connection ends the transaction.
  BLOTTER_TRY(reader->connection_->execute("BEGIN"));
  BLOTTER_TRY(reader->connection_->integer_of("SELECT count(*) FROM books"));
  return reader;
}

Result<Cursor> SqliteReader::cursor(std::string_view book_id) {
  read_cursor_.bind_text(1, book_id);
  BLOTTER_ASSIGN(const bool row, read_cursor_.next_row());
  if (!row) return Cursor{};
  const Cursor cursor{Seq{static_cast<std::uint64_t>(read_cursor_.integer(1))},
                      Epoch{static_cast<std::uint64_t>(read_cursor_.integer(0))},
                      std::bit_cast<std::uint64_t>(read_cursor_.integer(2))};
  read_cursor_.finish();
  return cursor;
}

Result<void> SqliteReader::select(const Select& select, const RowVisitor& visit) {
  BLOTTER_ASSIGN(const ResolvedSelect resolved, resolve(select));
  BLOTTER_ASSIGN(Statement rows, connection_->prepare(sql_of(resolved)));
  int parameter = 0;
  rows.bind_text(++parameter, select.book_id);
  for (const ResolvedFilter& filter : resolved.filters) {
    if (has_value(filter)) bind(rows, ++parameter, filter.value);
  }
  rows.bind_integer(++parameter, select.limit);
  std::vector<Cell> cells(resolved.columns.size());
  while (true) {
    BLOTTER_ASSIGN(const bool row, rows.next_row());
    if (!row) return {};
    for (std::size_t i = 0; i < cells.size(); ++i) {
      cells[i] = read_cell(rows, static_cast<int>(i), resolved.shape->columns[resolved.columns[i]].kind);
    }
    BLOTTER_TRY(visit(cells));
  }
}

}  // namespace blotter::sqlite
