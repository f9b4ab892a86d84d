// decide() for what happens to a trade afterwards: bust, correction, late fee.
#include <fmt/format.h>

#include <algorithm>

#include "core/decider.h"
#include "core/render.h"

namespace blotter {
namespace {

template <class ReportStruct>
bool matches(const Book& book, const ReportStruct& report, const FillBooked& fill) {
  const Instrument& instrument = book.instrument(fill.instrument);
  return (report.symbol.empty() || report.symbol == instrument.symbol) &&
         (report.venue.empty() || report.venue == instrument.venue) && (!report.side || *report.side == fill.side);
}

}  // namespace

// A correction carries the identity of its new exec_id and leads to the fill that it corrected.
std::optional<Decider::Execution> Decider::execution_of(const Identities::Entry& entry) const {
  const auto held = std::find_if(evidence_.events.begin(), evidence_.events.end(),
                                 [&](const JournalEvent& event) { return event.seq == entry.seq(); });
  if (held == evidence_.events.end()) return std::nullopt;
  if (const auto* fill = std::get_if<FillBooked>(&held->event)) {
    return Execution{.fill = *fill, .seq = held->seq, .variant = entry.variant()};
  }
  const auto* reversed = std::get_if<FillReversed>(&held->event);
  // A correction whose new execution had been booked already took the old one away, and brought none in.
  if (reversed == nullptr || reversed->kind == PositionAdjustmentKind::bust) return std::nullopt;
  Execution execution{.fill = {}, .seq = reversed->fill, .variant = entry.variant()};
  execution.fill.times = reversed->times;
  execution.fill.order = reversed->order;
  execution.fill.account = reversed->account;
  execution.fill.instrument = reversed->instrument;
  execution.fill.strategy = reversed->strategy;
  execution.fill.side = reversed->side;
  execution.fill.exec_id = reversed->new_exec_id;
  return execution;
}

// The ids of a correction may lead back to one fill in two ways.
void Decider::add_once(std::vector<Execution>& candidates, Execution candidate) {
  for (const Execution& known : candidates) {
    if (known.seq == candidate.seq) return;
  }
  candidates.push_back(std::move(candidate));
}

// A venue that gives its execution ids anew each day.
bool Decider::differ_in_date_only(const std::vector<Execution>& candidates) {
  return std::all_of(candidates.begin(), candidates.end(), [&](const Execution& candidate) {
    return candidate.fill.instrument == candidates.front().fill.instrument &&
           candidate.fill.side == candidates.front().fill.side;
  });
}

// What is said at an instant is about the latest execution until then; or the first one, when all are later.
Decider::Execution Decider::latest_until(Timestamp at, std::vector<Execution>& candidates) {
  std::sort(candidates.begin(), candidates.end(),
            [](const Execution& a, const Execution& b) { return a.fill.times.at < b.fill.times.at; });
  std::size_t chosen = 0;
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    if (candidates[i].fill.times.at <= at) chosen = i;
  }
  return std::move(candidates[chosen]);
}

template <class ReportStruct>
std::optional<Decider::Execution> Decider::find_execution(const ReportStruct& report, const char* what) {
  const IdentityKey key = make_key(IdentityKind::execution, {report.account, report.exec_id});
  const std::string claims = fmt::format("{} {} {}", what, report.account, report.exec_id);
  const std::vector<Identities::Entry> entries = identities_.find_all(key);
  if (entries.empty()) {
    quarantine(QuarantineReason::unknown_execution, report.account, report.at, claims,
               "no such execution yet; applied when it arrives", key, report);
    return std::nullopt;
  }
  if (evidence_.events.empty()) {
    std::vector<Seq> seqs;
    seqs.reserve(entries.size());
    for (const Identities::Entry& entry : entries) seqs.push_back(entry.seq());
    need_events(std::move(seqs));
    return std::nullopt;
  }
  std::vector<Execution> candidates;
  for (const Identities::Entry& entry : entries) {
    auto candidate = execution_of(entry);
    if (candidate && matches(book_, report, candidate->fill)) add_once(candidates, std::move(*candidate));
  }
  if (candidates.size() > 1 && differ_in_date_only(candidates)) return latest_until(report.at, candidates);
  if (candidates.size() == 1) return std::move(candidates.front());
  quarantine(QuarantineReason::ambiguous, report.account, report.at, claims,
             candidates.empty() ? "the execution with this id has another symbol, venue or side"
                                : "several executions have this id; say symbol, venue and side");
  return std::nullopt;
}

// True when the decision is to recall the order first.
bool Decider::recall_order_of(const Execution& execution) {
  if (book_.find_order(execution.fill.order) != nullptr) return false;
  out_.events.clear();
  if (!evidence_.order) {
    out_.need = Need{.kind = Need::Kind::fill_order, .seqs = {execution.seq}, .position = {}};
  } else {
    emit(OrderRecalled{.times = times(evidence_.order->updated_at), .order = *evidence_.order});
  }
  return true;
}

namespace {

PositionKey key_of(const FillBooked& fill) {
  return {.account = fill.account, .instrument = fill.instrument, .strategy = fill.strategy};
}

}  // namespace

