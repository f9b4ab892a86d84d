#include "store/sqlite/sqlite_store.h"

#include <bit>
#include <mutex>
#include <utility>

#include "store/sqlite/batch_writer.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/sqlite_reader.h"

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

std::int64_t number(Seq seq) { return static_cast<std::int64_t>(to_number(seq)); }
std::int64_t number(Epoch epoch) { return static_cast<std::int64_t>(to_number(epoch)); }

Result<std::unique_ptr<StoreReader>> open_moment(const std::string& path) {
  BLOTTER_ASSIGN(std::unique_ptr<SqliteReader> reader, SqliteReader::open_one_moment(path));
  return std::unique_ptr<StoreReader>(std::move(reader));
}

// Opened for writing: one connection, one caller.
class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

  // Statements that everybody needs; the writer's own are prepared on the first apply.
  Result<void> prepare() {
    BLOTTER_ASSIGN(reader_, SqliteReader::over(*connection_));
    return {};
  }

  Result<Cursor> cursor(std::string_view book_id) override { return reader_->cursor(book_id); }
  Result<void> select(const Select& select, const RowVisitor& visit) override { return reader_->select(select, visit); }
  Result<std::unique_ptr<StoreReader>> one_moment() override { return open_moment(connection_->path()); }

  Result<Cursor> claim(std::string_view book_id, Epoch epoch) override {
    if (book_id.empty() || to_number(epoch) == 0)
      return fail(Errc::invalid, "a claim needs a book and an epoch from 1");
    BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(*connection_));
    BLOTTER_ASSIGN(Cursor held, cursor(book_id));
    if (epoch < held.epoch) return fenced_by(book_id, epoch, held.epoch);
    if (epoch == held.epoch) return held;
    BLOTTER_ASSIGN(Statement claim,
                   connection_->prepare("INSERT INTO books (book_id, epoch, applied_seq, applied_hash)"
                                        " VALUES (?1, ?2, 0, 0)"
                                        " ON CONFLICT (book_id) DO UPDATE SET epoch = excluded.epoch"));
    claim.bind_text(1, book_id);
    claim.bind_integer(2, number(epoch));
    BLOTTER_TRY(claim.run());
    BLOTTER_TRY(transaction.commit());
    held.epoch = epoch;
    return held;
  }

  Result<Seq> apply(const Batch& batch) override { return apply(batch, OnRefusal::end); }
  Result<Seq> apply_setting_aside(const Batch& batch) override { return apply(batch, OnRefusal::set_aside); }

  Result<void> reset(std::string_view book_id, Epoch epoch) override {
    BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(*connection_));
    BLOTTER_ASSIGN(const Cursor held, cursor(book_id));
    if (held.epoch != epoch || to_number(epoch) == 0) return fenced_by(book_id, epoch, held.epoch);
    BLOTTER_TRY(run_for_book("UPDATE books SET applied_seq = 0, applied_hash = 0 WHERE book_id = ?1", book_id));
    BLOTTER_ASSIGN(const std::int64_t books, connection_->integer_of("SELECT count(*) FROM books"));
    for (auto each = static_cast<int>(Table::accounts); each <= static_cast<int>(Table::refused_rows); ++each) {
      const std::string erase = "DELETE FROM " + shape_of(static_cast<Table>(each)).name;
      // Without a condition SQLite drops a table's pages instead of visiting its rows.
      BLOTTER_TRY(books == 1 ? connection_->execute(erase.c_str())
                             : run_for_book(erase + " WHERE book_id = ?1", book_id));
    }
    return transaction.commit();
  }

 private:
  Result<Seq> apply(const Batch& batch, OnRefusal then) {
    BLOTTER_TRY(check_batch(batch));
    BLOTTER_TRY(prepare_writer());
    BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(*connection_));
    // First of all, because it takes the decision: whoever does not own the book or its place writes nothing.
    move_cursor_.bind_integer(1, number(batch.last));
    move_cursor_.bind_integer(2, std::bit_cast<std::int64_t>(batch.last_hash));
    move_cursor_.bind_text(3, batch.book_id);
    move_cursor_.bind_integer(4, number(batch.epoch));
    move_cursor_.bind_integer(5, number(batch.first) - 1);
    BLOTTER_TRY(move_cursor_.run());
    if (connection_->changes() != 1) {
      BLOTTER_ASSIGN(const Cursor held, cursor(batch.book_id));
      return answer_without_effect(batch, held);
    }
    BLOTTER_TRY(writer_->write(batch, then));
    BLOTTER_TRY(transaction.commit());
    return batch.last;
  }

  Result<void> prepare_writer() {
    if (writer_) return {};
    BLOTTER_ASSIGN(move_cursor_, connection_->prepare("UPDATE books SET applied_seq = ?1, applied_hash = ?2"
                                                      " WHERE book_id = ?3 AND epoch = ?4 AND applied_seq = ?5"));
    BLOTTER_ASSIGN(writer_, BatchWriter::prepare(*connection_));
    return {};
  }

  Result<void> run_for_book(const std::string& sql, std::string_view book_id) {
    BLOTTER_ASSIGN(Statement statement, connection_->prepare(sql));
    statement.bind_text(1, book_id);
    return statement.run();
  }

  std::unique_ptr<Connection> connection_;  // outlives the statements below
  std::unique_ptr<SqliteReader> reader_;
  Statement move_cursor_;
  std::unique_ptr<BatchWriter> writer_;
};

