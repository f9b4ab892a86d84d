#include "store/sqlite/sqlite_store.h"

#include <utility>

#include "store/resolved_select.h"
#include "store/row_rules.h"
#include "store/sqlite/batch_writer.h"
#include "store/sqlite/migrations.h"

namespace blotter::sqlite {
namespace {

// The page cache of a writer holds the right edges of all indexes of a long day; beyond it SQLite spills. The WAL is
// copied back every 4,000 pages (32 MB), because hot pages then travel once and not once for every batch.
constexpr const char* kWriterSettings =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA cache_size = -32768;"
    "PRAGMA wal_autocheckpoint = 4000;"
    "PRAGMA journal_size_limit = 67108864;";
constexpr const char* kReaderSettings = "PRAGMA query_only = 1;";

std::int64_t number(Seq seq) { return static_cast<std::int64_t>(to_number(seq)); }
std::int64_t number(Epoch epoch) { return static_cast<std::int64_t>(to_number(epoch)); }

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

// Names come from the table's fixed list, values are parameters: ?1 is the book, the last one the limit.
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

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

  // Statements that everybody needs; the writer's own are prepared on the first apply.
  Result<void> prepare() {
    BLOTTER_ASSIGN(read_cursor_, connection_->prepare("SELECT epoch, applied_seq FROM books WHERE book_id = ?1"));
    return {};
  }

  Result<Cursor> cursor(std::string_view book_id) override {
    read_cursor_.bind_text(1, book_id);
    BLOTTER_ASSIGN(const bool row, read_cursor_.next_row());
    if (!row) return Cursor{};
    const Cursor cursor{Seq{static_cast<std::uint64_t>(read_cursor_.integer(1))},
                        Epoch{static_cast<std::uint64_t>(read_cursor_.integer(0))}};
    read_cursor_.finish();
    return cursor;
  }

  Result<Cursor> claim(std::string_view book_id, Epoch epoch) override {
    if (book_id.empty() || to_number(epoch) == 0)
      return fail(Errc::invalid, "a claim needs a book and an epoch from 1");
    BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(*connection_));
    BLOTTER_ASSIGN(const Cursor held, cursor(book_id));
    if (epoch < held.epoch) return fenced_by(book_id, epoch, held.epoch);
    if (epoch == held.epoch) return held;
    BLOTTER_ASSIGN(Statement claim,
                   connection_->prepare("INSERT INTO books (book_id, epoch, applied_seq) VALUES (?1, ?2, 0)"
                                        " ON CONFLICT (book_id) DO UPDATE SET epoch = excluded.epoch"));
    claim.bind_text(1, book_id);
    claim.bind_integer(2, number(epoch));
    BLOTTER_TRY(claim.run());
    BLOTTER_TRY(transaction.commit());
    return Cursor{held.applied, epoch};
  }

  Result<Seq> apply(const Batch& batch) override {
    BLOTTER_TRY(check_batch(batch));
    BLOTTER_TRY(prepare_writer());
    BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(*connection_));
    // First of all, because it takes the decision: whoever does not own the book or its place writes nothing.
    move_cursor_.bind_integer(1, number(batch.last));
    move_cursor_.bind_text(2, batch.book_id);
    move_cursor_.bind_integer(3, number(batch.epoch));
    move_cursor_.bind_integer(4, number(batch.first) - 1);
    BLOTTER_TRY(move_cursor_.run());
    if (connection_->changes() != 1) {
      BLOTTER_ASSIGN(const Cursor held, cursor(batch.book_id));
      return answer_without_effect(batch, held);
    }
    BLOTTER_TRY(writer_->write(batch));
    BLOTTER_TRY(transaction.commit());
    return batch.last;
  }

  Result<void> select(const Select& select, const RowVisitor& visit) override {
    BLOTTER_ASSIGN(const ResolvedSelect resolved, resolve(select));
    BLOTTER_ASSIGN(Statement rows, connection_->prepare(sql_of(resolved)));
    int parameter = 0;
    rows.bind_text(++parameter, select.book_id);
    for (const ResolvedFilter& filter : resolved.filters) {
      if (has_value(filter)) bind(rows, ++parameter, *filter.value);
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

  Result<void> reset(std::string_view book_id, Epoch epoch) override {
    BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(*connection_));
    BLOTTER_ASSIGN(const Cursor held, cursor(book_id));
    if (held.epoch != epoch || to_number(epoch) == 0) return fenced_by(book_id, epoch, held.epoch);
    BLOTTER_TRY(run_for_book("UPDATE books SET applied_seq = 0 WHERE book_id = ?1", book_id));
    BLOTTER_ASSIGN(const std::int64_t books, connection_->integer_of("SELECT count(*) FROM books"));
    for (auto each = static_cast<int>(Table::accounts); each <= static_cast<int>(Table::quarantine); ++each) {
      const std::string erase = "DELETE FROM " + shape_of(static_cast<Table>(each)).name;
      // Without a condition SQLite drops a table's pages instead of visiting its rows.
      BLOTTER_TRY(books == 1 ? connection_->execute(erase.c_str())
                             : run_for_book(erase + " WHERE book_id = ?1", book_id));
    }
    return transaction.commit();
  }

 private:
  Result<void> prepare_writer() {
    if (writer_) return {};
    BLOTTER_ASSIGN(move_cursor_, connection_->prepare("UPDATE books SET applied_seq = ?1"
                                                      " WHERE book_id = ?2 AND epoch = ?3 AND applied_seq = ?4"));
    BLOTTER_ASSIGN(writer_, BatchWriter::prepare(*connection_));
    return {};
  }

  Result<void> run_for_book(const std::string& sql, std::string_view book_id) {
    BLOTTER_ASSIGN(Statement statement, connection_->prepare(sql));
    statement.bind_text(1, book_id);
    return statement.run();
  }

  std::unique_ptr<Connection> connection_;  // outlives the statements below
  Statement read_cursor_;
  Statement move_cursor_;
  std::unique_ptr<BatchWriter> writer_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, StoreAccess access) {
  const bool writes = access == StoreAccess::write;
  BLOTTER_ASSIGN(std::unique_ptr<Connection> connection, Connection::open(path, writes ? Mode::create : Mode::read));
  BLOTTER_ASSIGN(SchemaState state, schema_state(*connection));
  if (writes && state == SchemaState::empty) {
    SqliteMigrator migrator(path);
    BLOTTER_TRY(migrator.up(INT32_MAX));
    BLOTTER_ASSIGN(state, schema_state(*connection));
  }
  if (state != SchemaState::current) return fail(schema_error(state, path));
  BLOTTER_TRY(connection->execute(writes ? kWriterSettings : kReaderSettings));
  auto store = std::make_unique<SqliteStore>(std::move(connection));
  BLOTTER_TRY(store->prepare());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace blotter::sqlite
