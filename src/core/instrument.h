// Instruments: what a trade of one is worth, and which balances it moves.
#pragma once

#include <boost/describe/class.hpp>
#include <optional>
#include <string>

#include "blotter/decimal.h"
#include "blotter/enums.h"
#include "blotter/ids.h"

namespace blotter {

struct Instrument {
  InstrumentId id{};
  std::string symbol;
  std::string venue;
  AssetClass asset_class = AssetClass::other;
  Asset base;  // empty: not a pair
  Asset quote;
  Asset settle;
  Decimal multiplier{1};
  Decimal tick_size;
  Decimal lot_size;
  bool inverse = false;
  bool stated = false;  // an instrument line defined it
  bool traded = false;  // has a fill; its definition is fixed from then on
  std::optional<Price> mark;
  std::optional<Timestamp> mark_at;
  Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(Instrument, (),
                      (id, symbol, venue, asset_class, base, quote, settle, multiplier, tick_size, lot_size, inverse,
                       stated, traded, mark, mark_at, created_at))

// Whether a trade exchanges cash for the asset. Futures and perpetuals do not: they settle the realised P&L only.
bool exchanges_cash(const Instrument& instrument);

// Whether a trade also moves the balance of the base asset (coins and currencies are balances; shares are not).
bool moves_base_balance(const Instrument& instrument);

// Whether a fee in `asset` comes out of the inventory.
bool is_inventory_fee(const Instrument& instrument, const Asset& asset);

// Signed value of a trade in the settlement currency: what the position's fold takes as cash.
//   linear   -side · quantity · price · multiplier
//   inverse  +side · quantity · multiplier / price    (contracts of fixed value in quote, settled in base)
// Throws Overflow.
Decimal trade_cash(const Instrument& instrument, Side side, Quantity quantity, Price price);

// The signed change of inventory of a trade with that fee.
Decimal inventory_change(const Instrument& instrument, Side side, Quantity quantity, Decimal fee,
                         const Asset& fee_asset);

// Signed value of holding `quantity` at `mark`, comparable with the position's cost. Throws Overflow.
Decimal market_value(const Instrument& instrument, Decimal quantity, Price mark);

// A holding at the instrument's mark; nothing without a mark, or when the value does not fit a decimal.
struct Valuation {
  Decimal market_value;
  Decimal unrealized;
};
std::optional<Valuation> valuation(const Instrument& instrument, Decimal quantity, Decimal cost);

// Price at which `quantity` was opened for `cost`; nothing when flat, or when it does not fit a decimal.
std::optional<Decimal> average_price(const Instrument& instrument, Decimal quantity, Decimal cost);

}  // namespace blotter