// Recent fills are folded again in memory; for an older one the position's whole history is fetched first. Nothing when
// the decision has to wait for what was asked for.
std::optional<PositionHistory> Decider::history_of(const Execution& execution) {
  const Position& position = *book_.find_position(key_of(execution.fill));
  if (!position.window.contains(execution.seq) && !position.is_reversed(execution.seq)) {
    if (!evidence_.history) {
      out_.need = Need{.kind = Need::Kind::history, .seqs = {}, .position = position.key};
      return std::nullopt;
    }
    return PositionHistory(*evidence_.history);
  }
  const ReversedFill* reversed = position.find_reversed(execution.seq);
  if (reversed == nullptr) return PositionHistory(position.window, facts_of(execution.seq, execution.fill));
  if (reversed->kind == PositionAdjustmentKind::bust) return PositionHistory(position.window, std::nullopt);
  // It was corrected: what it says now is in the last correction.
  for (const JournalEvent& event : evidence_.events) {
    if (event.seq != reversed->by) continue;
    const TradeFacts facts = facts_of(execution.seq, std::get<FillReversed>(event.event));
    if (position.window.contains(execution.seq)) return PositionHistory(position.window, facts);
    if (evidence_.history) return PositionHistory(*evidence_.history);
    out_.need = Need{.kind = Need::Kind::history, .seqs = {}, .position = position.key};
    return std::nullopt;
  }
  need_events({reversed->by});
  return std::nullopt;
}

// Fills in what a bust and a correction share and emits it.
void Decider::reverse(const Execution& execution, const TradeFacts& facts, const PositionState& after,
                      FillReversed event) {
  const Position& position = *book_.find_position(key_of(execution.fill));
  const Instrument& instrument = book_.instrument(facts.instrument);
  event.fill = execution.seq;
  event.order = facts.order;
  event.account = facts.account;
  event.instrument = facts.instrument;
  event.strategy = facts.strategy;
  event.side = facts.side;
  event.exec_id = facts.exec_id;
  event.fee_asset = facts.fee_asset;
  event.order_quantity = event.quantity.value() - facts.quantity.value();
  event.order_notional = event.quantity.value() * event.price.value() - facts.quantity.value() * facts.price.value();
  event.fee_change = event.fee - facts.fee;
  event.delta = {.quantity = after.quantity - position.state.quantity,
                 .cost = after.cost - position.state.cost,
                 .realized = after.realized - position.state.realized};
  event.cash = exchanges_cash(instrument) ? event.trade_cash - facts.trade_cash : event.delta.realized;
  event.after = after;
  event.previous_of_order = book_.find_order(facts.order)->last_seq;
  event.previous_of_position = position.last_seq;
  event.released = context_.released;
  emit(std::move(event));
}

void Decider::decide(const BustReport& report) {
  const Identity identity{
      .key = make_key(IdentityKind::bust,
                      {report.account, report.exec_id, report.symbol, report.venue,
                       report.side ? name_of(*report.side) : std::string_view{}, to_text(day_of(report.at))}),
      .variant = 0,
      .content = 1};
  if (identities_.find(identity.key) != nullptr) return exists();
  const auto execution = find_execution(report, "bust");
  if (!execution) return;
  if (recall_order_of(*execution)) return;
  const auto history = history_of(*execution);
  if (!history) return;
  const auto facts = history->facts(execution->seq);
  if (!facts) return exists();  // busted before, under another wording
  const AccountingMethod method = book_.account(facts->account).method;
  FillReversed event;
  event.times = times(report.at);
  event.kind = PositionAdjustmentKind::bust;
  event.identity = identity;
  reverse(*execution, *facts, history->fold_without(method, execution->seq), std::move(event));
}

// The fill, if any, that was reported under the correction's new id.
const Identities::Entry* Decider::find_booked(const CorrectReport& report, const Execution& execution,
                                              const Instrument& instrument) const {
  const IdentityKey key = make_key(IdentityKind::execution, {report.account, report.new_exec_id});
  const Identities::Entry* booked = nullptr;
  for (const Timestamp at : {execution.fill.times.at, report.at}) {
    if (booked != nullptr) break;
    booked = identities_.find(key, execution_variant(instrument.venue, instrument.symbol, execution.fill.side, at));
    // A trade that goes back to its first id is not in its own way.
    if (booked != nullptr && booked->seq() == execution.seq) booked = nullptr;
  }
  return booked;
}

