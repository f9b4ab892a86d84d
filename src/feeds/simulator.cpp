#include "feeds/simulator.h"

#include <algorithm>
#include <charconv>

namespace blotter::feeds {
namespace {

constexpr std::size_t kPastMax = 256;
constexpr std::size_t kRecentMax = 64;
// 2026-01-05T14:30:00Z, the open of a New York trading day.
constexpr std::int64_t kStartNs = 1'767'623'400 * kNsPerSecond;

struct Deposit {
  const char* asset;
  std::int64_t amount;
};
constexpr std::array<Deposit, 5> kDeposits = {
    {{"USD", 10'000'000}, {"USDT", 5'000'000}, {"BTC", 50}, {"ETH", 500}, {"BNB", 2'000}}};

constexpr std::array<std::string_view, 4> kMethods = {"average", "fifo", "lifo", "hifo"};
constexpr std::array<std::string_view, 5> kStrategies = {"momentum", "reversion", "grid", "arbitrage", "hedge"};

struct AuditKind {
  std::string_view component;
  std::string_view action;
  std::string_view severity;
};
constexpr std::array<AuditKind, 5> kAudits = {{{"strategy_engine", "signal_ignored", "debug"},
                                               {"execution_engine", "heartbeat", "info"},
                                               {"risk_gate", "limit_near", "warning"},
                                               {"execution_engine", "reconnected", "error"},
                                               {"risk_gate", "limit_changed", "critical"}}};

Side opposite(Side side) { return side == Side::buy ? Side::sell : Side::buy; }

std::int64_t signed_lots(Side side, std::int64_t lots) { return side == Side::buy ? lots : -lots; }

}  // namespace

Simulator::Simulator(const SimulatorOptions& options) : options_(options), random_(options.seed), now_{kStartNs} {
  options_.accounts = std::clamp<std::size_t>(options.accounts, 1, 99);
  options_.instruments = std::clamp<std::size_t>(options.instruments, 1, 999);
  options_.strategies = std::clamp<std::size_t>(options.strategies, 1, 99);
  options_.open_orders_max = std::max<std::size_t>(options.open_orders_max, 1);
  options_.resent_per_10000 = std::min<std::uint64_t>(options.resent_per_10000, 9'000);
  instruments_ = simulated_instruments(options_.instruments);
  for (std::size_t i = 0; i < options_.accounts; ++i) accounts_.push_back("SIM-" + std::to_string(i + 1));
  for (std::size_t i = 0; i < options_.strategies; ++i) {
    strategies_.emplace_back(kStrategies[i % kStrategies.size()]);
    if (i >= kStrategies.size()) strategies_.back() += "-" + std::to_string(i / kStrategies.size() + 1);
  }
  positions_.resize(options_.accounts * options_.instruments);
  open_.reserve(options_.open_orders_max);
}

bool Simulator::next(std::string& line) {
  if (made_ == options_.lines) return false;
  ++made_;
  if (!recent_.empty() && random_.chance(options_.resent_per_10000, 10'000)) {
    line = recent_[random_.below(recent_.size())];
    return true;
  }
  // Microseconds to a second, short gaps as frequent as long ones on a logarithmic scale; never the same instant twice.
  now_.ns += 1'000 * static_cast<std::int64_t>(1 + random_.below(std::uint64_t{2} << random_.below(20)));
  if (!emit_registration()) emit_activity();
  if (options_.resent_per_10000 > 0) {
    if (recent_.size() < kRecentMax) {
      recent_.push_back(line_);
    } else {
      recent_[made_ % kRecentMax] = line_;
    }
  }
  line = line_;
  return true;
}

// ---- first of all: who trades, what, and with which money ----

bool Simulator::emit_registration() {
  std::size_t step = registered_;
  if (step < accounts_.size()) {
    emit_account(step);
  } else if ((step -= accounts_.size()) < instruments_.size()) {
    emit_instrument(instruments_[step]);
  } else if ((step -= instruments_.size()) < accounts_.size() * kDeposits.size()) {
    emit_deposit(step);
  } else {
    return false;
  }
  ++registered_;
  return true;
}

void Simulator::emit_account(std::size_t index) {
  begin("account", index);
  text("base_currency", "USD");
  text("broker", "SIMULATED");
  text("method", kMethods[index % kMethods.size()]);
  end();
}

void Simulator::emit_instrument(const SimulatedInstrument& instrument) {
  begin("instrument");
  instrument_name(instrument);
  text("asset_class", name_of(instrument.asset_class));
  if (!instrument.base.empty()) text("base", instrument.base);
  text("quote", instrument.quote);
  text("settle", instrument.settle);
  decimal("multiplier", {instrument.multiplier, 0});
  decimal("tick_size", instrument.tick);
  decimal("lot_size", instrument.lot);
  if (instrument.inverse) line_ += ",\"inverse\":true";
  end();
}

void Simulator::emit_deposit(std::size_t index) {
  const Deposit& deposit = kDeposits[index % kDeposits.size()];
  cash(index / kDeposits.size(), "deposit", deposit.asset, deposit.amount * 100'000'000);
  end();
}

// ---- orders ----

void Simulator::emit_activity() {
  if (to_cancel_) {
    emit_close(*to_cancel_, "canceled", "trade changed");
    to_cancel_.reset();
  } else if (splitting_) {
    continue_split();
  } else if (random_.chance(6, 100)) {
    emit_rare();
  } else if (open_.empty() || (open_.size() < options_.open_orders_max && random_.chance(36, 100))) {
    emit_order();
  } else {
    act_on(random_.below(open_.size()));
  }
}

void Simulator::emit_order() {
  OpenOrder order;
  order.number = ++orders_;
  order.account = static_cast<std::uint32_t>(random_.below(accounts_.size()));
  order.instrument = static_cast<std::uint32_t>(random_.below(instruments_.size()));
  const SimulatedInstrument& instrument = instruments_[order.instrument];
  // The side that brings the position back is the likelier one, the more so the larger the position.
  const std::int64_t held = position(order.account, order.instrument);
  const Side back = held > 0 ? Side::sell : Side::buy;
  const bool large = std::abs(held) > 5 * instrument.lots_typical;
  order.side = random_.chance(large ? 9 : 6, 10) ? back : opposite(back);
  order.lots = 1 + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(2 * instrument.lots_typical)));
  order.market = random_.chance(1, 10);
  order.maker = !order.market && random_.chance(1, 2);
  order.by_venue_id = random_.chance(1, 5);
  order.limit_ticks = std::max<std::int64_t>(1, instrument.price_ticks + random_.around_zero(8));
  const std::uint64_t fate = random_.below(100);
  order.fate = fate < 55 ? Fate::filled : fate < 90 ? Fate::canceled : fate < 96 ? Fate::expired : Fate::rejected;
  const int pieces = random_.geometric(6);
  order.fills_left = order.fate == Fate::filled ? 1 + pieces : order.fate == Fate::rejected ? 0 : pieces;
  order.will_be_replaced = !order.market && order.fate != Fate::rejected && random_.chance(12, 100);

  begin("order", order.account);
  id("client_order_id", 'o', order.number);
  if (order.by_venue_id) id("venue_order_id", 'v', order.number);
  instrument_name(instrument);
  text("side", name_of(order.side));
  decimal("quantity", instrument.quantity(order.lots));
  const bool stop = !order.market && random_.chance(1, 12);
  text("order_type", order.market ? "market" : stop ? "stop_limit" : "limit");
  if (!order.market) decimal("limit_price", instrument.price(order.limit_ticks));
  if (stop) decimal("stop_price", instrument.price(order.limit_ticks));
  text("tif", order.fate == Fate::expired ? "day" : "gtc");
  if (order.maker && !stop) line_ += ",\"post_only\":true";
  if (!random_.chance(1, 20)) text("strategy", strategies_[random_.below(strategies_.size())]);
  if (random_.chance(1, 50)) line_ += R"(,"metadata":{"route":"primary","attempt":1})";
  end();
  open_.push_back(order);
}

void Simulator::act_on(std::size_t index) {
  OpenOrder& order = open_[index];
  // A quarter of the time left to a replace keeps it from always coming first.
  if (order.will_be_replaced && random_.chance(1, 4)) return emit_replace(order);
  if (order.fills_left > 0 && order.lots - order.lots_filled > (order.fate == Fate::filled ? 0 : 1)) {
    emit_fill(order, order.fate == Fate::filled && order.fills_left == 1);
    --order.fills_left;
    if (order.lots_filled == order.lots) finish(index);
    return;
  }
  switch (order.fate) {
    case Fate::filled:  // cannot be: its last fill takes the rest
    case Fate::canceled:
      emit_close(order, "canceled", "");
      break;
    case Fate::expired:
      emit_close(order, "expired", "end of day");
      break;
    case Fate::rejected:
      emit_close(order, "rejected", "insufficient margin");
      break;
  }
  finish(index);
}

void Simulator::emit_fill(OpenOrder& order, bool last) {
  const SimulatedInstrument& instrument = instruments_[order.instrument];
  const std::int64_t rest = order.lots - order.lots_filled;
  // One lot stays for an order that is not to end filled.
  const std::int64_t most = order.fate == Fate::filled ? rest : rest - 1;
  Execution& execution = order.last;
  execution.number = ++executions_;
  execution.lots = last ? rest : 1 + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most)));
  // A maker trades at its limit, a taker there or a little better.
  execution.ticks = order.market ? instrument.price_ticks : order.limit_ticks;
  if (!order.maker) {
    const std::int64_t better = random_.geometric(3);
    execution.ticks = std::max<std::int64_t>(1, execution.ticks - signed_lots(order.side, better));
  }
  order.lots_filled += execution.lots;
  position(order.account, order.instrument) += signed_lots(order.side, execution.lots);

