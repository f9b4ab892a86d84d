// The rows of the projection: one struct for each table, described once (Boost.Describe).
//
// Member names are the column names, in the order of the table's columns; the SQL bindings, JSON and the memory store
// all follow from these descriptions. docs/schema.md says what each column means. Decimals are stored as their
// shortest exact text (SQLite) or NUMERIC (PostgreSQL); instants as RFC 3339 text or TIMESTAMPTZ; enums by name.
// book_id is the first member of every row and of every key.
#pragma once

#include <boost/describe/class.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "blotter/decimal.h"
#include "blotter/enums.h"
#include "blotter/ids.h"
#include "blotter/time.h"

namespace blotter {

struct AccountRow {  // key: account
  std::string book_id;
  std::string account;
  Asset base_currency;
  std::string broker;
  AccountingMethod method = AccountingMethod::average;
  PositionMode mode = PositionMode::netting;
  Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(AccountRow, (), (book_id, account, base_currency, broker, method, mode, created_at))

struct InstrumentRow {  // key: symbol, venue
  std::string book_id;
  std::string symbol;
  std::string venue;
  AssetClass asset_class = AssetClass::other;
  std::optional<Asset> base;
  Asset quote;
  Asset settle;
  Decimal multiplier;
  std::optional<Decimal> tick_size;
  std::optional<Decimal> lot_size;
  bool inverse = false;
  std::optional<Price> mark;
  std::optional<Timestamp> mark_at;
  Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(InstrumentRow, (),
                      (book_id, symbol, venue, asset_class, base, quote, settle, multiplier, tick_size, lot_size,
                       inverse, mark, mark_at, created_at))

struct StrategyRow {  // key: strategy
  std::string book_id;
  std::string strategy;
  Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(StrategyRow, (), (book_id, strategy, created_at))

struct OrderRow {  // key: order_id; mutable
  std::string book_id;
  Uuid order_id;
  std::string account;
  std::string client_order_id;
  std::optional<std::string> venue_order_id;
  std::string symbol;
  std::string venue;
  std::string strategy;
  Side side = Side::buy;
  OrderType order_type = OrderType::limit;
  TimeInForce tif = TimeInForce::day;
  bool post_only = false;
  bool reduce_only = false;
  std::optional<Quantity> quantity;  // unknown for an external order
  std::optional<Price> limit_price;
  std::optional<Price> stop_price;
  OrdStatus status = OrdStatus::new_;
  bool open = true;
  OrderOrigin origin = OrderOrigin::reported;
  Quantity filled_quantity;
  std::optional<Price> average_price;
  std::optional<Quantity> claimed_cum_quantity;
  std::optional<Quantity> claimed_leaves_quantity;
  bool overfilled = false;
  std::optional<std::string> reason;
  std::optional<std::string> metadata;
  Timestamp created_at;
  Timestamp updated_at;
  std::optional<Timestamp> closed_at;
  std::int64_t first_seq = 0;
  std::int64_t last_seq = 0;
};
BOOST_DESCRIBE_STRUCT(OrderRow, (),
                      (book_id, order_id, account, client_order_id, venue_order_id, symbol, venue, strategy, side,
                       order_type, tif, post_only, reduce_only, quantity, limit_price, stop_price, status, open, origin,
                       filled_quantity, average_price, claimed_cum_quantity, claimed_leaves_quantity, overfilled,
                       reason, metadata, created_at, updated_at, closed_at, first_seq, last_seq))

struct OrderEventRow {  // key: seq; append-only
  std::string book_id;
  std::int64_t seq = 0;
  Uuid order_id;
  std::string event;                   // the order machine's event: accepted, canceled, replaced, fill, …
  std::string effect;                  // apply, ignore
  OrdStatus status = OrdStatus::new_;  // after it
  std::optional<Quantity> quantity;
  std::optional<Price> limit_price;
  std::optional<std::string> reason;
  Timestamp at;
  Timestamp received_at;
  Timestamp recorded_at;
};
BOOST_DESCRIBE_STRUCT(OrderEventRow, (),
                      (book_id, seq, order_id, event, effect, status, quantity, limit_price, reason, at, received_at,
                       recorded_at))

struct FillRow {  // key: seq; append-only but for status
  std::string book_id;
  std::int64_t seq = 0;
  Uuid order_id;
  std::string account;
  std::string symbol;
  std::string venue;
  std::string strategy;
  std::string exec_id;
  std::string trade_date;  // YYYY-MM-DD, UTC, of `at`
  Side side = Side::buy;
  Quantity quantity;
  Price price;
  Decimal fee;
  Asset fee_asset;
  Liquidity liquidity = Liquidity::unknown;
  FillStatus status = FillStatus::effective;
  Decimal position_delta;  // signed change of the position's quantity (base fees included)
  Decimal cash_delta;      // signed change of the settlement currency's balance, before the fee
  Decimal cost_delta;      // signed change of the position's cost basis
  Decimal realized_pnl;    // of this fill, before fees, in the settlement currency
  Asset settle;
  Timestamp at;
  Timestamp received_at;
  Timestamp recorded_at;
};
BOOST_DESCRIBE_STRUCT(FillRow, (),
                      (book_id, seq, order_id, account, symbol, venue, strategy, exec_id, trade_date, side, quantity,
                       price, fee, fee_asset, liquidity, status, position_delta, cash_delta, cost_delta, realized_pnl,
                       settle, at, received_at, recorded_at))

// Every change of a position that is not a fill: busts, corrections, splits, late fees. Deltas as in FillRow.
struct PositionAdjustmentRow {  // key: seq; append-only
  std::string book_id;
  std::int64_t seq = 0;
  PositionAdjustmentKind kind = PositionAdjustmentKind::bust;
  std::string account;
  std::string symbol;
  std::string venue;
  std::string strategy;
  std::optional<std::int64_t> fill_seq;    // the fill it refers to
  std::optional<std::string> exec_id;      // of that fill
  std::optional<std::string> new_exec_id;  // correction
  std::optional<Quantity> quantity;        // correction: the quantity and price from now on
  std::optional<Price> price;
  std::optional<std::string> fee_id;  // late fee
  std::optional<std::string> ratio;   // split, "4/1"
  Decimal position_delta;
  Decimal cash_delta;
  Decimal cost_delta;
  Decimal realized_pnl;
  Asset settle;
  Decimal fee;  // change of fees paid; negative gives back
  Asset fee_asset;
  Timestamp at;
  Timestamp received_at;
  Timestamp recorded_at;
};
BOOST_DESCRIBE_STRUCT(PositionAdjustmentRow, (),
                      (book_id, seq, kind, account, symbol, venue, strategy, fill_seq, exec_id, new_exec_id, quantity,
                       price, fee_id, ratio, position_delta, cash_delta, cost_delta, realized_pnl, settle, fee,
                       fee_asset, at, received_at, recorded_at))

struct PositionRow {  // key: account, symbol, venue, strategy; mutable
  std::string book_id;
  std::string account;
  std::string symbol;
  std::string venue;
  std::string strategy;
  Decimal quantity;                      // negative: short
  std::optional<Decimal> average_price;  // none when flat
  Decimal cost_basis;                    // settlement currency; negative for a short
  Decimal realized_pnl;
  Decimal fees;  // paid in the settlement currency
  Asset settle;
  std::optional<Price> mark;
  std::optional<Decimal> market_value;
  std::optional<Decimal> unrealized_pnl;
  std::int64_t last_seq = 0;
};
BOOST_DESCRIBE_STRUCT(PositionRow, (),
                      (book_id, account, symbol, venue, strategy, quantity, average_price, cost_basis, realized_pnl,
                       fees, settle, mark, market_value, unrealized_pnl, last_seq))

struct BalanceRow {  // key: account, asset; mutable
  std::string book_id;
  std::string account;
  Asset asset;
  Decimal amount;
  std::int64_t last_seq = 0;
};
BOOST_DESCRIBE_STRUCT(BalanceRow, (), (book_id, account, asset, amount, last_seq))

struct CashMovementRow {  // key: seq; append-only
  std::string book_id;
  std::int64_t seq = 0;
  std::string account;
  CashKind kind = CashKind::deposit;
  std::string id;
  Asset asset;
  Decimal amount;
  std::optional<std::string> symbol;
  std::optional<std::string> venue;
  std::optional<std::string> note;
  Timestamp at;
  Timestamp received_at;
  Timestamp recorded_at;
};
BOOST_DESCRIBE_STRUCT(CashMovementRow, (),
                      (book_id, seq, account, kind, id, asset, amount, symbol, venue, note, at, received_at,
                       recorded_at))

// P&L of one position on one UTC day of the fills' `at`; a bust or correction counts on its own day.
struct PnlDailyRow {  // key: day, account, symbol, venue, strategy; mutable
  std::string book_id;
  std::string day;  // YYYY-MM-DD
  std::string account;
  std::string symbol;
  std::string venue;
  std::string strategy;
  Asset settle;
  Decimal realized_pnl;
  Decimal fees;
  Decimal bought;  // quantities filled
  Decimal sold;
  std::int64_t fills = 0;
  std::int64_t last_seq = 0;
};
BOOST_DESCRIBE_STRUCT(PnlDailyRow, (),
                      (book_id, day, account, symbol, venue, strategy, settle, realized_pnl, fees, bought, sold, fills,
                       last_seq))

struct QuarantineRow {  // key: seq; append-only but for state
  std::string book_id;
  std::int64_t seq = 0;
  QuarantineReason reason = QuarantineReason::conflict;
  QuarantineState state = QuarantineState::waiting;
  std::string account;
  std::string identity;                 // what it claims to be, for people: "fill BITSTAMP 42:0.5"
  std::string detail;                   // one line: why
  std::string content;                  // the record as offered
  std::optional<std::string> existing;  // conflict: the record we hold
  Timestamp at;
  Timestamp received_at;
  Timestamp recorded_at;
};
BOOST_DESCRIBE_STRUCT(QuarantineRow, (),
                      (book_id, seq, reason, state, account, identity, detail, content, existing, at, received_at,
                       recorded_at))

// The audit trail: who did what, besides trading.
struct AuditRow {  // key: seq; append-only
  std::string book_id;
  std::int64_t seq = 0;
  std::string component;
  std::string action;
  std::string details;  // JSON object text
  std::optional<std::string> user_id;
  std::optional<std::string> session_id;
  AuditSeverity severity = AuditSeverity::info;
  Timestamp at;
  Timestamp received_at;
  Timestamp recorded_at;
};
BOOST_DESCRIBE_STRUCT(AuditRow, (),
                      (book_id, seq, component, action, details, user_id, session_id, severity, at, received_at,
                       recorded_at))

}  // namespace blotter
