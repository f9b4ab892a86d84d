#include "core/order.h"

#include <algorithm>
#include <utility>

#include "core/event.h"

namespace blotter {
namespace {

void touch(Order& order, const EventTimes& times, Seq seq) {
  order.updated_at = std::max(order.updated_at, times.at);
  order.last_seq = seq;
}

void learn_venue_order_id(Order& order, const std::string& id) {
  if (id.empty() || order.knows_venue_order_id(id)) return;
  if (!order.terms.venue_order_id.empty()) order.former_venue_order_ids.push_back(order.terms.venue_order_id);
  order.terms.venue_order_id = id;
}

// An order is closed when it is filled or gone; closed_at follows every change of that.
void settle_closed_at(Order& order, Timestamp at) {
  if (order.is_open()) {
    order.closed_at.reset();
  } else if (!order.closed_at) {
    order.closed_at = at;
  }
}

void close(Order& order, CloseReason reason, Timestamp at) {
  order.ended_at = at;
  order.lifecycle = Lifecycle::closed;
  order.close_reason = reason;
  order.pending_new = order.pending_cancel = order.pending_replace = order.in_doubt = false;
  order.hold = Hold::none;
}

// Only what happened after the close says that an order is back: of an acknowledgement or a replace that arrives after
// the cancel that followed it, the terms are news and the life is not.
bool is_closed_since(const Order& order, Timestamp at) {
  return order.lifecycle == Lifecycle::closed && at <= order.ended_at;
}

void work(Order& order, Timestamp at) {
  if (is_closed_since(order, at)) return;
  order.lifecycle = Lifecycle::working;
  order.close_reason = CloseReason::none;
  order.pending_new = false;
  order.in_doubt = false;
  order.hold = Hold::none;
}

// A trade, or quantities that the broker states, prove that the venue has it.
void prove_present(Order& order) {
  order.in_doubt = false;
  if (order.lifecycle != Lifecycle::created && order.lifecycle != Lifecycle::sent) return;
  order.lifecycle = Lifecycle::working;
  order.pending_new = false;
}

void apply_transition(Order& order, const OrderUpdated& event) {
  switch (event.event) {
    case OrderEvent::submitted:
      break;
    case OrderEvent::sent:
      order.lifecycle = Lifecycle::sent;
      break;
    case OrderEvent::pending_new:
      order.lifecycle = Lifecycle::sent;
      order.pending_new = true;
      order.in_doubt = false;
      break;
    case OrderEvent::accepted:
      // Working as before: whatever we had asked for has been refused or forgotten.
      if (order.lifecycle == Lifecycle::working && !order.pending_new) {
        order.pending_cancel = order.pending_replace = false;
      }
      work(order, event.times.at);
      break;
    case OrderEvent::rejected:
      close(order, CloseReason::rejected, event.times.at);
      break;
    case OrderEvent::pending_cancel:
      order.pending_cancel = true;
      break;
    case OrderEvent::cancel_rejected:
      order.pending_cancel = false;
      break;
    case OrderEvent::canceled:
      close(order, CloseReason::canceled, event.times.at);
      break;
    case OrderEvent::pending_replace:
      order.pending_replace = true;
      break;
    case OrderEvent::replace_rejected:
      order.pending_replace = false;
      break;
    case OrderEvent::replaced:
      order.pending_replace = false;
      work(order, event.times.at);
      break;
    case OrderEvent::stopped:
      order.hold = Hold::stopped;
      break;
    case OrderEvent::suspended:
      order.hold = Hold::suspended;
      break;
    case OrderEvent::done_for_day:
      close(order, CloseReason::done_for_day, event.times.at);
      break;
    case OrderEvent::expired:
      close(order, CloseReason::expired, event.times.at);
      break;
    case OrderEvent::in_doubt:
      order.in_doubt = true;
      break;
    case OrderEvent::claim:
      prove_present(order);
      break;
    case OrderEvent::fill:
    case OrderEvent::bust:
    case OrderEvent::correction:
      break;
  }
}

// Whatever the broker says of an order, it may say what the order is for now; a request says only what we wish.
void learn_terms(Order& order, const OrderUpdated& event) {
  const bool wish = event.event == OrderEvent::pending_replace;
  if (wish || (!event.quantity && !event.limit_price) || event.times.at < order.terms_at) return;
  if (event.quantity) order.terms.quantity = event.quantity;
  if (event.limit_price) order.terms.limit_price = event.limit_price;
  order.terms_at = event.times.at;
}

// An order line tells the terms at the beginning; what was learnt of a later time stays.
void state_terms(Order& order, const OrderOpened& event) {
  const OrderTerms before = std::exchange(order.terms, event.terms);
  order.terms.venue_order_id = before.venue_order_id;
  learn_venue_order_id(order, event.terms.venue_order_id);
  if (before.client_order_id != event.terms.client_order_id) order.former_client_order_id = before.client_order_id;
  if (order.terms_at <= event.times.at) return;
  if (before.quantity) order.terms.quantity = before.quantity;
  if (before.limit_price) order.terms.limit_price = before.limit_price;
}

}  // namespace

bool Order::is_filled() const {
  if (cum.is_zero()) return false;
  // What an external order was for is unknown: its fills are all there is to it.
  return !terms.quantity || cum >= terms.quantity->value();
}

bool Order::is_overfilled() const { return terms.quantity && cum > terms.quantity->value(); }

// An external order of unknown quantity is never open: there is nothing we know to be still working.
bool Order::is_open() const { return lifecycle != Lifecycle::closed && terms.quantity && !is_filled(); }

OrderState Order::state() const {
  if (lifecycle == Lifecycle::closed) {
    switch (close_reason) {
      case CloseReason::expired:
        return OrderState::expired;
      case CloseReason::rejected:
        return OrderState::rejected;
      case CloseReason::replaced:
        return OrderState::replaced;
      case CloseReason::done_for_day:
        return OrderState::done_for_day;
      case CloseReason::none:
      case CloseReason::canceled:
        return OrderState::canceled;
    }
  }
  if (terms.quantity && is_filled()) return OrderState::filled;
  if (lifecycle == Lifecycle::created) return OrderState::created;
  return lifecycle == Lifecycle::sent ? OrderState::sent : OrderState::working;
}

OrdStatus Order::status() const {
  // FIX puts PendingCancel above Filled; a request to cancel what is filled already is moot, so it is not shown.
  const bool closed = lifecycle == Lifecycle::closed;
  if (!closed && pending_cancel && !is_filled()) return OrdStatus::pending_cancel;
  if (!closed && pending_replace) return OrdStatus::pending_replace;
  if (closed && close_reason == CloseReason::done_for_day) return OrdStatus::done_for_day;
  if (is_filled()) return OrdStatus::filled;
  if (hold == Hold::stopped) return OrdStatus::stopped;
  if (hold == Hold::suspended) return OrdStatus::suspended;
  if (closed) {
    switch (close_reason) {
      case CloseReason::expired:
        return OrdStatus::expired;
      case CloseReason::rejected:
        return OrdStatus::rejected;
      case CloseReason::replaced:
        return OrdStatus::replaced;
      default:
        return OrdStatus::canceled;
    }
  }
  if (!cum.is_zero()) return OrdStatus::partially_filled;
  if (lifecycle != Lifecycle::working || pending_new) return OrdStatus::pending_new;
  return OrdStatus::new_;
}

std::optional<Price> Order::average_price() const {
  if (!cum.is_positive()) return std::nullopt;
  try {
    return Price(notional / cum);
  } catch (const Overflow&) {
    return std::nullopt;
  }
}

bool Order::knows_venue_order_id(std::string_view venue_order_id) const {
  if (venue_order_id == terms.venue_order_id) return true;
  return std::find(former_venue_order_ids.begin(), former_venue_order_ids.end(), venue_order_id) !=
         former_venue_order_ids.end();
}

void apply(Order& order, const OrderOpened& event, Seq seq) {
  const bool first = to_number(order.first_seq) == 0;
  if (first) {
    order.no = event.order;
    order.id = event.order_id;
    order.account = event.account;
    order.created_at = event.times.at;
    order.updated_at = event.times.at;
    order.first_seq = seq;
    order.terms = event.terms;
    order.lifecycle = event.origin == OrderOrigin::intent ? Lifecycle::created : Lifecycle::working;
  } else {
    state_terms(order, event);
    order.created_at = std::min(order.created_at, event.times.at);
  }
  order.instrument = event.instrument;
  order.strategy = event.strategy;
  order.origin = event.origin;
  touch(order, event.times, seq);
  settle_closed_at(order, event.times.at);
}

void apply(Order& order, const OrderUpdated& event, Seq seq) {
  learn_venue_order_id(order, event.venue_order_id);
  if (event.effect == Effect::apply) {
    if (event.claimed_cum) order.claimed_cum = event.claimed_cum;
    if (event.claimed_leaves) order.claimed_leaves = event.claimed_leaves;
    if (!event.reason.empty()) order.reason = event.reason;
    apply_transition(order, event);
    learn_terms(order, event);
  }
  touch(order, event.times, seq);
  settle_closed_at(order, event.times.at);
}

void apply(Order& order, const FillBooked& event, Seq seq) {
  learn_venue_order_id(order, event.venue_order_id);
  order.cum += event.quantity.value();
  order.notional += event.quantity.value() * event.price.value();
  prove_present(order);
  // What was guaranteed has come.
  if (order.hold == Hold::stopped) order.hold = Hold::none;
  touch(order, event.times, seq);
  settle_closed_at(order, event.times.at);
}

void apply(Order& order, const FillReversed& event, Seq seq) {
  order.cum += event.order_quantity;
  order.notional += event.order_notional;
  touch(order, event.times, seq);
  settle_closed_at(order, event.times.at);
}

}  // namespace blotter
