// What comes in: reports (facts the world tells us, never refused) and commands (what we want, may be refused).
//
// A report is one line of the report format (docs/formats/report.md); feeds turn foreign formats into reports.
// Members that a line may leave out are optional or empty. Every report has its own identity; offering it again has
// no effect, offering other content under the same identity is a conflict.
#pragma once

#include <boost/describe/class.hpp>
#include <optional>
#include <string>
#include <variant>

#include "blotter/decimal.h"
#include "blotter/enums.h"
#include "blotter/ids.h"
#include "blotter/time.h"

namespace blotter {

// (symbol, venue) names an instrument; the rest is used only when it is seen for the first time.
struct InstrumentName {
  std::string symbol;
  std::string venue;
  Asset quote;                            // empty: the configured default
  std::optional<AssetClass> asset_class;  // empty: the configured default
};
BOOST_DESCRIBE_STRUCT(InstrumentName, (), (symbol, venue, quote, asset_class))

// One of the two is not empty. client_order_id is ours (tag 11), venue_order_id the broker's (tag 37).
struct OrderName {
  std::string client_order_id;
  std::string venue_order_id;
};
BOOST_DESCRIBE_STRUCT(OrderName, (), (client_order_id, venue_order_id))

// An order works at the venue. Identity: (account, client_order_id).
struct OrderReport {
  std::string account;
  Timestamp at;
  OrderName order;
  InstrumentName instrument;
  Side side = Side::buy;
  Quantity quantity;
  OrderType order_type = OrderType::limit;
  std::optional<Price> limit_price;
  std::optional<Price> stop_price;
  TimeInForce tif = TimeInForce::day;
  bool post_only = false;
  bool reduce_only = false;
  std::string strategy;   // empty: unattributed
  std::string metadata;   // JSON object text or empty
  bool external = false;  // first seen when it had been working already: not from its beginning, maybe not ours
};
BOOST_DESCRIBE_STRUCT(OrderReport, (),
                      (account, at, order, instrument, side, quantity, order_type, limit_price, stop_price, tif,
                       post_only, reduce_only, strategy, metadata, external))

// The broker says where an order stands. Identity: (account, order, at, the whole content).
struct OrderStatusReport {
  std::string account;
  Timestamp at;
  OrderName order;
  OrdStatus status = OrdStatus::new_;
  std::string reason;
  std::optional<Quantity> quantity;      // the order's quantity from now on (replaced, restated)
  std::optional<Price> limit_price;      // its limit from now on
  std::optional<Quantity> cum_quantity;  // the broker's claim, kept beside ours as evidence
  std::optional<Quantity> leaves_quantity;
};
BOOST_DESCRIBE_STRUCT(OrderStatusReport, (),
                      (account, at, order, status, reason, quantity, limit_price, cum_quantity, leaves_quantity))

// A trade of one of our orders. Identity: (account, venue, symbol, exec_id, side, UTC day of `at`).
struct FillReport {
  std::string account;
  Timestamp at;
  std::string exec_id;
  OrderName order;
  InstrumentName instrument;
  Side side = Side::buy;
  Quantity quantity;
  Price price;
  Decimal fee;      // positive: paid by us; negative: a rebate
  Asset fee_asset;  // empty: the instrument's settlement currency
  Liquidity liquidity = Liquidity::unknown;
  std::string strategy;  // empty: the order's, else unattributed
};
BOOST_DESCRIBE_STRUCT(FillReport, (),
                      (account, at, exec_id, order, instrument, side, quantity, price, fee, fee_asset, liquidity,
                       strategy))

// The trade never happened. Identity: (account, execution).
struct BustReport {
  std::string account;
  Timestamp at;
  std::string exec_id;
  std::string symbol;  // symbol, venue and side only when exec_id alone is ambiguous
  std::string venue;
  std::optional<Side> side;
};
BOOST_DESCRIBE_STRUCT(BustReport, (), (account, at, exec_id, symbol, venue, side))

// The trade was another one: `new_exec_id` stands in the place of `exec_id`. What is left out stays as it was.
// Identity: as a fill, by new_exec_id.
struct CorrectReport {
  std::string account;
  Timestamp at;
  std::string exec_id;
  std::string new_exec_id;
  std::optional<Quantity> quantity;
  std::optional<Price> price;
  std::optional<Decimal> fee;
  std::string symbol;
  std::string venue;
  std::optional<Side> side;
};
BOOST_DESCRIBE_STRUCT(CorrectReport, (), (account, at, exec_id, new_exec_id, quantity, price, fee, symbol, venue, side))

// A late or additional fee of an execution. Identity: (account, execution, id).
struct FeeReport {
  std::string account;
  Timestamp at;
  std::string exec_id;
  std::string id;
  Decimal amount;  // positive: paid by us
  Asset asset;
  std::string symbol;
  std::string venue;
  std::optional<Side> side;
};
BOOST_DESCRIBE_STRUCT(FeeReport, (), (account, at, exec_id, id, amount, asset, symbol, venue, side))

// A change of a balance that is not a fill. Identity: (account, kind, id).
struct CashReport {
  std::string account;
  Timestamp at;
  std::string id;
  Asset asset;
  Decimal amount;  // signed: positive into the account
  CashKind kind = CashKind::deposit;
  std::string symbol;
  std::string venue;
  std::string note;
};
BOOST_DESCRIBE_STRUCT(CashReport, (), (account, at, id, asset, amount, kind, symbol, venue, note))

// The price at which open positions are valued. An older mark than the current one has no effect.
struct MarkReport {
  Timestamp at;
  InstrumentName instrument;
  Price price;
};
BOOST_DESCRIBE_STRUCT(MarkReport, (), (at, instrument, price))

// `numerator` new units for every `denominator` old ones. Identity: (instrument, at).
struct SplitReport {
  Timestamp at;
  InstrumentName instrument;
  Decimal numerator;
  Decimal denominator;
};
BOOST_DESCRIBE_STRUCT(SplitReport, (), (at, instrument, numerator, denominator))

// What is known of an instrument. May fill in an instrument that was registered on first sight and has no fills;
// other content later is a conflict.
struct InstrumentReport {
  Timestamp at;
  std::string symbol;
  std::string venue;
  AssetClass asset_class = AssetClass::other;
  Asset base;  // empty: not a pair
  Asset quote;
  Asset settle;  // empty: quote, or base when inverse
  Decimal multiplier{1};
  Decimal tick_size;  // zero: unknown
  Decimal lot_size;   // zero: unknown
  bool inverse = false;
};
BOOST_DESCRIBE_STRUCT(InstrumentReport, (),
                      (at, symbol, venue, asset_class, base, quote, settle, multiplier, tick_size, lot_size, inverse))

// What is known of an account; the same rule.
struct AccountReport {
  Timestamp at;
  std::string account;
  Asset base_currency;
  std::string broker;
  AccountingMethod method = AccountingMethod::average;
  PositionMode mode = PositionMode::netting;
};
BOOST_DESCRIBE_STRUCT(AccountReport, (), (at, account, base_currency, broker, method, mode))

// Something worth keeping that is no trade: a decision, a login, a changed setting, an error. It moves no money.
// Identity: (component, id), or the whole content when there is no id.
struct AuditReport {
  Timestamp at;
  std::string component;   // who: "execution_engine"
  std::string action;      // what: "order_rejected"
  std::string id;          // may be empty
  std::string details;     // JSON object text; empty: none
  std::string user_id;     // may be empty
  std::string session_id;  // may be empty
  AuditSeverity severity = AuditSeverity::info;
};
BOOST_DESCRIBE_STRUCT(AuditReport, (), (at, component, action, id, details, user_id, session_id, severity))

using Report = std::variant<OrderReport, OrderStatusReport, FillReport, BustReport, CorrectReport, FeeReport,
                            CashReport, MarkReport, SplitReport, InstrumentReport, AccountReport, AuditReport>;

// What we want. Unlike a report, a command may be refused; what is accepted is recorded before anybody sends it.
struct SubmitOrder {
  OrderReport terms;  // `at`: when the strategy decided
};
struct CancelOrder {
  std::string account;
  Timestamp at;
  OrderName order;
};
struct ReplaceOrder {
  std::string account;
  Timestamp at;
  OrderName order;
  std::optional<Quantity> quantity;
  std::optional<Price> limit_price;
};
using Command = std::variant<SubmitOrder, CancelOrder, ReplaceOrder>;

// What became of one report or accepted command.
enum class Outcome : std::uint8_t {
  created,      // it had its effect
  exists,       // known already, same content: no effect
  conflict,     // the identity is known with other content: kept in quarantine, not merged
  quarantined,  // cannot be applied as it stands: kept in quarantine
};
BOOST_DESCRIBE_ENUM(Outcome, created, exists, conflict, quarantined)

}  // namespace blotter