  const Liquidity liquidity = order.maker ? Liquidity::maker : Liquidity::taker;
  const SimulatedFee fee = fee_of(instrument, order.side, execution.lots, execution.ticks, liquidity);
  begin("fill", order.account);
  id("exec_id", 'x', execution.number);
  order_name(order);
  instrument_name(instrument);
  text("side", name_of(order.side));
  decimal("quantity", instrument.quantity(execution.lots));
  decimal("price", instrument.price(execution.ticks));
  if (fee.amount != 0) {
    decimal("fee", {fee.amount, kMoneyDecimals});
    text("fee_asset", fee.asset);
  }
  text("liquidity", name_of(liquidity));
  end();
}

void Simulator::emit_replace(OpenOrder& order) {
  const SimulatedInstrument& instrument = instruments_[order.instrument];
  order.will_be_replaced = false;
  order.limit_ticks = std::max<std::int64_t>(1, instrument.price_ticks + random_.around_zero(8));
  const std::int64_t rest = order.lots - order.lots_filled;
  order.lots = order.lots_filled + 1 + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(2 * rest)));
  begin("order_status", order.account);
  order_name(order);
  text("status", "replaced");
  decimal("quantity", instrument.quantity(order.lots));
  decimal("limit_price", instrument.price(order.limit_ticks));
  end();
}

