#include "core/instrument.h"

namespace blotter {

bool exchanges_cash(const Instrument& instrument) {
  return instrument.asset_class != AssetClass::future && instrument.asset_class != AssetClass::perpetual;
}

bool moves_base_balance(const Instrument& instrument) {
  return !instrument.base.empty() &&
         (instrument.asset_class == AssetClass::crypto || instrument.asset_class == AssetClass::forex);
}

bool is_inventory_fee(const Instrument& instrument, const Asset& asset) {
  return moves_base_balance(instrument) && asset == instrument.base;
}

Decimal trade_cash(const Instrument& instrument, Side side, Quantity quantity, Price price) {
  const Decimal size =
      instrument.multiplier == Decimal{1} ? quantity.value() : quantity.value() * instrument.multiplier;
  if (instrument.inverse) {
    const Decimal value = size / price.value();
    return side == Side::buy ? value : -value;
  }
  const Decimal value = size * price.value();
  return side == Side::buy ? -value : value;
}

Decimal inventory_change(const Instrument& instrument, Side side, Quantity quantity, Decimal fee,
                         const Asset& fee_asset) {
  const Decimal traded = side == Side::buy ? quantity.value() : -quantity.value();
  return is_inventory_fee(instrument, fee_asset) ? traded - fee : traded;
}

Decimal market_value(const Instrument& instrument, Decimal quantity, Price mark) {
  const Decimal size = quantity * instrument.multiplier;
  return instrument.inverse ? -(size / mark.value()) : size * mark.value();
}

std::optional<Decimal> average_price(const Instrument& instrument, Decimal quantity, Decimal cost) {
  if (quantity.is_zero()) return std::nullopt;
  const Decimal size = quantity * instrument.multiplier;
  if (!instrument.inverse) return size.is_zero() ? std::nullopt : std::optional(cost / size);
  return cost.is_zero() ? std::nullopt : std::optional(-(size / cost));
}

}  // namespace blotter
