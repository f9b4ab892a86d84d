#include "feeds/simulated_market.h"

#include <algorithm>
#include <charconv>

#include "blotter/decimal.h"

namespace blotter::feeds {
namespace {

constexpr std::uint64_t rotate_left(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

constexpr Int128 power_of_ten(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

std::vector<SimulatedInstrument> templates() {
  using enum AssetClass;
  auto make = [](const char* symbol, const char* venue, AssetClass asset_class, const char* base, const char* quote,
                 Scaled tick, Scaled lot, FeeRule fee_rule, std::int64_t lots_typical, std::int64_t anchor_ticks) {
    SimulatedInstrument instrument;
    instrument.symbol = symbol;
    instrument.venue = venue;
    instrument.asset_class = asset_class;
    instrument.base = base;
    instrument.quote = instrument.settle = quote;
    instrument.tick = tick;
    instrument.lot = lot;
    instrument.fee_rule = fee_rule;
    instrument.lots_typical = lots_typical;
    instrument.anchor_ticks = instrument.price_ticks = anchor_ticks;
    return instrument;
  };
  std::vector<SimulatedInstrument> all = {
      make("AAPL", "XNAS", equity, "", "USD", {1, 2}, {1, 0}, FeeRule::per_share, 100, 26'715),
      make("BTCUSDT", "BINANCE", crypto, "BTC", "USDT", {1, 2}, {1, 5}, FeeRule::base_or_quote, 5'000, 9'312'450),
      make("BTCUSDT-PERP", "BINANCE", perpetual, "BTC", "USDT", {1, 1}, {1, 3}, FeeRule::of_notional, 250, 931'305),
      make("XBTUSD", "BITMEX", perpetual, "BTC", "USD", {5, 1}, {100, 0}, FeeRule::of_notional, 20, 186'260),
      make("ESH6", "XCME", future, "", "USD", {25, 2}, {1, 0}, FeeRule::per_contract, 3, 27'780),
      make("ETHUSDT", "BINANCE", crypto, "ETH", "USDT", {1, 2}, {1, 4}, FeeRule::third_asset, 20'000, 318'420),
      make("MSFT", "XNAS", equity, "", "USD", {1, 2}, {1, 0}, FeeRule::per_share, 60, 47'286),
      make("SPY", "ARCX", etf, "", "USD", {1, 2}, {1, 0}, FeeRule::per_share, 80, 68'731),
      make("EURUSD", "EBS", forex, "EUR", "USD", {1, 5}, {1'000, 0}, FeeRule::of_notional, 50, 117'225),
  };
  SimulatedInstrument& inverse = all[3];
  inverse.inverse = true;
  inverse.settle = "BTC";
  all[4].multiplier = 50;
  return all;
}

}  // namespace

SimulatorRandom::SimulatorRandom(std::uint64_t seed) {
  for (auto& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
}

std::uint64_t SimulatorRandom::next() {
  const std::uint64_t result = rotate_left(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = rotate_left(state_[3], 45);
  return result;
}

std::uint64_t SimulatorRandom::below(std::uint64_t bound) {
  return static_cast<std::uint64_t>((UInt128{next()} * bound) >> 64);
}

std::int64_t SimulatorRandom::around_zero(std::int64_t reach) {
  return static_cast<std::int64_t>(below(static_cast<std::uint64_t>(2 * reach + 1))) - reach;
}

int SimulatorRandom::geometric(int max) {
  int steps = 0;
  for (std::uint64_t bits = next(); steps < max && (bits & 1) != 0; bits >>= 1) ++steps;
  return steps;
}

void append_scaled(std::string& out, Scaled number) {
  char digits[24];
  const bool negative = number.value < 0;
  const auto magnitude =
      negative ? -static_cast<std::uint64_t>(number.value) : static_cast<std::uint64_t>(number.value);
  const auto end = std::to_chars(digits, digits + sizeof digits, magnitude).ptr;
  const auto count = static_cast<std::size_t>(end - digits);
  const auto decimals = static_cast<std::size_t>(number.decimals);
  if (negative) out += '-';
  if (decimals == 0) {
    out.append(digits, count);
  } else if (count > decimals) {
    out.append(digits, count - decimals);
    out += '.';
    out.append(end - decimals, decimals);
  } else {
    out += "0.";
    out.append(decimals - count, '0');
    out.append(digits, count);
  }
}

std::int64_t SimulatedInstrument::notional(std::int64_t lots, std::int64_t ticks) const {
  const Int128 units = Int128{lots} * lot.value * multiplier;
  const Int128 quoted = Int128{ticks} * tick.value;
  if (inverse) {
    return static_cast<std::int64_t>(units * power_of_ten(kMoneyDecimals + tick.decimals) / quoted /
                                     power_of_ten(lot.decimals));
  }
  return static_cast<std::int64_t>(units * quoted * power_of_ten(kMoneyDecimals) /
                                   power_of_ten(lot.decimals + tick.decimals));
}

SimulatedFee fee_of(const SimulatedInstrument& instrument, Side side, std::int64_t lots, std::int64_t ticks,
                    Liquidity liquidity) {
  const bool maker = liquidity == Liquidity::maker;
  const std::int64_t notional = instrument.notional(lots, ticks);
  switch (instrument.fee_rule) {
    case FeeRule::per_share:  // 0.30 cents a share, or 0.20 cents back
      return {lots * (maker ? -200'000 : 300'000), instrument.quote};
    case FeeRule::base_or_quote: {
      const Int128 units = Int128{lots} * instrument.lot.value * power_of_ten(kMoneyDecimals - instrument.lot.decimals);
      if (side == Side::buy) return {static_cast<std::int64_t>(units / 1000), instrument.base};
      return {notional / 1000, instrument.quote};
    }
    case FeeRule::third_asset:  // 0.075 % in a coin worth about 900
      return {notional * 3 / 4000 / 900, "BNB"};
    case FeeRule::of_notional:  // 0.05 %, or 0.01 % back
      return {maker ? -(notional / 10'000) : notional / 2'000, instrument.settle};
    case FeeRule::per_contract:
      return {lots * 225'000'000, instrument.quote};
  }
  return {};
}

std::vector<SimulatedInstrument> simulated_instruments(std::size_t count) {
  const auto kinds = templates();
  std::vector<SimulatedInstrument> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(kinds[i % kinds.size()]);
    // Further ones are classes of their own at other prices.
    const std::size_t round = i / kinds.size();
    if (round == 0) continue;
    SimulatedInstrument& instrument = all.back();
    instrument.symbol += "." + std::to_string(round);
    instrument.anchor_ticks += instrument.anchor_ticks * static_cast<std::int64_t>(round % 7) / 10;
    instrument.price_ticks = instrument.anchor_ticks;
  }
  return all;
}

void move_price(SimulatedInstrument& instrument, SimulatorRandom& random) {
  // About a hundredth of a percent a step, and at least a tick.
  const std::int64_t reach = std::max<std::int64_t>(1, instrument.anchor_ticks / 5'000);
  const std::int64_t lean = (instrument.anchor_ticks - instrument.price_ticks) / 1'000;
  instrument.price_ticks =
      std::max<std::int64_t>(instrument.anchor_ticks / 4, instrument.price_ticks + random.around_zero(reach) + lean);
}

}  // namespace blotter::feeds
