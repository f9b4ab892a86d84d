#include "core/history.h"

#include <algorithm>
#include <iterator>

namespace blotter {
namespace {

auto step_of(std::vector<PositionChange>& changes, Seq fill) {
  return std::find_if(changes.begin(), changes.end(), [fill](const PositionChange& change) {
    return change.kind == PositionChange::Kind::step && change.step.seq == fill;
  });
}

PositionChange step(Seq seq, Decimal quantity, Decimal cash) {
  PositionChange change;
  change.step = {.seq = seq, .quantity = quantity, .cash = cash};
  return change;
}

}  // namespace

TradeFacts facts_of(Seq fill, const FillBooked& event) {
  return {.fill = fill,
          .order = event.order,
          .account = event.account,
          .instrument = event.instrument,
          .strategy = event.strategy,
          .exec_id = event.exec_id,
          .side = event.side,
          .quantity = event.quantity,
          .price = event.price,
          .fee = event.fee,
          .fee_asset = event.fee_asset,
          .trade_cash = event.trade_cash};
}

TradeFacts facts_of(Seq fill, const FillReversed& correction) {
  return {.fill = fill,
          .order = correction.order,
          .account = correction.account,
          .instrument = correction.instrument,
          .strategy = correction.strategy,
          .exec_id = correction.new_exec_id,
          .side = correction.side,
          .quantity = correction.quantity,
          .price = correction.price,
          .fee = correction.fee,
          .fee_asset = correction.fee_asset,
          .trade_cash = correction.trade_cash};
}

PositionHistory::PositionHistory(const PositionWindow& window, std::optional<TradeFacts> facts) : window_(&window) {
  if (facts) facts_.push_back(std::move(*facts));
}

PositionHistory::PositionHistory(const std::vector<JournalEvent>& events) {
  for (const JournalEvent& entry : events) {
    if (const auto* fill = std::get_if<FillBooked>(&entry.event)) {
      changes_.push_back(step(entry.seq, fill->delta.quantity, fill->trade_cash));
      facts_.push_back(facts_of(entry.seq, *fill));
    } else if (const auto* reversed = std::get_if<FillReversed>(&entry.event)) {
      const auto place = step_of(changes_, reversed->fill);
      const auto facts = std::find_if(facts_.begin(), facts_.end(),
                                      [&](const TradeFacts& known) { return known.fill == reversed->fill; });
      if (place == changes_.end() || facts == facts_.end()) continue;
      if (reversed->kind == PositionAdjustmentKind::bust) {
        changes_.erase(place);
        facts_.erase(facts);
        continue;
      }
      place->step.quantity = reversed->step_quantity;
      place->step.cash = reversed->trade_cash;
      facts->exec_id = reversed->new_exec_id;
      facts->quantity = reversed->quantity;
      facts->price = reversed->price;
      facts->fee = reversed->fee;
      facts->trade_cash = reversed->trade_cash;
    } else if (const auto* fee = std::get_if<FeeBooked>(&entry.event)) {
      changes_.push_back(step(entry.seq, fee->delta.quantity, Decimal{}));
    } else if (const auto* split = std::get_if<PositionSplit>(&entry.event)) {
      PositionChange change;
      change.kind = PositionChange::Kind::split;
      change.numerator = split->numerator;
      change.denominator = split->denominator;
      changes_.push_back(change);
    }
  }
}

std::optional<TradeFacts> PositionHistory::facts(Seq fill) const {
  const auto found =
      std::find_if(facts_.begin(), facts_.end(), [fill](const TradeFacts& known) { return known.fill == fill; });
  return found == facts_.end() ? std::nullopt : std::optional(*found);
}

PositionState PositionHistory::fold_without(AccountingMethod method, Seq fill) const {
  if (window_ != nullptr) return window_->without(method, fill);
  std::vector<PositionChange> changes = changes_;
  const auto place = step_of(changes, fill);
  if (place != changes.end()) changes.erase(place);
  return fold(method, changes);
}

PositionState PositionHistory::fold_with(AccountingMethod method, Seq fill, Decimal step_quantity,
                                         Decimal trade_cash) const {
  if (window_ != nullptr) return window_->with(method, fill, step_quantity, trade_cash);
  std::vector<PositionChange> changes = changes_;
  const auto place = step_of(changes, fill);
  if (place != changes.end()) {
    place->step.quantity = step_quantity;
    place->step.cash = trade_cash;
  }
  return fold(method, changes);
}

}  // namespace blotter
