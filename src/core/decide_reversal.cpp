// decide() for what happens to a trade afterwards: bust, correction, late fee.
#include <fmt/format.h>

#include "core/decider.h"

namespace blotter {
namespace {

// The original fill behind an event that carries an execution's identity.
Seq original_of(const JournalEvent& entry) {
  if (const auto* reversed = std::get_if<FillReversed>(&entry.event)) return reversed->fill;
  return entry.seq;
}

template <class ReportStruct>
bool matches(const Book& book, const ReportStruct& report, const FillBooked& fill) {
  const Instrument& instrument = book.instrument(fill.instrument);
  return (report.symbol.empty() || report.symbol == instrument.symbol) &&
         (report.venue.empty() || report.venue == instrument.venue) && (!report.side || *report.side == fill.side);
}

}  // namespace

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
  const auto need_events = [&](std::vector<Seq> seqs) {
    out_.events.clear();
    out_.need = Need{.kind = Need::Kind::events, .seqs = std::move(seqs), .position = {}};
  };
  if (evidence_.events.empty()) {
    std::vector<Seq> seqs;
    for (const Identities::Entry& entry : entries) seqs.push_back(entry.seq());
    need_events(std::move(seqs));
    return std::nullopt;
  }
  // A correction carries the identity of its new exec_id and leads to the fill that it corrected.
  std::vector<Execution> candidates;
  for (const JournalEvent& entry : evidence_.events) {
    const Seq original = original_of(entry);
    if (original != entry.seq) {
      const auto* reversed = std::get_if<FillReversed>(&entry.event);
      FillBooked fill;
      fill.order = reversed->order;
      fill.account = reversed->account;
      fill.instrument = reversed->instrument;
      fill.strategy = reversed->strategy;
      fill.side = reversed->side;
      fill.exec_id = reversed->new_exec_id;
      if (matches(book_, report, fill)) candidates.push_back({.fill = std::move(fill), .seq = original});
    } else if (const auto* fill = std::get_if<FillBooked>(&entry.event)) {
      if (matches(book_, report, *fill)) candidates.push_back({.fill = *fill, .seq = entry.seq});
    }
  }
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
  event.order_notional =
      event.quantity.value() * event.price.value() - facts.quantity.value() * facts.price.value();
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
      .key = make_key(IdentityKind::bust, {report.account, report.exec_id, report.symbol, report.venue,
                                           report.side ? name_of(*report.side) : std::string_view{}}),
      .variant = 0,
      .content = 1};
  if (identities_.find(identity.key) != nullptr) return exists();
  const auto execution = find_execution(report, "bust");
  if (!execution) return;
  if (recall_order_of(*execution)) return;
  if (!evidence_.history) {
    out_.need = Need{.kind = Need::Kind::history, .seqs = {}, .position = key_of(execution->fill)};
    return;
  }
  const PositionHistory history(*evidence_.history);
  const auto facts = history.facts(execution->seq);
  if (!facts) return exists();  // busted before, under another wording
  const AccountingMethod method = book_.account(facts->account).method;
  FillReversed event;
  event.times = times(report.at);
  event.kind = PositionAdjustmentKind::bust;
  event.identity = identity;
  reverse(*execution, *facts, history.fold_without(method, execution->seq), std::move(event));
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
  const std::uint32_t variant = make_variant({"correction"});
  if (const Identities::Entry* known = identities_.find(key, variant)) {
    if (known->content == content) return exists();
    return conflict(*known, report.account, report.at, claims);
  }
  const auto execution = find_execution(report, "correct");
  if (!execution) return;
  if (recall_order_of(*execution)) return;
  if (!evidence_.history) {
    out_.need = Need{.kind = Need::Kind::history, .seqs = {}, .position = key_of(execution->fill)};
    return;
  }
  const PositionHistory history(*evidence_.history);
  const auto facts = history.facts(execution->seq);
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
  const PositionState after = history.fold_with(method, execution->seq, event.step_quantity, event.trade_cash);
  reverse(*execution, *facts, after, std::move(event));
  out_.woken.push_back(key);
}

void Decider::decide(const FeeReport& report) {
  const Identity identity{
      .key = make_key(IdentityKind::fee, {report.account, report.exec_id, report.id, report.symbol, report.venue,
                                          report.side ? name_of(*report.side) : std::string_view{}}),
      .variant = 0,
      .content = make_content({bytes_of(report.amount), report.asset.text()})};
  if (const Identities::Entry* known = identities_.find(identity.key)) {
    if (known->content == identity.content) return exists();
    return conflict(*known, report.account, report.at,
                    fmt::format("fee {} {} {}", report.account, report.exec_id, report.id));
  }
  const auto execution = find_execution(report, "fee");
  if (!execution) return;
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
    event.delta = preview(position.state, account.method,
                          {.seq = next_seq(), .quantity = -report.amount, .cash = Decimal{}});
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
