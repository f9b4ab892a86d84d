// Store: a queryable projection of the journal.
//
// Port. The rows and the cursor move in ONE transaction, so a crash at any instant is repaired by replaying.
// Every adapter passes tests/contract/store_contract.h; the memory store is the oracle of the others.
//
// Threads    A store opened for writing: one caller at a time. Opened for reading, cursor() and select() may be called
// from any thread, and never wait for the writer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "blotter/result.h"
#include "blotter/rows.h"

namespace blotter {

// What a store knows of a book: how far it is, and who may write.
struct Cursor {
  Seq applied{0};
  Epoch epoch{0};
  std::uint64_t applied_hash = 0;  // Batch::last_hash of the batch that ended at `applied`; 0 when nothing is applied
};

struct FillStatusChange {
  std::int64_t seq = 0;
  FillStatus status = FillStatus::busted;
};

struct QuarantineRelease {
  std::int64_t seq = 0;
};

// Everything that the events (first-1, last] changed. At most one row per key in each vector: rows are coalesced.
struct Batch {
  std::string book_id;
  Epoch epoch{0};
  Seq first{0};                                             // the first event of the batch
  Seq last{0};                                              // the last one
  std::uint64_t last_hash = 0;                              // XXH3 of the last event's bytes in the journal
  std::vector<AccountRow> accounts;                         // upsert
  std::vector<InstrumentRow> instruments;                   // upsert
  std::vector<StrategyRow> strategies;                      // upsert
  std::vector<OrderRow> new_orders;                         // insert: the key is not there yet
  std::vector<OrderRow> changed_orders;                     // update: the key is there
  std::vector<OrderEventRow> order_events;                  // insert
  std::vector<FillRow> fills;                               // insert
  std::vector<FillStatusChange> fill_status_changes;        // update, after the inserts
  std::vector<PositionAdjustmentRow> position_adjustments;  // insert
  std::vector<PositionRow> positions;                       // upsert
  std::vector<BalanceRow> balances;                         // upsert
  std::vector<CashMovementRow> cash_movements;              // insert
  std::vector<PnlDailyRow> pnl_daily;                       // upsert
  std::vector<QuarantineRow> quarantine;                    // insert
  std::vector<AuditRow> audit_log;                          // insert
  std::vector<QuarantineRelease> quarantine_releases;       // update, after the inserts

  std::size_t row_count() const;
  void clear();  // keeps capacity
};

enum class Table : std::uint8_t {
  books,
  accounts,
  instruments,
  strategies,
  orders,
  order_events,
  fills,
  position_adjustments,
  positions,
  balances,
  cash_movements,
  pnl_daily,
  quarantine,
  audit_log,
  refused_rows,    // rows that the schema refused and apply_setting_aside() kept instead
  ledger_entries,  // a view: book_id, seq, account, asset, amount, entry (docs/schema.md)
};
BOOST_DESCRIBE_ENUM(Table, books, accounts, instruments, strategies, orders, order_events, fills, position_adjustments,
                    positions, balances, cash_movements, pnl_daily, quarantine, audit_log, refused_rows, ledger_entries)

// NULL, a whole number, a boolean, or text (decimals, instants, ids and enums are their texts).
using Cell = std::variant<std::monostate, std::int64_t, bool, std::string>;

enum class Compare : std::uint8_t { equal, less, at_most, greater, at_least, is_null, is_not_null };

struct Filter {
  std::string column;
  Compare compare = Compare::equal;
  Cell value;
};

enum class Direction : std::uint8_t { ascending, descending };

struct OrderBy {
  std::string column;
  Direction direction = Direction::ascending;
};

// SELECT columns FROM table WHERE book_id = … AND filters ORDER BY … LIMIT. Names that the table does not have are
// refused; values are always parameters.
struct Select {
  Table table = Table::orders;
  std::string book_id;
  std::vector<std::string> columns;  // empty: all, in the table's order
  std::vector<Filter> filters;
  std::vector<OrderBy> order;
  std::int64_t limit = -1;  // negative: no limit
};

using RowVisitor = std::function<Result<void>(const std::vector<Cell>& cells)>;

class StoreReader {
 public:
  virtual ~StoreReader() = default;

  // The book's cursor; {0, 0} when the store has never seen the book. Errc: unavailable, corrupt.
  virtual Result<Cursor> cursor(std::string_view book_id) = 0;

  // Visits the matching rows in order; an error of the visitor ends it and is returned. The visitor may not call the
  // reader. Errc: invalid (no such column, a comparison that the column's kind does not have), unavailable, corrupt.
  virtual Result<void> select(const Select& select, const RowVisitor& visit) = 0;
};

class Store : public StoreReader {
 public:
  // Makes `epoch` the only one that may apply to the book, registering the book on first sight.
  // Errc: fenced (a newer epoch holds it), unavailable.
  virtual Result<Cursor> claim(std::string_view book_id, Epoch epoch) = 0;

  // Applies the batch and advances the cursor to batch.last, all or nothing. batch.first is cursor + 1: a batch at or
  // below the cursor has no effect and succeeds, one that leaves a gap is refused.
  // Errc: stale (nothing applied: there is a gap, the cursor's event is another one, or the claim is not there, as
  // after a restore: read cursor() and claim again), unavailable (no effect, retry), in_doubt (the outcome of COMMIT is
  // unknown: read cursor() first), fenced (a newer epoch owns the book), invalid (a row the schema refuses; nothing
  // applied).
  virtual Result<Seq> apply(const Batch& batch) = 0;