void Decider::decide(const CorrectReport& report) {
  const std::string claims = fmt::format("correct {} {} -> {}", report.account, report.exec_id, report.new_exec_id);
  // Its own identity is that of the execution it creates. The parts that only the original knows are not in it.
  const IdentityKey key = make_key(IdentityKind::execution, {report.account, report.new_exec_id});
  const auto part = [](const auto& value) {
    return value ? std::string("+") + to_text([&] {
                     if constexpr (requires { value->value(); }) {
                       return value->value();
                     } else {
                       return *value;
                     }
                   }())
                 : std::string("-");
  };
  const std::uint64_t content =
      make_content({report.exec_id, part(report.quantity), part(report.price), part(report.fee)});
  const std::uint32_t variant = correction_variant();
  if (const Identities::Entry* known = identities_.find(key, variant)) {
    if (known->content == content) return exists();
    return conflict(*known, report.account, report.at, claims);
  }
  const auto execution = find_execution(report, "correct");
  if (!execution) return;
  if (recall_order_of(*execution)) return;
  const auto history = history_of(*execution);
  if (!history) return;
  const auto facts = history->facts(execution->seq);
  if (!facts) {
    return quarantine(QuarantineReason::contradiction, report.account, report.at, claims, "the execution was busted");
  }
  const AccountingMethod method = book_.account(facts->account).method;
  const Instrument& instrument = book_.instrument(facts->instrument);
  FillReversed event;
  event.times = times(report.at);
  event.kind = PositionAdjustmentKind::correction;
  event.new_exec_id = report.new_exec_id;
  event.quantity = report.quantity.value_or(facts->quantity);
  event.price = report.price.value_or(facts->price);
  event.fee = report.fee.value_or(facts->fee);
  event.trade_cash = trade_cash(instrument, facts->side, event.quantity, event.price);
  event.step_quantity = inventory_change(instrument, facts->side, event.quantity, event.fee, facts->fee_asset);
  event.identity = {.key = key, .variant = variant, .content = content};
  if (const Identities::Entry* booked = find_booked(report, *execution, instrument)) {
    // The trade that should stand in its place stands there already, by a report of its own.
    const bool same = booked->content ==
                      execution_content(event.quantity, event.price, event.fee, facts->fee_asset, instrument.settle);
    if (!same) {
      return quarantine(QuarantineReason::contradiction, report.account, report.at, claims,
                        "the new execution is booked already with other content");
    }
    FillReversed bust;
    bust.times = event.times;
    bust.kind = PositionAdjustmentKind::bust;
    bust.identity = event.identity;
    return reverse(*execution, *facts, history->fold_without(method, execution->seq), std::move(bust));
  }
  const PositionState after = history->fold_with(method, execution->seq, event.step_quantity, event.trade_cash);
  reverse(*execution, *facts, after, std::move(event));
  out_.woken.push_back(key);
}

// True when the fee of this execution is known.
bool Decider::knows_fee(const FeeReport& report, const Identity& identity) {
  const Identities::Entry* known = identities_.find(identity.key, identity.variant);
  if (known == nullptr) return false;
  if (known->content == identity.content) {
    exists();
    return true;
  }
  const auto held = std::find_if(evidence_.events.begin(), evidence_.events.end(),
                                 [&](const JournalEvent& event) { return event.seq == known->seq(); });
  if (held == evidence_.events.end()) {
    need_events({known->seq()});
  } else {
    quarantine(QuarantineReason::conflict, report.account, report.at,
               fmt::format("fee {} {} {}", report.account, report.exec_id, report.id), "known with other content", {},
               {}, render_json(held->event));
  }
  return true;
}

void Decider::decide(const FeeReport& report) {
  Identity identity{.key = make_key(IdentityKind::fee, {report.account, report.exec_id, report.id}),
                    .variant = 0,
                    .content = make_content({bytes_of(report.amount), report.asset.text()})};
  // Where the id names one execution there is nothing to look up for a fee that is known.
  const auto executions = identities_.find_all(make_key(IdentityKind::execution, {report.account, report.exec_id}));
  if (executions.size() == 1) {
    identity.variant = executions.front().variant();
    if (knows_fee(report, identity)) return;
  }
  const auto execution = find_execution(report, "fee");
  if (!execution) return;
  identity.variant = execution->variant;
  if (knows_fee(report, identity)) return;
  const FillBooked& fill = execution->fill;
  const Instrument& instrument = book_.instrument(fill.instrument);
  const Account& account = book_.account(fill.account);
  const Position& position = *book_.find_position(key_of(fill));
  FeeBooked event;
  event.times = times(report.at);
  event.fill = execution->seq;
  event.account = fill.account;
  event.instrument = fill.instrument;
  event.strategy = fill.strategy;
  event.exec_id = report.exec_id;
  event.fee_id = report.id;
  event.amount = report.amount;
  event.asset = report.asset;
  event.previous_of_position = position.last_seq;
  if (is_inventory_fee(instrument, report.asset)) {
    event.delta =
        preview(position.state, account.method, {.seq = next_seq(), .quantity = -report.amount, .cash = Decimal{}});
  }
  event.identity = identity;
  event.released = context_.released;
  emit(std::move(event));
}

Result<Order> rebuild_order(const std::vector<JournalEvent>& events) {
  Order order;
  for (const JournalEvent& entry : events) {
    if (&entry == &events.front() && !std::holds_alternative<OrderOpened>(entry.event)) break;
    std::visit(
        [&](const auto& event) {
          if constexpr (requires { apply(order, event, entry.seq); }) apply(order, event, entry.seq);
        },
        entry.event);
  }
  if (to_number(order.first_seq) == 0) return fail(Errc::corrupt, "an order's events do not begin with its opening");
  return order;
}

}  // namespace blotter
