#include "store/postgres/postgres_store.h"

#include <limits>
#include <mutex>
#include <utility>

#include "store/postgres/batch_writer.h"
#include "store/postgres/migrator.h"
#include "store/postgres/moment.h"
#include "store/postgres/postgres_reader.h"
#include "store/postgres/select_rows.h"
#include "store/row_rules.h"

namespace blotter::postgres {
namespace {

// Claims and resets may be repeated, so that a lost COMMIT of theirs is nothing to find out about.
Result<void> commit_repeatable(Transaction& transaction) {
  Result<void> done = transaction.commit();
  if (done || done.error().code != Errc::in_doubt) return done;
  return fail(Errc::unavailable, done.error().message);
}

// The cursor, held against other writers until the end of the transaction.
Result<Cursor> locked_cursor(Connection& connection, std::string_view book_id) {
  BLOTTER_TRY(connection.query(kOfATransaction));
  BLOTTER_TRY(connection.query("SELECT FROM ledger.books WHERE book_id = $1 FOR UPDATE", Parameters().add(book_id)));
  return cursor_of(connection, book_id);
}

class PostgresStore final : public Store {
 public:
  explicit PostgresStore(ConnectionSettings settings) : settings_(std::move(settings)) {}

  // Connects when it is not connected, or not any more.
  Result<void> ready() {
    if (connection_ && connection_->usable()) return {};
    BLOTTER_ASSIGN(std::unique_ptr<Connection> connection, Connection::connect(settings_));
    BLOTTER_TRY(use(std::move(connection)));
    Result<void> checked = check_schema();
    if (!checked) BLOTTER_TRY(use(nullptr));
    return checked;
  }

  Result<Cursor> cursor(std::string_view book_id) override {
    BLOTTER_TRY(ready());
    return cursor_of(*connection_, book_id);
  }

  Result<void> select(const Select& select, const RowVisitor& visit) override {
    BLOTTER_TRY(ready());
    return select_rows(*connection_, select, visit);
  }

  Result<Cursor> claim(std::string_view book_id, Epoch epoch) override {
    if (book_id.empty() || to_number(epoch) == 0) {
      return fail(Errc::invalid, "a claim needs a book and an epoch from 1");
    }
    BLOTTER_TRY(ready());
    BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(*connection_));
    BLOTTER_ASSIGN(const Cursor held, locked_cursor(*connection_, book_id));
    if (epoch < held.epoch) return fenced_by(book_id, epoch, held.epoch);
    if (epoch == held.epoch) return held;
    // The condition is for a book that two writers meet at the same time: there was no row to lock.
    BLOTTER_ASSIGN(const std::int64_t claimed,
                   connection_->execute("INSERT INTO ledger.books AS old (book_id, epoch, applied_seq, applied_hash)"
                                        " VALUES ($1, $2, 0, 0) ON CONFLICT (book_id) DO UPDATE"
                                        " SET epoch = excluded.epoch WHERE old.epoch < excluded.epoch",
                                        Parameters().add(book_id).add(static_cast<std::int64_t>(to_number(epoch)))));
    BLOTTER_ASSIGN(const Cursor now, cursor_of(*connection_, book_id));
    if (claimed != 1) return fenced_by(book_id, epoch, now.epoch);
    BLOTTER_TRY(commit_repeatable(transaction));
    return now;
  }

  Result<Seq> apply(const Batch& batch) override {
    BLOTTER_TRY(ready());
    return writer_->apply(batch);
  }

  Result<Seq> apply_setting_aside(const Batch& batch) override {
    BLOTTER_TRY(ready());
    return writer_->apply_setting_aside(batch);
  }

  Result<void> reset(std::string_view book_id, Epoch epoch) override {
    BLOTTER_TRY(ready());
    BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(*connection_));
    BLOTTER_ASSIGN(const Cursor held, locked_cursor(*connection_, book_id));
    if (held.epoch != epoch || to_number(epoch) == 0) return fenced_by(book_id, epoch, held.epoch);
    BLOTTER_TRY(connection_->execute("UPDATE ledger.books SET applied_seq = 0, applied_hash = 0 WHERE book_id = $1",
                                     Parameters().add(book_id)));
    for (auto each = static_cast<int>(Table::accounts); each < static_cast<int>(Table::ledger_entries); ++each) {
      // TRUNCATE would be quicker for a book that is alone, and would lock every reader out until COMMIT.
      BLOTTER_TRY(
          connection_->execute(pg_table(static_cast<Table>(each)).delete_sql.c_str(), Parameters().add(book_id)));
    }
    return commit_repeatable(transaction);
  }

  Result<std::unique_ptr<StoreReader>> one_moment() override {
    BLOTTER_ASSIGN(std::unique_ptr<Connection> connection, Connection::connect(settings_));
    return Moment<std::unique_ptr<Connection>>::begin(std::move(connection));
  }

  void interrupt() override {
    const std::scoped_lock lock(mutex_);
    interrupted_ = true;
    if (connection_) connection_->cut();
  }

 private:
  // Known to interrupt() from here on.
  Result<void> use(std::unique_ptr<Connection> connection) {
    writer_ = connection ? std::make_unique<BatchWriter>(*connection) : nullptr;
    const std::scoped_lock lock(mutex_);
    connection_.swap(connection);
    if (interrupted_) return fail(Errc::unavailable, "the store has been interrupted");
    return {};
  }

  // An empty database is migrated, but only the first time: one that is empty when a lost connection has been replaced
  // is not the one that was lost.
  Result<void> check_schema() {
    BLOTTER_ASSIGN(SchemaState state, schema_state(*connection_));
    if (state == SchemaState::empty && !opened_) {
      BLOTTER_TRY(PostgresMigrator(settings_).up(std::numeric_limits<std::int32_t>::max()));
      BLOTTER_ASSIGN(state, schema_state(*connection_));
    }
    if (state != SchemaState::current) return fail(schema_error(state, *connection_));
    opened_ = true;
    return {};
  }

  const ConnectionSettings settings_;
  bool opened_ = false;  // a schema has been there
  std::mutex mutex_;     // guards which connection it is, and what follows; its use needs none
  bool interrupted_ = false;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<BatchWriter> writer_;  // of that connection
};

}  // namespace

Result<std::unique_ptr<Store>> open_postgres_store(const StoreOptions& options, StoreAccess access) {
  if (access == StoreAccess::read) return open_postgres_reader(options);
  auto store = std::make_unique<PostgresStore>(settings_of(options, Target::writable));
  BLOTTER_TRY(store->ready());
  return std::unique_ptr<Store>(std::move(store));
}

std::unique_ptr<Store> make_postgres_store(const StoreOptions& options) {
  return std::make_unique<PostgresStore>(settings_of(options, Target::writable));
}

}  // namespace blotter::postgres
