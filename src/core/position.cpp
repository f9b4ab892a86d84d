#include "core/position.h"

#include <algorithm>
#include <utility>

#include "blotter/assert.h"

namespace blotter {
namespace {

// How a step divides into a part that closes and a part that opens.
struct Division {
  Decimal close_quantity;  // > 0
  Decimal close_cash;
  Decimal open_quantity;  // signed
  Decimal open_cash;
};

Division divide(const PositionState& state, const PositionStep& step) {
  // A trade whose whole quantity went into its fee moves cash only: nothing is open that could carry it as cost.
  if (step.quantity.is_zero()) {
    return {.close_quantity = {}, .close_cash = step.cash, .open_quantity = {}, .open_cash = {}};
  }
  if (state.quantity.sign() * step.quantity.sign() >= 0) {
    return {.close_quantity = {}, .close_cash = {}, .open_quantity = step.quantity, .open_cash = step.cash};
  }
  const Decimal closing = min(abs(step.quantity), abs(state.quantity));
  if (closing == abs(step.quantity)) {
    return {.close_quantity = closing, .close_cash = step.cash, .open_quantity = {}, .open_cash = {}};
  }
  const Decimal close_cash = mul_div(step.cash, closing, abs(step.quantity));
  return {.close_quantity = closing,
          .close_cash = close_cash,
          .open_quantity = step.quantity + state.quantity,
          .open_cash = step.cash - close_cash};
}

// Part of one lot that a step closes.
struct Taken {
  std::size_t index;  // into the lots
  Decimal quantity;
  Decimal cost;
};

// The dearest long lot or the cheapest short one (cost is signed, so both have the highest signed unit cost) that is
// not in `taken` as a whole yet; equal ones in order of opening.
std::size_t dearest_lot(const std::vector<Lot>& lots, const std::vector<Taken>& taken) {
  std::size_t best = lots.size();
  for (std::size_t i = 0; i < lots.size(); ++i) {
    const bool used = std::any_of(taken.begin(), taken.end(), [i](const Taken& t) { return t.index == i; });
    if (used) continue;
    if (best == lots.size() ||
        compare_ratios(lots[i].cost, lots[i].quantity, lots[best].cost, lots[best].quantity) > 0) {
      best = i;
    }
  }
  return best;
}

// Which lots a close of `quantity` takes, in the method's order.
std::vector<Taken> choose(const std::vector<Lot>& lots, AccountingMethod method, Decimal quantity) {
  std::vector<Taken> taken;
  while (quantity.is_positive()) {
    std::size_t index = taken.size();
    if (method == AccountingMethod::lifo) index = lots.size() - 1 - taken.size();
    if (method == AccountingMethod::hifo) index = dearest_lot(lots, taken);
    BLOTTER_ASSERT(index < lots.size());
    const Lot& lot = lots[index];
    const Decimal part = min(quantity, lot.quantity);
    const Decimal cost = part == lot.quantity ? lot.cost : mul_div(lot.cost, part, lot.quantity);
    taken.push_back({.index = index, .quantity = part, .cost = cost});
    quantity -= part;
  }
  return taken;
}

void remove(std::vector<Lot>& lots, const std::vector<Taken>& taken) {
  for (const Taken& part : taken) {
    lots[part.index].quantity -= part.quantity;
    lots[part.index].cost -= part.cost;
  }
  std::erase_if(lots, [](const Lot& lot) { return lot.quantity.is_zero(); });
}

Decimal cost_of(const std::vector<Taken>& taken) {
  Decimal cost;
  for (const Taken& part : taken) cost += part.cost;
  return cost;
}

Decimal average_release(const PositionState& state, Decimal quantity) {
  const Decimal held = abs(state.quantity);
  return quantity == held ? state.cost : mul_div(state.cost, quantity, held);
}

PositionDelta delta_of(const PositionStep& step, const Division& division, Decimal released) {
  return {
      .quantity = step.quantity, .cost = -released - division.open_cash, .realized = division.close_cash - released};
}

}  // namespace

PositionDelta preview(const PositionState& state, AccountingMethod method, const PositionStep& step) {
  const Division division = divide(state, step);
  if (!division.close_quantity.is_positive()) return delta_of(step, division, Decimal{});
  if (method == AccountingMethod::average) {
    return delta_of(step, division, average_release(state, division.close_quantity));
  }
  return delta_of(step, division, cost_of(choose(state.lots, method, division.close_quantity)));
}

PositionDelta apply(PositionState& state, AccountingMethod method, const PositionStep& step) {
  const Division division = divide(state, step);
  const bool by_lots = method != AccountingMethod::average;
  std::vector<Taken> taken;
  Decimal released;
  if (division.close_quantity.is_positive()) {
    if (by_lots) taken = choose(state.lots, method, division.close_quantity);
    released = by_lots ? cost_of(taken) : average_release(state, division.close_quantity);
  }
  const PositionDelta delta = delta_of(step, division, released);
  const Decimal quantity = state.quantity + delta.quantity;
  const Decimal cost = state.cost + delta.cost;
  const Decimal realized = state.realized + delta.realized;
  // Nothing below throws Overflow.
  remove(state.lots, taken);
  if (by_lots && !division.open_quantity.is_zero()) {
    state.lots.push_back({.quantity = abs(division.open_quantity), .cost = -division.open_cash, .seq = step.seq});
  }
  state.quantity = quantity;
  state.cost = cost;
  state.realized = realized;
  return delta;
}

namespace {

// The lots in new units. One too small to be a unit any more leaves its cost to the one before it (the first one to the
// next), so that the cost of all stays what it was.
std::vector<Lot> split_lots(const std::vector<Lot>& lots, Decimal numerator, Decimal denominator) {
  std::vector<Lot> result;
  Decimal homeless;
  for (const Lot& lot : lots) {
    const Decimal quantity = mul_div(lot.quantity, numerator, denominator);
    if (!quantity.is_zero()) {
      result.push_back({.quantity = quantity, .cost = lot.cost + std::exchange(homeless, Decimal{}), .seq = lot.seq});
    } else if (result.empty()) {
      homeless += lot.cost;
    } else {
      result.back().cost += lot.cost;
    }
  }
  return result;
}

}  // namespace

void apply_split(PositionState& state, Decimal numerator, Decimal denominator) {
  const bool held = !state.quantity.is_zero();
  std::vector<Lot> lots = split_lots(state.lots, numerator, denominator);
  Decimal quantity = mul_div(state.quantity, numerator, denominator);
  if (!lots.empty()) {
    Decimal total;
    for (const Lot& lot : lots) total += lot.quantity;
    quantity = state.quantity.is_negative() ? -total : total;
  } else if (!state.lots.empty()) {
    throw_overflow();
  }
  // Less than the smallest unit would be a cost without a position.
  if (held && quantity.is_zero()) throw_overflow();
  state.quantity = quantity;
  state.lots = std::move(lots);
}

PositionState fold(AccountingMethod method, const std::vector<PositionChange>& history) {
  PositionState state;
  for (const PositionChange& change : history) {
    if (change.kind == PositionChange::Kind::split) {
      apply_split(state, change.numerator, change.denominator);
    } else {
      apply(state, method, change.step);
    }
  }
  return state;
}

}  // namespace blotter