void Simulator::emit_close(OpenOrder& order, std::string_view status, std::string_view reason) {
  begin("order_status", order.account);
  order_name(order);
  text("status", status);
  if (!reason.empty()) text("reason", reason);
  if (order.lots_filled > 0 && reason.empty()) {
    decimal("cum_quantity", instruments_[order.instrument].quantity(order.lots_filled));
  }
  end();
}

void Simulator::finish(std::size_t index) {
  const OpenOrder& order = open_[index];
  if (order.last.number != 0) {
    const PastExecution past{order, order.lots_filled == order.lots};
    if (past_.size() < kPastMax) {
      past_.push_back(past);
    } else {
      past_[order.number % kPastMax] = past;
    }
  }
  open_[index] = open_.back();
  open_.pop_back();
}

// ---- what happens now and then ----

void Simulator::emit_rare() {
  const std::uint64_t kind = random_.below(1000);
  if (kind < 30 && !past_.empty()) return emit_bust();
  if (kind < 70 && !past_.empty()) return emit_correction();
  if (kind < 150 && !past_.empty()) return emit_late_fee();
  if (kind < 151) return begin_split();
  if (kind < 300) {
    const std::size_t account = random_.below(accounts_.size());
    const std::size_t index = random_.below(instruments_.size());
    const SimulatedInstrument& instrument = instruments_[index];
    const std::int64_t held = position(account, index);
    if (held == 0) return emit_interest(account);
    if (instrument.asset_class == AssetClass::perpetual) return emit_funding(account, instrument, held);
    if (instrument.asset_class == AssetClass::equity && kind < 180) return emit_dividend(account, instrument, held);
  }
  if (kind >= 970) return emit_audit();
  emit_mark();
}