  // As apply(), for a batch that apply() has called invalid because of a row: the rows that the schema refuses go to
  // the table refused_rows with the reason, all others land. Takes some 2 log2(rows) attempts for each of them.
  // Errc: as apply(); invalid only when the batch itself makes no sense.
  virtual Result<Seq> apply_setting_aside(const Batch& batch) = 0;

  // Deletes every row of the book and sets its cursor to 0, in one transaction; the epoch stays.
  // Errc: fenced (epoch is not the holder's), unavailable.
  virtual Result<void> reset(std::string_view book_id, Epoch epoch) = 0;

  // A reader of the store as it is at this moment, whatever is written meanwhile. Of the primary, when there is a
  // replica too. Keep it no longer than needed: the database keeps what it sees. The store outlives it.
  // Errc: unavailable.
  virtual Result<std::unique_ptr<StoreReader>> one_moment() = 0;

  // From any thread: ends the call under way, and every later one, as a cut connection would (unavailable, or in_doubt
  // at COMMIT). For a server that does not answer; a store that waits for none has nothing to interrupt.
  virtual void interrupt() {}
};

// The columns of a table, in order.
const std::vector<std::string>& columns_of(Table table);

// ---- schema (SQL stores) ----

enum class MigrationState : std::uint8_t { pending, applied, changed, unknown };
BOOST_DESCRIBE_ENUM(MigrationState, pending, applied, changed, unknown)

struct Migration {
  std::int32_t version = 0;
  std::string name;
  MigrationState state = MigrationState::pending;
  std::string applied_at;  // empty when pending
};

class Migrator {
 public:
  virtual ~Migrator() = default;
  // All migrations known to this program or recorded in the database, by version.
  virtual Result<std::vector<Migration>> status() = 0;
  // What up() would apply to this database. Errc: as up(), with the same message, where that would refuse.
  virtual Result<std::vector<Migration>> plan() = 0;
  // Applies pending migrations up to `version` (all: INT32_MAX), each in a transaction; returns what it applied.
  // Errc: corrupt (a recorded migration has another checksum), invalid (the database is newer than this program).
  virtual Result<std::vector<Migration>> up(std::int32_t version) = 0;
  // Undoes applied migrations above `version`. Returns what it undid.
  virtual Result<std::vector<Migration>> down(std::int32_t version) = 0;
};

// ---- opening ----

enum class StoreAccess : std::uint8_t {
  read,   // never creates, never waits for a writer
  write,  // creates and migrates an empty store; refuses one whose schema is older or newer
};

// The parts of a trading system that read a store, each through a pool of its own. Its size, unless something else is
// said: execution 5, risk 3, market_data 2, audit 2, analytics 10.
enum class Component : std::uint8_t { execution, risk, market_data, audit, analytics };
BOOST_DESCRIBE_ENUM(Component, execution, risk, market_data, audit, analytics)

// Where the store is and how to reach it. Everything below the URL is for PostgreSQL.
struct StoreOptions {
  std::string url;  // "memory:", "sqlite:PATH", "postgresql://USER@HOST:PORT,HOST:PORT/DATABASE?…" (as libpq reads it)
  std::string ssl_mode;     // libpq's sslmode, for URLs that have none of their own; empty: libpq's default
  std::string replica_url;  // where reads may go; empty: nowhere but to `url`
  // Told why, when opening finds that the replica cannot be asked: reads go to `url` meanwhile.
  std::function<void(const std::string& why)> on_replica_problem;
  std::int64_t staleness_ms_max = 5'000;     // a replica further behind is not asked
  Seq read_after{0};                         // a replica that has not applied this event of the book is not asked
  std::string application_name = "blotter";  // shows in pg_stat_activity, unless the URL has one
  // The pool of a store opened for reading. A store opened for writing has one connection.
  Component component = Component::analytics;  // who reads
  int pool_size = 0;                           // 0: what the component has by default
  std::int64_t wait_ms_max = 5'000;            // for a connection to become free
  std::int64_t create_ms_max = 10'000;         // to connect
  std::int64_t recycle_ms_max = 5'000;         // to prove that a connection that was idle still answers
  std::int64_t lifetime_ms_max = 3'600'000;    // then a connection is replaced
};

// Errc: invalid (unknown scheme or option), not_found (read: there is no such store), unavailable (not reached; wrong
// password; no rights: the message names the setting to change), corrupt.
Result<std::unique_ptr<Store>> open_store(const StoreOptions& options, StoreAccess access);
Result<std::unique_ptr<Store>> open_store(const std::string& url, StoreAccess access);
// As open_store(options, write), for who has to be able to end at any time: a server is connected to, and its schema
// looked at, by the first call, so that interrupt() reaches that too. Connecting takes up to create_ms_max all the
// same.
Result<std::unique_ptr<Store>> open_store_for_landing(const StoreOptions& options);
Result<std::unique_ptr<Migrator>> open_migrator(const StoreOptions& options);
Result<std::unique_ptr<Migrator>> open_migrator(const std::string& url);

// The URL without its password, for messages.
std::string shown_url(const std::string& url);

}  // namespace blotter
