// The history of one position, rebuilt from its events, so that a bust or a correction can be folded as if the original
// had never been.
#pragma once

#include <optional>
#include <vector>

#include "core/event.h"
#include "core/position.h"
#include "core/position_window.h"

namespace blotter {

struct JournalEvent {
  Seq seq{0};
  Event event;
};

// What one execution says now, after corrections.
struct TradeFacts {
  Seq fill{0};
  OrderNo order{};
  AccountId account{};
  InstrumentId instrument{};
  StrategyId strategy{};
  std::string exec_id;
  Side side = Side::buy;
  Quantity quantity;
  Price price;
  Decimal fee;
  Asset fee_asset;
  Decimal trade_cash;
};

TradeFacts facts_of(Seq fill, const FillBooked& event);
TradeFacts facts_of(Seq fill, const FillReversed& correction);

class PositionHistory {
 public:
  // `events`: every event of the position, oldest first.
  explicit PositionHistory(const std::vector<JournalEvent>& events);
  // The recent part, and what one fill of it says now. `window` outlives the history.
  PositionHistory(const PositionWindow& window, std::optional<TradeFacts> facts);

  // What `fill` says now; nothing when it was busted or is not here.
  std::optional<TradeFacts> facts(Seq fill) const;

  // The position without `fill`, or with another trade in its place.
  PositionState fold_without(AccountingMethod method, Seq fill) const;
  PositionState fold_with(AccountingMethod method, Seq fill, Decimal step_quantity, Decimal trade_cash) const;

 private:
  const PositionWindow* window_ = nullptr;
  std::vector<PositionChange> changes_;  // step.seq names the fill
  std::vector<TradeFacts> facts_;
};

}  // namespace blotter
