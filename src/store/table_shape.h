// The shape of each table: its columns, its key and what must be unique, derived once from the described rows.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "blotter/store.h"
#include "store/row_text.h"

namespace blotter {

// What a store knows of a book; the cursor's row.
struct BookRow {  // key: book_id
  std::string book_id;
  std::int64_t epoch = 0;
  std::int64_t applied_seq = 0;
  std::int64_t applied_hash = 0;  // the bits of Cursor::applied_hash
};
BOOST_DESCRIBE_STRUCT(BookRow, (), (book_id, epoch, applied_seq, applied_hash))

// A row that the schema refused, kept in place of its table's row (store/refused_row.h).
struct RefusedRow {  // key: seq, table_name, row_key
  std::string book_id;
  std::int64_t seq = 0;  // the event it came from, as near as the row tells
  std::string table_name;
  std::string row_key;  // "col=value, col=value": the row's key without book_id
  std::string reason;
  std::string content;  // the row as a JSON object
};
BOOST_DESCRIBE_STRUCT(RefusedRow, (), (book_id, seq, table_name, row_key, reason, content))

// One row of the double-entry view; docs/schema.md explains it.
struct LedgerEntryRow {
  std::string book_id;
  std::int64_t seq = 0;
  std::string account;
  std::string asset;  // a currency, or symbol@venue for a position
  Decimal amount;
  std::string entry;
};
BOOST_DESCRIBE_STRUCT(LedgerEntryRow, (), (book_id, seq, account, asset, amount, entry))

struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::text;
  bool nullable = false;
};

struct TableShape {
  Table table = Table::books;
  std::string name;
  std::vector<Column> columns;
  std::size_t key_columns = 0;                   // the key is the leading columns; book_id is the first of them
  std::vector<std::vector<std::size_t>> unique;  // further sets of columns that no two rows share
  std::vector<std::size_t> identity;  // columns that rarely change and are indexed; an update tries to leave them alone

  // The place of a column. Errc: invalid (no such column).
  Result<std::size_t> index_of(std::string_view column) const;
};

const TableShape& shape_of(Table table);

// Which table a row belongs to.
template <class Row>
struct RowTable;
#define BLOTTER_ROW_TABLE(row, name)            \
  template <>                                   \
  struct RowTable<row> {                        \
    static constexpr Table value = Table::name; \
  };
BLOTTER_ROW_TABLE(BookRow, books)
BLOTTER_ROW_TABLE(AccountRow, accounts)
BLOTTER_ROW_TABLE(InstrumentRow, instruments)
BLOTTER_ROW_TABLE(StrategyRow, strategies)
BLOTTER_ROW_TABLE(OrderRow, orders)
BLOTTER_ROW_TABLE(OrderEventRow, order_events)
BLOTTER_ROW_TABLE(FillRow, fills)
BLOTTER_ROW_TABLE(PositionAdjustmentRow, position_adjustments)
BLOTTER_ROW_TABLE(PositionRow, positions)
BLOTTER_ROW_TABLE(BalanceRow, balances)
BLOTTER_ROW_TABLE(CashMovementRow, cash_movements)
BLOTTER_ROW_TABLE(PnlDailyRow, pnl_daily)
BLOTTER_ROW_TABLE(QuarantineRow, quarantine)
BLOTTER_ROW_TABLE(AuditRow, audit_log)
BLOTTER_ROW_TABLE(RefusedRow, refused_rows)
BLOTTER_ROW_TABLE(LedgerEntryRow, ledger_entries)
#undef BLOTTER_ROW_TABLE

}  // namespace blotter
