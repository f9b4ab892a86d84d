// Events: what was decided. The only thing the journal holds, and all that evolve() needs.
//
// Each struct describes itself once (Boost.Describe); the codec (core/codec.h) follows from the description, so members
// are written in the order of the description. An event carries the consequences that decide() computed (deltas of
// position and cash), so that a reader can book it without knowing the rules that led to it.
#pragma once

#include <boost/describe/class.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "blotter/decimal.h"
#include "blotter/enums.h"
#include "blotter/ids.h"
#include "blotter/report.h"
#include "core/identity.h"
#include "core/order.h"
#include "core/order_machine.h"
#include "core/position.h"

namespace blotter {

struct EventTimes {
  Timestamp at;           // when the world says it happened
  Timestamp received_at;  // when it reached us
  Timestamp recorded_at;  // when we decided
};
BOOST_DESCRIBE_STRUCT(EventTimes, (), (at, received_at, recorded_at))

// Whether a definition was stated or made up on first sight from defaults.
enum class Definition : std::uint8_t { first_sight, stated };
BOOST_DESCRIBE_ENUM(Definition, first_sight, stated)

struct AccountDefined {  // an id seen before: redefined
  EventTimes times;
  AccountId account{};
  std::string name;
  Asset base_currency;
  std::string broker;
  AccountingMethod method = AccountingMethod::average;
  PositionMode mode = PositionMode::netting;
  Definition definition = Definition::first_sight;
};
BOOST_DESCRIBE_STRUCT(AccountDefined, (), (times, account, name, base_currency, broker, method, mode, definition))

struct InstrumentDefined {
  EventTimes times;
  InstrumentId instrument{};
  std::string symbol;
  std::string venue;
  AssetClass asset_class = AssetClass::other;
  Asset base;
  Asset quote;
  Asset settle;
  Decimal multiplier{1};
  Decimal tick_size;
  Decimal lot_size;
  bool inverse = false;
  Definition definition = Definition::first_sight;
};
BOOST_DESCRIBE_STRUCT(InstrumentDefined, (),
                      (times, instrument, symbol, venue, asset_class, base, quote, settle, multiplier, tick_size,
                       lot_size, inverse, definition))

struct StrategyDefined {
  EventTimes times;
  StrategyId strategy{};
  std::string name;
};
BOOST_DESCRIBE_STRUCT(StrategyDefined, (), (times, strategy, name))

// A new order, or (a number seen before) the statement of one that a fill had brought in as external.
struct OrderOpened {
  EventTimes times;
  OrderNo order{};
  Uuid order_id;
  AccountId account{};
  InstrumentId instrument{};
  StrategyId strategy{};
  OrderTerms terms;
  OrderOrigin origin = OrderOrigin::reported;
  Seq previous_of_order{0};
  Identity identity;
};
BOOST_DESCRIBE_STRUCT(OrderOpened, (),
                      (times, order, order_id, account, instrument, strategy, terms, origin, previous_of_order,
                       identity))

struct OrderUpdated {
  EventTimes times;
  OrderNo order{};
  OrderEvent event = OrderEvent::accepted;
  Effect effect = Effect::apply;
  std::string reason;
  std::optional<Quantity> quantity;
  std::optional<Price> limit_price;
  std::optional<Quantity> claimed_cum;
  std::optional<Quantity> claimed_leaves;
  std::string venue_order_id;  // learned with this event; else empty
  Seq previous_of_order{0};
  Identity identity;
  Seq released{0};  // the quarantined record this is, when it had to wait
};
BOOST_DESCRIBE_STRUCT(OrderUpdated, (),
                      (times, order, event, effect, reason, quantity, limit_price, claimed_cum, claimed_leaves,
                       venue_order_id, previous_of_order, identity, released))

// An order that had been dropped from memory after its close is back, because a late fact names it.
struct OrderRecalled {
  EventTimes times;
  Order order;
};
BOOST_DESCRIBE_STRUCT(OrderRecalled, (), (times, order))

struct FillBooked {
  EventTimes times;
  OrderNo order{};
  AccountId account{};
  InstrumentId instrument{};
  StrategyId strategy{};
  std::string exec_id;
  std::string venue_order_id;  // learned with this event; else empty
  Side side = Side::buy;
  Quantity quantity;
  Price price;
  Decimal fee;
  Asset fee_asset;
  Liquidity liquidity = Liquidity::unknown;
  PositionDelta delta;
  Decimal trade_cash;  // signed value of the trade in the settlement currency (the fold's cash)
  Decimal cash;        // change of the settlement balance: trade_cash, or the realised P&L of a derivative
  Seq previous_of_order{0};
  Seq previous_of_position{0};
  Identity identity;
};
BOOST_DESCRIBE_STRUCT(FillBooked, (),
                      (times, order, account, instrument, strategy, exec_id, venue_order_id, side, quantity, price, fee,
                       fee_asset, liquidity, delta, trade_cash, cash, previous_of_order, previous_of_position,
                       identity))

// A bust or correction. The position is what it would be, had the original never been (or been the corrected trade).
struct FillReversed {
  EventTimes times;
  PositionAdjustmentKind kind = PositionAdjustmentKind::bust;
  Seq fill{0};  // the FillBooked that it is about, also when a correction had replaced it already
  OrderNo order{};
  AccountId account{};
  InstrumentId instrument{};
  StrategyId strategy{};
  Side side = Side::buy;
  std::string exec_id;
  std::string new_exec_id;  // correction
  Quantity quantity;        // correction: of the trade from now on
  Price price;
  Decimal fee;
  Asset fee_asset;
  Decimal order_quantity;  // signed change of the order's filled quantity
  Decimal order_notional;  // and of its sum of quantity x price
  PositionDelta delta;
  Decimal trade_cash;     // correction: of the trade from now on
  Decimal step_quantity;  // and its change of inventory
  Decimal cash;
  Decimal fee_change;  // signed change of the fees paid
  PositionState after;
  Seq previous_of_order{0};
  Seq previous_of_position{0};
  Identity identity;
  Seq released{0};
};
BOOST_DESCRIBE_STRUCT(FillReversed, (),
                      (times, kind, fill, order, account, instrument, strategy, side, exec_id, new_exec_id, quantity,
                       price, fee, fee_asset, order_quantity, order_notional, delta, trade_cash, step_quantity, cash,
                       fee_change, after, previous_of_order, previous_of_position, identity, released))

struct FeeBooked {
  EventTimes times;
  Seq fill{0};
  AccountId account{};
  InstrumentId instrument{};
  StrategyId strategy{};
  std::string exec_id;
  std::string fee_id;
  Decimal amount;
  Asset asset;
  PositionDelta delta;  // not zero only when the fee was taken in the base asset
  Decimal cash;
  Seq previous_of_position{0};
  Identity identity;
  Seq released{0};
};
BOOST_DESCRIBE_STRUCT(FeeBooked, (),
                      (times, fill, account, instrument, strategy, exec_id, fee_id, amount, asset, delta, cash,
                       previous_of_position, identity, released))

struct CashMoved {
  EventTimes times;
  AccountId account{};
  std::string id;
  CashKind kind = CashKind::deposit;
  Asset asset;
  Decimal amount;
  std::string symbol;
  std::string venue;
  std::string note;
  Identity identity;
};
BOOST_DESCRIBE_STRUCT(CashMoved, (), (times, account, id, kind, asset, amount, symbol, venue, note, identity))

struct MarkSet {
  EventTimes times;
  InstrumentId instrument{};
  Price price;
};
BOOST_DESCRIBE_STRUCT(MarkSet, (), (times, instrument, price))

struct SplitRecorded {
  EventTimes times;
  InstrumentId instrument{};
  Decimal numerator;
  Decimal denominator;
  Identity identity;
};
BOOST_DESCRIBE_STRUCT(SplitRecorded, (), (times, instrument, numerator, denominator, identity))

// The split's effect on one position; follows its SplitRecorded at once.
struct PositionSplit {
  EventTimes times;
  AccountId account{};
  InstrumentId instrument{};
  StrategyId strategy{};
  Decimal numerator;
  Decimal denominator;
  PositionDelta delta;
  Seq previous_of_position{0};
};
BOOST_DESCRIBE_STRUCT(PositionSplit, (),
                      (times, account, instrument, strategy, numerator, denominator, delta, previous_of_position))

// A report that waits for the order or the execution it names.
using WaitingReport = std::variant<std::monostate, OrderStatusReport, BustReport, CorrectReport, FeeReport>;

struct Quarantined {
  EventTimes times;
  QuarantineReason reason = QuarantineReason::conflict;
  std::string account;
  std::string claims;  // the identity, for people
  std::string detail;
  std::string content;
  std::string existing;
  IdentityKey waits_for;  // the order or execution; zero when it waits for a person
  WaitingReport waiting;
  Identity identity;
};
BOOST_DESCRIBE_STRUCT(Quarantined, (),
                      (times, reason, account, claims, detail, content, existing, waits_for, waiting, identity))

// An entry of the audit trail. It changes nothing of the book.
struct AuditRecorded {
  EventTimes times;
  std::string component;
  std::string action;
  std::string id;
  std::string details;  // compact JSON object text, or empty
  std::string user_id;
  std::string session_id;
  AuditSeverity severity = AuditSeverity::info;
  Identity identity;
};
BOOST_DESCRIBE_STRUCT(AuditRecorded, (),
                      (times, component, action, id, details, user_id, session_id, severity, identity))

// An event's place in this list is its code in the journal: new ones come last, and none is ever taken out.
using Event = std::variant<AccountDefined, InstrumentDefined, StrategyDefined, OrderOpened, OrderUpdated, OrderRecalled,
                           FillBooked, FillReversed, FeeBooked, CashMoved, MarkSet, SplitRecorded, PositionSplit,
                           Quarantined, AuditRecorded>;

}  // namespace blotter