Simulator::PastExecution Simulator::take_past() {
  const std::size_t index = random_.below(past_.size());
  const PastExecution past = past_[index];
  past_[index] = past_.back();
  past_.pop_back();
  return past;
}

void Simulator::emit_bust() {
  const PastExecution past = take_past();
  const OpenOrder& order = past.order;
  position(order.account, order.instrument) -= signed_lots(order.side, order.last.lots);
  begin("bust", order.account);
  id("exec_id", 'x', order.last.number);
  end();
  if (past.covered) to_cancel_ = order;
}

void Simulator::emit_correction() {
  PastExecution past = take_past();
  OpenOrder& order = past.order;
  const SimulatedInstrument& instrument = instruments_[order.instrument];
  const Execution before = order.last;
  order.last.number = ++executions_;
  const bool fewer = before.lots > 1 && random_.chance(1, 2);
  if (fewer)
    order.last.lots -= 1 + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(before.lots - 1)));
  order.last.ticks = std::max<std::int64_t>(1, before.ticks + 1 + random_.geometric(3));
  position(order.account, order.instrument) -= signed_lots(order.side, before.lots - order.last.lots);
  begin("correct", order.account);
  id("exec_id", 'x', before.number);
  id("new_exec_id", 'x', order.last.number);
  if (fewer) decimal("quantity", instrument.quantity(order.last.lots));
  decimal("price", instrument.price(order.last.ticks));
  end();
  if (fewer && past.covered) {
    to_cancel_ = order;
    past.covered = false;
  }
  // The corrected trade may be busted or corrected again.
  past_.push_back(past);
}

void Simulator::emit_late_fee() {
  const PastExecution& past = past_[random_.below(past_.size())];
  const std::int64_t amount = 1'000'000 * static_cast<std::int64_t>(1 + random_.below(40));
  begin("fee", past.order.account);
  id("exec_id", 'x', past.order.last.number);
  id("id", 'f', ++payments_);
  // One in five is given back.
  decimal("amount", {random_.chance(1, 5) ? -amount : amount, kMoneyDecimals});
  text("asset", instruments_[past.order.instrument].quote);
  end();
}

void Simulator::emit_funding(std::size_t account, const SimulatedInstrument& instrument, std::int64_t held) {
  // A ten-thousandth of the position's worth, give or take; who is long pays when the rate is positive.
  const std::int64_t rate = random_.around_zero(200) + 100;
  std::int64_t amount = -instrument.notional(held, instrument.price_ticks) / 1'000'000 * rate;
  if (amount == 0) amount = -1;
  cash(account, "funding", instrument.settle, amount);
  instrument_name(instrument);
  end();
}

void Simulator::emit_dividend(std::size_t account, const SimulatedInstrument& instrument, std::int64_t held) {
  cash(account, "dividend", instrument.quote, held * 26'000'000);
  instrument_name(instrument);
  text("note", held > 0 ? "0.26 a share" : "0.26 a share, owed by the short");
  end();
}

