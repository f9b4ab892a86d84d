// Order: what we know of one order. Four facts are kept apart, the status people see is derived.
//
// 1. lifecycle (created, sent, working, closed and why); 2. pending requests; 3. quantity from effective fills, beside
// what the broker claims; 4. certainty. docs/glossary.md has the words, core/order_machine.h the transitions.
#pragma once

#include <boost/describe/class.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blotter/decimal.h"
#include "blotter/enums.h"
#include "blotter/ids.h"
#include "core/order_machine.h"

namespace blotter {

struct OrderUpdated;
struct FillBooked;
struct FillReversed;
struct OrderOpened;

// What was asked for.
struct OrderTerms {
  std::string client_order_id;
  std::string venue_order_id;
  Side side = Side::buy;
  OrderType order_type = OrderType::limit;
  TimeInForce tif = TimeInForce::day;
  bool post_only = false;
  bool reduce_only = false;
  std::optional<Quantity> quantity;  // unknown for an external order
  std::optional<Price> limit_price;
  std::optional<Price> stop_price;
  std::string metadata;
};
BOOST_DESCRIBE_STRUCT(OrderTerms, (),
                      (client_order_id, venue_order_id, side, order_type, tif, post_only, reduce_only, quantity,
                       limit_price, stop_price, metadata))

enum class Lifecycle : std::uint8_t { created, sent, working, closed };
BOOST_DESCRIBE_ENUM(Lifecycle, created, sent, working, closed)

enum class CloseReason : std::uint8_t { none, canceled, expired, rejected, replaced, done_for_day };
BOOST_DESCRIBE_ENUM(CloseReason, none, canceled, expired, rejected, replaced, done_for_day)

enum class Hold : std::uint8_t { none, stopped, suspended };
BOOST_DESCRIBE_ENUM(Hold, none, stopped, suspended)

struct Order {
  OrderNo no{};
  Uuid id;
  AccountId account{};
  InstrumentId instrument{};
  StrategyId strategy{};
  OrderOrigin origin = OrderOrigin::reported;
  OrderTerms terms;  // as they stand now
  std::vector<std::string> former_venue_order_ids;
  std::string former_client_order_id;  // the name that a fill had given it, before its order line
  Lifecycle lifecycle = Lifecycle::working;
  CloseReason close_reason = CloseReason::none;
  Hold hold = Hold::none;
  bool pending_new = false;
  bool pending_cancel = false;
  bool pending_replace = false;
  bool in_doubt = false;
  Decimal cum;       // filled by effective fills
  Decimal notional;  // sum of quantity x price of them
  std::optional<Quantity> claimed_cum;
  std::optional<Quantity> claimed_leaves;
  std::string reason;
  Timestamp created_at;
  Timestamp updated_at;
  Timestamp terms_at;                  // of the latest replace
  std::optional<Timestamp> closed_at;  // filled or gone
  Timestamp ended_at;                  // of the latest end of its life
  Seq first_seq{0};
  Seq last_seq{0};
  Seq closed_seq{0};  // the event that closed it last

  OrderState state() const;
  OrdStatus status() const;
  bool is_open() const;
  bool is_filled() const;
  bool is_overfilled() const;
  std::optional<Price> average_price() const;
  bool knows_venue_order_id(std::string_view venue_order_id) const;
};
BOOST_DESCRIBE_STRUCT(Order, (),
                      (no, id, account, instrument, strategy, origin, terms, former_venue_order_ids,
                       former_client_order_id, lifecycle, close_reason, hold, pending_new, pending_cancel,
                       pending_replace, in_doubt, cum, notional, claimed_cum, claimed_leaves, reason, created_at,
                       updated_at, terms_at, closed_at, ended_at, first_seq, last_seq, closed_seq))

// The folds. Each moves last_seq and updated_at.
void apply(Order& order, const OrderOpened& event, Seq seq);
void apply(Order& order, const OrderUpdated& event, Seq seq);
void apply(Order& order, const FillBooked& event, Seq seq);
void apply(Order& order, const FillReversed& event, Seq seq);

}  // namespace blotter
