#include "core/legs.h"

namespace blotter {
namespace {

// A fee in the base asset is inside the position's change, so it is no leg of its own.
Legs trade_legs(const Instrument& instrument, AccountId account, Decimal cash, Decimal inventory, Decimal fee,
                const Asset& fee_asset) {
  Legs legs;
  legs.add(account, instrument.settle, cash);
  if (moves_base_balance(instrument)) legs.add(account, instrument.base, inventory);
  if (!is_inventory_fee(instrument, fee_asset)) legs.add(account, fee_asset, -fee);
  return legs;
}

}  // namespace

Legs legs_of(const FillBooked& event, const Instrument& instrument) {
  return trade_legs(instrument, event.account, event.cash, event.delta.quantity, event.fee, event.fee_asset);
}

Legs legs_of(const FillReversed& event, const Instrument& instrument) {
  return trade_legs(instrument, event.account, event.cash, event.delta.quantity, event.fee_change, event.fee_asset);
}

Legs legs_of(const FeeBooked& event, const Instrument& instrument) {
  return trade_legs(instrument, event.account, event.cash, event.delta.quantity, event.amount, event.asset);
}

Legs legs_of(const PositionSplit& event, const Instrument& instrument) {
  return trade_legs(instrument, event.account, Decimal{}, event.delta.quantity, Decimal{}, Asset{});
}

Legs legs_of(const CashMoved& event) {
  Legs legs;
  legs.add(event.account, event.asset, event.amount);
  return legs;
}

}  // namespace blotter
