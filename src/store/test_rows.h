// Rows and batches for tests of stores: complete, valid, and short to write down.
#pragma once

#include <string>
#include <vector>

#include "blotter/store.h"

namespace blotter::store_rows {

inline constexpr const char* kBook = "b1";
inline constexpr Epoch kEpoch{1};

inline Decimal dec(const char* text) { return *Decimal::parse(text); }
inline Timestamp at(std::int64_t seconds) { return Timestamp{1'430'438'400 * kNsPerSecond + seconds * kNsPerSecond}; }

inline Uuid order_id(std::uint8_t number) {
  Uuid id;
  id.bytes[0] = 1;
  id.bytes[15] = number;
  return id;
}

inline AccountRow account(const std::string& name) {
  AccountRow row;
  row.book_id = kBook;
  row.account = name;
  row.base_currency = Asset::of("USD");
  row.broker = "paper";
  row.created_at = at(0);
  return row;
}

inline InstrumentRow instrument(const std::string& symbol, AssetClass asset_class, const char* base) {
  InstrumentRow row;
  row.book_id = kBook;
  row.symbol = symbol;
  row.venue = "V";
  row.asset_class = asset_class;
  if (base != nullptr) row.base = Asset::of(base);
  row.quote = row.settle = Asset::of("USD");
  row.multiplier = Decimal{1};
  row.created_at = at(0);
  return row;
}

inline StrategyRow strategy(const std::string& name) { return {kBook, name, at(0)}; }

inline OrderRow order(std::uint8_t number, std::int64_t seq) {
  OrderRow row;
  row.book_id = kBook;
  row.order_id = order_id(number);
  row.account = "A";
  row.client_order_id = "c" + std::to_string(number);
  row.symbol = "BTCUSD";
  row.venue = "V";
  row.strategy = "unattributed";
  row.quantity = Quantity(dec("1.5"));
  row.limit_price = Price(dec("100.25"));
  row.created_at = row.updated_at = at(seq);
  row.first_seq = row.last_seq = seq;
  return row;
}

inline OrderEventRow order_event(std::int64_t seq, std::uint8_t number) {
  OrderEventRow row;
  row.book_id = kBook;
  row.seq = seq;
  row.order_id = order_id(number);
  row.event = "accepted";
  row.effect = "apply";
  row.at = row.received_at = row.recorded_at = at(seq);
  return row;
}

inline FillRow fill(std::int64_t seq, std::uint8_t number) {
  FillRow row;
  row.book_id = kBook;
  row.seq = seq;
  row.order_id = order_id(number);
  row.account = "A";
  row.symbol = "BTCUSD";
  row.venue = "V";
  row.strategy = "unattributed";
  row.exec_id = "e" + std::to_string(seq);
  row.trade_date = "2015-05-01";
  row.quantity = Quantity(dec("0.5"));
  row.price = Price(dec("100"));
  row.fee = dec("0.1");
  row.fee_asset = Asset::of("USD");
  row.position_delta = dec("0.5");
  row.cash_delta = dec("-50");
  row.cost_delta = dec("50");
  row.settle = Asset::of("USD");
  row.at = row.received_at = row.recorded_at = at(seq);
  return row;
}

inline PositionAdjustmentRow bust_of(const FillRow& fill, std::int64_t seq) {
  PositionAdjustmentRow row;
  row.book_id = kBook;
  row.seq = seq;
  row.account = fill.account;
  row.symbol = fill.symbol;
  row.venue = fill.venue;
  row.strategy = fill.strategy;
  row.fill_seq = fill.seq;
  row.exec_id = fill.exec_id;
  row.position_delta = -fill.position_delta;
  row.cash_delta = -fill.cash_delta;
  row.cost_delta = -fill.cost_delta;
  row.settle = fill.settle;
  row.fee = -fill.fee;
  row.fee_asset = fill.fee_asset;
  row.at = row.received_at = row.recorded_at = at(seq);
  return row;
}

inline PositionRow position(const char* quantity, std::int64_t seq) {
  PositionRow row;
  row.book_id = kBook;
  row.account = "A";
  row.symbol = "BTCUSD";
  row.venue = "V";
  row.strategy = "unattributed";
  row.quantity = dec(quantity);
  row.settle = Asset::of("USD");
  row.last_seq = seq;
  return row;
}

inline BalanceRow balance(const char* asset, const char* amount, std::int64_t seq) {
  return {kBook, "A", Asset::of(asset), dec(amount), seq};
}

inline CashMovementRow cash(std::int64_t seq, const std::string& id, const char* amount) {
  CashMovementRow row;
  row.book_id = kBook;
  row.seq = seq;
  row.account = "A";
  row.id = id;
  row.asset = Asset::of("USD");
  row.amount = dec(amount);
  row.at = row.received_at = row.recorded_at = at(seq);
  return row;
}

inline PnlDailyRow pnl(const std::string& day, std::int64_t seq) {
  PnlDailyRow row;
  row.book_id = kBook;
  row.day = day;
  row.account = "A";
  row.symbol = "BTCUSD";
  row.venue = "V";
  row.strategy = "unattributed";
  row.settle = Asset::of("USD");
  row.fills = 1;
  row.last_seq = seq;
  return row;
}

inline QuarantineRow quarantine(std::int64_t seq) {
  QuarantineRow row;
  row.book_id = kBook;
  row.seq = seq;
  row.account = "A";
  row.identity = "fill A e1";
  row.detail = "the price differs";
  row.content = "{}";
  row.at = row.received_at = row.recorded_at = at(seq);
  return row;
}

inline AuditRow audit(std::int64_t seq) {
  AuditRow row;
  row.book_id = kBook;
  row.seq = seq;
  row.component = "risk";
  row.action = "order_rejected";
  row.details = "{}";
  row.at = row.received_at = row.recorded_at = at(seq);
  return row;
}

inline Batch batch(std::uint64_t first, std::uint64_t last) {
  Batch result;
  result.book_id = kBook;
  result.epoch = kEpoch;
  result.first = Seq{first};
  result.last = Seq{last};
  return result;
}

// A batch with at least one row for every table: seq 1 to 6.
inline Batch full_batch() {
  Batch all = batch(1, 6);
  all.accounts = {account("A")};
  all.instruments = {instrument("BTCUSD", AssetClass::crypto, "BTC")};
  all.strategies = {strategy("unattributed")};
  all.new_orders = {order(1, 1), order(2, 2)};
  all.order_events = {order_event(1, 1), order_event(2, 2)};
  all.fills = {fill(3, 1)};
  all.fill_status_changes = {{3, FillStatus::busted}};
  all.position_adjustments = {bust_of(all.fills[0], 4)};
  all.positions = {position("0", 4)};
  all.balances = {balance("USD", "100", 5)};
  all.cash_movements = {cash(5, "d1", "100")};
  all.pnl_daily = {pnl("2015-05-01", 4)};
  all.quarantine = {quarantine(6)};
  all.audit_log = {audit(6)};
  return all;
}

// The rows of the tables, for comparing stores with each other and with themselves.
inline Result<std::vector<std::vector<Cell>>> rows_of(StoreReader& store, const Select& select) {
  std::vector<std::vector<Cell>> rows;
  BLOTTER_TRY(store.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
    rows.push_back(cells);
    return {};
  }));
  return rows;
}

inline std::vector<std::vector<Cell>> all_of(StoreReader& store, Table table, const std::string& book = kBook) {
  Select select;
  select.table = table;
  select.book_id = book;
  auto rows = rows_of(store, select);
  BLOTTER_ASSERT(rows.has_value());
  return *rows;
}

inline std::string text_of_row(Table table, const std::vector<Cell>& cells) {
  std::string line(name_of(table));
  for (const Cell& cell : cells) {
    line += '|';
    if (const auto* text = std::get_if<std::string>(&cell)) line += "'" + *text + "'";
    if (const auto* whole = std::get_if<std::int64_t>(&cell)) line += std::to_string(*whole);
    if (const auto* flag = std::get_if<bool>(&cell)) line += *flag ? "true" : "false";
  }
  return line;
}

// One line for each row of each table of the book, in the store's order.
inline std::vector<std::string> everything(StoreReader& store, const std::string& book = kBook) {
  std::vector<std::string> lines;
  for (int table = 0; table <= static_cast<int>(Table::ledger_entries); ++table) {
    for (const auto& row : all_of(store, static_cast<Table>(table), book)) {
      lines.push_back(text_of_row(static_cast<Table>(table), row));
    }
  }
  return lines;
}

}  // namespace blotter::store_rows
