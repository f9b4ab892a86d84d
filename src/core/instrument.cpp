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

std::optional<Valuation> valuation(const Instrument& instrument, Decimal quantity, Decimal cost) {
  if (!instrument.mark) return std::nullopt;
  // An absurd mark must not stop the facts: it only leaves the holding without a value.
  try {
    const Decimal value = market_value(instrument, quantity, *instrument.mark);
    return Valuation{.market_value = value, .unrealized = value - cost};
  } catch (const Overflow&) {
    return std::nullopt;
  }
}

std::optional<Decimal> average_price(const Instrument& instrument, Decimal quantity, Decimal cost) {
  try {
    const Decimal size = quantity * instrument.multiplier;
    const Decimal divisor = instrument.inverse ? cost : size;
    if (divisor.is_zero()) return std::nullopt;
    return instrument.inverse ? -(size / cost) : cost / size;
  } catch (const Overflow&) {
    return std::nullopt;
  }
}

}  // namespace blotter
