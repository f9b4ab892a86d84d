// The market of the simulator: what is traded, at which prices, and what trading costs. Whole numbers throughout:
// prices in ticks, quantities in lots, money in 10^-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "blotter/enums.h"

namespace blotter::feeds {

// xoshiro256**, seeded by splitmix64: the same numbers on every machine and compiler.
class SimulatorRandom {
 public:
  explicit SimulatorRandom(std::uint64_t seed);
  std::uint64_t next();
  // From 0 to bound-1; bound is not zero.
  std::uint64_t below(std::uint64_t bound);
  bool chance(std::uint64_t in, std::uint64_t of) { return below(of) < in; }
  // From -reach to reach.
  std::int64_t around_zero(std::int64_t reach);
  // 0, 1, 2, … with half the weight at each step, at most `max`.
  int geometric(int max);

 private:
  std::uint64_t state_[4];
};

// A whole number of 10^-decimals.
struct Scaled {
  std::int64_t value = 0;
  int decimals = 0;
};
void append_scaled(std::string& out, Scaled number);

inline constexpr int kMoneyDecimals = 8;

enum class FeeRule : std::uint8_t {
  per_share,      // in the quote currency, a rebate for makers
  base_or_quote,  // a thousandth of what is received: coins on a buy, quote currency on a sell
  third_asset,    // of the notional, in the exchange's own coin
  of_notional,    // of the notional in the settlement currency, a rebate for makers
  per_contract,
};

struct SimulatedInstrument {
  std::string symbol;
  std::string venue;
  AssetClass asset_class = AssetClass::equity;
  std::string base;  // empty: not a pair
  std::string quote;
  std::string settle;
  std::int64_t multiplier = 1;
  bool inverse = false;
  Scaled tick;  // one tick, in the quote currency
  Scaled lot;   // one lot, in units
  FeeRule fee_rule = FeeRule::per_share;
  std::int64_t lots_typical = 100;
  std::int64_t anchor_ticks = 0;  // where the price returns to in the long run
  std::int64_t price_ticks = 0;
  bool split_done = false;  // four for one has happened and not been undone

  Scaled price(std::int64_t ticks) const { return {ticks * tick.value, tick.decimals}; }
  Scaled quantity(std::int64_t lots) const { return {lots * lot.value, lot.decimals}; }
  // What `lots` are worth in the settlement currency, in 10^-8, rounded towards zero.
  std::int64_t notional(std::int64_t lots, std::int64_t ticks) const;
};

struct SimulatedFee {
  std::int64_t amount = 0;  // 10^-8 of the asset; negative: a rebate
  std::string_view asset;
};
SimulatedFee fee_of(const SimulatedInstrument& instrument, Side side, std::int64_t lots, std::int64_t ticks,
                    Liquidity liquidity);

// `count` instruments: shares, coins, a linear and an inverse perpetual, a future, an ETF, a currency; then more.
std::vector<SimulatedInstrument> simulated_instruments(std::size_t count);

// One step of the price: a random walk that leans back to its anchor.
void move_price(SimulatedInstrument& instrument, SimulatorRandom& random);

}  // namespace blotter::feeds