// Opened for reading: any number of callers, each with a connection of its own, so that a slow visitor makes nobody
// wait. Connections that are free again are kept for the next callers.
class SqliteReadStore final : public Store {
 public:
  SqliteReadStore(std::string path, std::unique_ptr<SqliteReader> first) : path_(std::move(path)) {
    idle_.push_back(std::move(first));
  }

  Result<Cursor> cursor(std::string_view book_id) override {
    BLOTTER_ASSIGN(std::unique_ptr<SqliteReader> reader, take());
    Result<Cursor> answer = reader->cursor(book_id);
    give_back(std::move(reader));
    return answer;
  }

  Result<void> select(const Select& select, const RowVisitor& visit) override {
    BLOTTER_ASSIGN(std::unique_ptr<SqliteReader> reader, take());
    Result<void> answer = reader->select(select, visit);
    give_back(std::move(reader));
    return answer;
  }

  Result<std::unique_ptr<StoreReader>> one_moment() override { return open_moment(path_); }

  Result<Cursor> claim(std::string_view, Epoch) override { return read_only(); }
  Result<Seq> apply(const Batch&) override { return read_only(); }
  Result<Seq> apply_setting_aside(const Batch&) override { return read_only(); }
  Result<void> reset(std::string_view, Epoch) override { return read_only(); }

 private:
  static constexpr std::size_t kIdleMax = 8;

  Unexpected read_only() const { return fail(Errc::invalid, path_ + " was opened for reading"); }

  Result<std::unique_ptr<SqliteReader>> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<SqliteReader> reader = std::move(idle_.back());
        idle_.pop_back();
        return reader;
      }
    }
    return SqliteReader::open(path_);
  }

  void give_back(std::unique_ptr<SqliteReader> reader) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleMax) idle_.push_back(std::move(reader));
  }

  const std::string path_;
  std::mutex mutex_;  // of idle_ alone; never held while reading
  std::vector<std::unique_ptr<SqliteReader>> idle_;
};

Result<std::unique_ptr<Store>> open_for_writing(const std::string& path) {
  BLOTTER_ASSIGN(std::unique_ptr<Connection> connection, Connection::open(path, Mode::create));
  BLOTTER_ASSIGN(SchemaState state, schema_state(*connection));
  if (state == SchemaState::empty) {
    SqliteMigrator migrator(path);
    BLOTTER_TRY(migrator.up(INT32_MAX));
    BLOTTER_ASSIGN(state, schema_state(*connection));
  }
  if (state != SchemaState::current) return fail(schema_error(state, path));
  BLOTTER_TRY(connection->execute(kWriterSettings));
  auto store = std::make_unique<SqliteStore>(std::move(connection));
  BLOTTER_TRY(store->prepare());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, StoreAccess access) {
  if (access == StoreAccess::write) return open_for_writing(path);
  BLOTTER_ASSIGN(std::unique_ptr<SqliteReader> first, SqliteReader::open(path));
  return std::unique_ptr<Store>(std::make_unique<SqliteReadStore>(path, std::move(first)));
}

}  // namespace blotter::sqlite