void Simulator::emit_interest(std::size_t account) {
  cash(account, "interest", "USD", 1 + static_cast<std::int64_t>(random_.below(50'000'000'000)));
  end();
}

void Simulator::emit_mark() {
  SimulatedInstrument& instrument = instruments_[random_.below(instruments_.size())];
  move_price(instrument, random_);
  begin("mark");
  instrument_name(instrument);
  decimal("price", instrument.price(instrument.price_ticks));
  end();
}

void Simulator::emit_audit() {
  const AuditKind& kind = kAudits[random_.below(kAudits.size())];
  begin("audit");
  text("component", kind.component);
  text("action", kind.action);
  if (!random_.chance(1, 4)) id("id", 'a', ++audits_);
  if (!random_.chance(1, 4)) line_.append(",\"details\":{\"open_orders\":").append(std::to_string(open_.size())) += '}';
  if (random_.chance(1, 3)) text("user", "operator");
  if (random_.chance(1, 2)) text("session", "desk-1");
  if (kind.severity != "info") text("severity", kind.severity);
  end();
}

void Simulator::begin_split() {
  const std::size_t index = random_.below(instruments_.size());
  if (instruments_[index].asset_class != AssetClass::equity) return emit_mark();
  splitting_ = index;
  continue_split();
}

// Orders in old units expire one by one, then the split comes. Executions before it are not touched any more.
void Simulator::continue_split() {
  const std::size_t splitting = *splitting_;
  const auto found =
      std::find_if(open_.begin(), open_.end(), [&](const OpenOrder& order) { return order.instrument == splitting; });
  if (found != open_.end()) {
    emit_close(*found, "expired", "corporate action");
    return finish(static_cast<std::size_t>(found - open_.begin()));
  }
  splitting_.reset();
  std::erase_if(past_, [&](const PastExecution& past) { return past.order.instrument == splitting; });
  SimulatedInstrument& instrument = instruments_[splitting];
  const bool forward = !instrument.split_done;
  instrument.split_done = forward;
  begin("split");
  instrument_name(instrument);
  text("ratio", forward ? "4/1" : "1/4");
  end();
  auto scale = [&](std::int64_t value, bool up) { return up ? value * 4 : value / 4; };
  instrument.anchor_ticks = scale(instrument.anchor_ticks, !forward);
  instrument.price_ticks = scale(instrument.price_ticks, !forward);
  instrument.lots_typical = scale(instrument.lots_typical, forward);
  for (std::size_t account = 0; account < accounts_.size(); ++account) {
    std::int64_t& held = position(account, splitting);
    held = scale(held, forward);
  }
}

// ---- how a line is written ----

void Simulator::begin(std::string_view type) {
  line_.assign("{\"type\":\"").append(type).append("\",\"at\":\"");
  char at[kTimestampTextSize];
  line_.append(at, static_cast<std::size_t>(write_text(now_, at) - at));
  line_ += '"';
}

void Simulator::begin(std::string_view type, std::size_t account) {
  begin(type);
  text("account", accounts_[account]);
}

void Simulator::text(std::string_view key, std::string_view value) {
  line_.append(",\"").append(key).append("\":\"").append(value);
  line_ += '"';
}

void Simulator::id(std::string_view key, char prefix, std::uint64_t number) {
  char digits[24];
  digits[0] = prefix;
  const char* const end = std::to_chars(digits + 1, digits + sizeof digits, number).ptr;
  text(key, {digits, static_cast<std::size_t>(end - digits)});
}

void Simulator::decimal(std::string_view key, Scaled value) {
  line_.append(",\"").append(key).append("\":\"");
  append_scaled(line_, value);
  line_ += '"';
}

void Simulator::instrument_name(const SimulatedInstrument& instrument) {
  text("symbol", instrument.symbol);
  text("venue", instrument.venue);
}

void Simulator::order_name(const OpenOrder& order) {
  if (order.by_venue_id) return id("venue_order_id", 'v', order.number);
  id("client_order_id", 'o', order.number);
}

void Simulator::cash(std::size_t account, std::string_view kind, std::string_view asset, std::int64_t amount) {
  begin("cash", account);
  id("id", 'p', ++payments_);
  text("kind", kind);
  text("asset", asset);
  decimal("amount", {amount, kMoneyDecimals});
}

void Simulator::end() { line_ += '}'; }

std::int64_t& Simulator::position(std::size_t account, std::size_t instrument) {
  return positions_[account * instruments_.size() + instrument];
}

}  // namespace blotter::feeds
