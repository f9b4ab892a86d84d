// decide() for orders and what the broker says of them, and for our own commands.
#include <fmt/format.h>

#include "core/decider.h"

namespace blotter {
namespace {

// An optional value for hashing: its absence and zero differ.
template <class Value>
std::string optional_bytes(const std::optional<Value>& value) {
  if (!value) return "-";
  const Decimal decimal = value->value();
  return "+" + std::string(bytes_of(decimal));
}

std::uint64_t content_of(const OrderReport& report) {
  const std::string limit = optional_bytes(report.limit_price);
  const std::string stop = optional_bytes(report.stop_price);
  const char flags[] = {static_cast<char>(report.side), static_cast<char>(report.order_type),
                        static_cast<char>(report.tif), report.post_only ? '1' : '0', report.reduce_only ? '1' : '0'};
  return make_content({report.instrument.symbol,
                       report.instrument.venue,
                       {flags, sizeof flags},
                       bytes_of(report.quantity),
                       limit,
                       stop,
                       report.strategy});
}

OrderTerms terms_of(const OrderReport& report) {
  return {.client_order_id = report.order.client_order_id,
          .venue_order_id = report.order.venue_order_id,
          .side = report.side,
          .order_type = report.order_type,
          .tif = report.tif,
          .post_only = report.post_only,
          .reduce_only = report.reduce_only,
          .quantity = report.quantity,
          .limit_price = report.limit_price,
          .stop_price = report.stop_price,
          .metadata = report.metadata};
}

OrderEvent event_of(OrdStatus status) {
  switch (status) {
    case OrdStatus::pending_new:
      return OrderEvent::pending_new;
    case OrdStatus::new_:
      return OrderEvent::accepted;
    case OrdStatus::partially_filled:
    case OrdStatus::filled:
      return OrderEvent::claim;
    case OrdStatus::done_for_day:
      return OrderEvent::done_for_day;
    case OrdStatus::canceled:
      return OrderEvent::canceled;
    case OrdStatus::replaced:
      return OrderEvent::replaced;
    case OrdStatus::pending_cancel:
      return OrderEvent::pending_cancel;
    case OrdStatus::stopped:
      return OrderEvent::stopped;
    case OrdStatus::rejected:
      return OrderEvent::rejected;
    case OrdStatus::suspended:
      return OrderEvent::suspended;
    case OrdStatus::expired:
      return OrderEvent::expired;
    case OrdStatus::pending_replace:
      return OrderEvent::pending_replace;
  }
  return OrderEvent::claim;
}

const std::string& display_name(const OrderName& name) {
  return name.client_order_id.empty() ? name.venue_order_id : name.client_order_id;
}

bool is_new_venue_id(const Order& order, const std::string& id) {
  return !id.empty() && !order.knows_venue_order_id(id);
}

}  // namespace

Decider::Found Decider::find_order(std::string_view account, const OrderName& name) {
  const auto look = [&](const IdentityKey& key) -> Found {
    if (const Order* order = book_.find_order(key)) return {.order = order, .recalling = false};
    const Identities::Entry* known = identities_.find(key);
    if (known == nullptr) return {};
    // It was dropped from memory after its close. It comes back first, as an event of its own.
    if (!evidence_.order) {
      out_.events.clear();
      out_.need = Need{.kind = Need::Kind::order, .seqs = {known->seq()}, .position = {}};
    } else if (const Order* live = book_.find_order(evidence_.order->no)) {
      return {.order = live, .recalling = false};
    } else {
      out_.events.clear();
      emit(OrderRecalled{.times = times(evidence_.order->updated_at), .order = *evidence_.order});
    }
    return {.order = nullptr, .recalling = true};
  };
  Found found;
  if (!name.client_order_id.empty()) found = look(order_key(account, name.client_order_id));
  if (found.order == nullptr && !found.recalling && !name.venue_order_id.empty()) {
    found = look(venue_order_key(account, name.venue_order_id));
  }
  return found;
}

void Decider::wake_order(std::string_view account, const OrderTerms& terms) {
  out_.woken.push_back(order_key(account, terms.client_order_id));
  if (!terms.venue_order_id.empty()) out_.woken.push_back(venue_order_key(account, terms.venue_order_id));
}

void Decider::open(const OrderReport& report, OrderOrigin origin) {
  const Identity identity{
      .key = order_key(report.account, report.order.client_order_id), .variant = 0, .content = content_of(report)};
  const Identities::Entry* known = identities_.find(identity.key);
  if (known != nullptr && known->content != 0 && known->content != identity.content) {
    return conflict(*known, report.account, report.at,
                    fmt::format("order {} {}", report.account, report.order.client_order_id));
  }
  // Stated before and dropped from memory since: nothing that could still be learnt is worth recalling it for.
  const bool stated = known != nullptr && known->content != 0;
  if (stated && book_.find_order(identity.key) == nullptr) return exists();
  const Found found = find_order(report.account, report.order);
  if (found.recalling) return;
  if (found.order != nullptr) {
    const Instrument& instrument = register_instrument(report.instrument, report.at);
    return state_known_order(report, *found.order, instrument, identity, origin);
  }
  const Registered account = register_account(report.account, report.at);
  const InstrumentId instrument = register_instrument(report.instrument, report.at).id;
  const StrategyId strategy = register_strategy(report.strategy, report.at);
  OrderTerms terms = terms_of(report);
  wake_order(report.account, terms);
  emit(OrderOpened{.times = times(report.at),
                   .order = book_.next_order_no(),
                   .order_id = make_order_id(report.at, report.account, report.order.client_order_id),
                   .account = account.account,
                   .instrument = instrument,
                   .strategy = strategy,
                   .terms = std::move(terms),
                   .origin = origin,
                   .previous_of_order = Seq{0},
                   .identity = identity});
}

// The order is there: stated before (the same content), an intent that the broker now confirms, or one that a fill had
// brought in.
void Decider::state_known_order(const OrderReport& report, const Order& order, const Instrument& instrument,
                                const Identity& identity, OrderOrigin origin) {
  // Only a fill or a status has told of it so far.
  const Identities::Entry* own = identities_.find(order_key(report.account, order.terms.client_order_id));
  if (own == nullptr || own->content == 0) {
    if (order.instrument != instrument.id || order.terms.side != report.side) {
      return quarantine(QuarantineReason::contradiction, report.account, report.at,
                        fmt::format("order {} {}", report.account, report.order.client_order_id),
                        "a fill of this order says another instrument or side");
    }
    OrderTerms terms = terms_of(report);
    wake_order(report.account, terms);
    // What its fills were booked under stays: a position never moves between strategies silently.
    emit(OrderOpened{.times = times(report.at),
                     .order = order.no,
                     .order_id = order.id,
                     .account = order.account,
                     .instrument = order.instrument,
                     .strategy = order.strategy,
                     .terms = std::move(terms),
                     .origin = OrderOrigin::reported,
                     .previous_of_order = order.last_seq,
                     .identity = identity});
    return;
  }
  if (order.terms.client_order_id != report.order.client_order_id) {
    // Another client_order_id under a venue id that belongs to a stated order.
    return quarantine(
        QuarantineReason::contradiction, report.account, report.at,
        fmt::format("order {} {}", report.account, report.order.client_order_id),
        fmt::format("venue_order_id {} belongs to order {}", report.order.venue_order_id, order.terms.client_order_id));
  }
  // The broker's word confirms an intent; the same intent again does not.
  const bool confirms =
      origin != OrderOrigin::intent && order.origin == OrderOrigin::intent && order.lifecycle < Lifecycle::working;
  const bool learns = is_new_venue_id(order, report.order.venue_order_id);
  if (!confirms && !learns) return exists();
  if (learns) out_.woken.push_back(venue_order_key(report.account, report.order.venue_order_id));
  emit(OrderUpdated{.times = times(report.at),
                    .order = order.no,
                    .event = confirms ? OrderEvent::accepted : OrderEvent::claim,
                    .effect = Effect::apply,
                    .reason = {},
                    .quantity = {},
                    .limit_price = {},
                    .claimed_cum = {},
                    .claimed_leaves = {},
                    .venue_order_id = learns ? report.order.venue_order_id : std::string{},
                    .previous_of_order = order.last_seq,
                    .identity = {},
                    .released = {}});
}

void Decider::decide(const OrderStatusReport& report) {
  const std::string& name = display_name(report.order);
  const Identity identity{
      .key =
          make_key(IdentityKind::status, {report.account, report.order.client_order_id, report.order.venue_order_id,
                                          bytes_of(report.at.ns), name_of(report.status), report.reason,
                                          optional_bytes(report.quantity), optional_bytes(report.limit_price),
                                          optional_bytes(report.cum_quantity), optional_bytes(report.leaves_quantity)}),
      .variant = 0,
      .content = 1};
  if (identities_.find(identity.key) != nullptr) return exists();
  const Found found = find_order(report.account, report.order);
  if (found.recalling) return;
  const std::string claims = fmt::format("order_status {} {} {}", report.account, name, name_of(report.status));
  if (found.order == nullptr) {
    const IdentityKey waits_for = report.order.client_order_id.empty()
                                      ? venue_order_key(report.account, report.order.venue_order_id)
                                      : order_key(report.account, report.order.client_order_id);
    return quarantine(QuarantineReason::unknown_order, report.account, report.at, claims,
                      "no such order yet; applied when it becomes known", waits_for, report);
  }
  const Order& order = *found.order;
  OrderEvent event = event_of(report.status);
  // "Partially filled" says that it works, besides the quantities.
  if (report.status == OrdStatus::partially_filled && effect_of(order.state(), OrderEvent::accepted) == Effect::apply) {
    event = OrderEvent::accepted;
  }
  Effect effect = effect_of(order.state(), event);
  // An older replace does not undo a newer one.
  if (event == OrderEvent::replaced && report.at < order.terms_at) effect = Effect::ignore;
  if (effect == Effect::quarantine) {
    return quarantine(QuarantineReason::contradiction, report.account, report.at, claims,
                      fmt::format("the order is {} with {} filled", name_of(order.state()), to_text(order.cum)));
  }
  if (is_new_venue_id(order, report.order.venue_order_id)) {
    out_.woken.push_back(venue_order_key(report.account, report.order.venue_order_id));
  }
  emit(OrderUpdated{.times = times(report.at),
                    .order = order.no,
                    .event = event,
                    .effect = effect,
                    .reason = report.reason,
                    .quantity = report.quantity,
                    .limit_price = report.limit_price,
                    .claimed_cum = report.cum_quantity,
                    .claimed_leaves = report.leaves_quantity,
                    .venue_order_id = is_new_venue_id(order, report.order.venue_order_id) ? report.order.venue_order_id
                                                                                          : std::string{},
                    .previous_of_order = order.last_seq,
                    .identity = identity,
                    .released = context_.released});
}

Result<void> Decider::decide(const SubmitOrder& command) {
  open(command.terms, OrderOrigin::intent);
  return {};
}

Result<void> Decider::decide(const CancelOrder& command) {
  const Found found = find_order(command.account, command.order);
  if (found.recalling) return {};
  if (found.order == nullptr) return fail(Errc::not_found, "no order " + display_name(command.order));
  if (!found.order->is_open()) {
    return fail(Errc::stale,
                fmt::format("order {} is {} already", display_name(command.order), name_of(found.order->status())));
  }
  if (found.order->pending_cancel) {
    exists();
    return {};
  }
  emit(OrderUpdated{.times = times(command.at),
                    .order = found.order->no,
                    .event = OrderEvent::pending_cancel,
                    .effect = Effect::apply,
                    .reason = {},
                    .quantity = {},
                    .limit_price = {},
                    .claimed_cum = {},
                    .claimed_leaves = {},
                    .venue_order_id = {},
                    .previous_of_order = found.order->last_seq,
                    .identity = {},
                    .released = {}});
  return {};
}

Result<void> Decider::decide(const ReplaceOrder& command) {
  if (!command.quantity && !command.limit_price)
    return fail(Errc::invalid, "a replace changes quantity or limit_price");
  if (command.quantity && !command.quantity->is_positive()) return fail(Errc::invalid, "quantity: must be positive");
  const Found found = find_order(command.account, command.order);
  if (found.recalling) return {};
  if (found.order == nullptr) return fail(Errc::not_found, "no order " + display_name(command.order));
  if (!found.order->is_open()) {
    return fail(Errc::stale,
                fmt::format("order {} is {} already", display_name(command.order), name_of(found.order->status())));
  }
  emit(OrderUpdated{.times = times(command.at),
                    .order = found.order->no,
                    .event = OrderEvent::pending_replace,
                    .effect = Effect::apply,
                    .reason = {},
                    .quantity = command.quantity,
                    .limit_price = command.limit_price,
                    .claimed_cum = {},
                    .claimed_leaves = {},
                    .venue_order_id = {},
                    .previous_of_order = found.order->last_seq,
                    .identity = {},
                    .released = {}});
  return {};
}

}  // namespace blotter
