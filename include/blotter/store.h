// Store: a queryable projection of the journal.
//
// Port. The rows and the cursor move in ONE transaction, so a crash at any instant is repaired by replaying.
// Every adapter passes tests/contract/store_contract.h; the memory store is the oracle of the others.
//
// Threads    One caller at a time for each Store object; a reading verb opens its own, which never waits for the
// writer.
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
  ledger_entries,  // a view: book_id, seq, account, asset, amount, entry (docs/schema.md)
};
BOOST_DESCRIBE_ENUM(Table, books, accounts, instruments, strategies, orders, order_events, fills, position_adjustments,
                    positions, balances, cash_movements, pnl_daily, quarantine, ledger_entries)

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

class Store {
 public:
  virtual ~Store() = default;

  // The book's cursor; {0, 0} when the store has never seen the book. Errc: unavailable, corrupt.
  virtual Result<Cursor> cursor(std::string_view book_id) = 0;

  // Makes `epoch` the only one that may apply to the book, registering the book on first sight.
  // Errc: fenced (a newer epoch holds it), unavailable.
  virtual Result<Cursor> claim(std::string_view book_id, Epoch epoch) = 0;

  // Applies the batch and advances the cursor to batch.last, all or nothing. batch.first is cursor + 1: a batch at or
  // below the cursor has no effect and succeeds, one that leaves a gap is refused.
  // Errc: stale (a gap; nothing applied), unavailable (no effect, retry), in_doubt (the outcome of COMMIT is unknown:
  // read cursor() first), fenced (another epoch owns the book), invalid (a row the schema refuses; nothing applied).
  virtual Result<Seq> apply(const Batch& batch) = 0;

  // Visits the matching rows in order; an error of the visitor ends it and is returned.
  // Errc: invalid (no such column), unavailable, corrupt.
  virtual Result<void> select(const Select& select, const RowVisitor& visit) = 0;

  // Deletes every row of the book and sets its cursor to 0, in one transaction; the epoch stays.
  // Errc: fenced (epoch is not the holder's), unavailable.
  virtual Result<void> reset(std::string_view book_id, Epoch epoch) = 0;
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

// URLs: "memory:", "sqlite:PATH". Errc: invalid (unknown scheme), not_found (read: there is no such store),
// unavailable, corrupt.
Result<std::unique_ptr<Store>> open_store(const std::string& url, StoreAccess access);
Result<std::unique_ptr<Migrator>> open_migrator(const std::string& url);

}  // namespace blotter
