// The algebra of positions, under thousands of random trades.
#include <gtest/gtest.h>

#include <random>

#include "core/position.h"
#include "core/random_seed_test.h"

namespace blotter {
namespace {

constexpr AccountingMethod kMethods[] = {AccountingMethod::average, AccountingMethod::fifo, AccountingMethod::lifo,
                                         AccountingMethod::hifo};

class Trades {
 public:
  explicit Trades(std::uint64_t seed) : random_(seed) {}
  PositionChange next(Seq seq) {
    PositionChange change;
    if (pick(40) == 0) {
      change.kind = PositionChange::Kind::split;
      change.numerator = Decimal(1 + pick(7));
      change.denominator = Decimal(1 + pick(7));
      return change;
    }
    // Awkward fractions as well as round lots.
    const std::int64_t whole = 1 + pick(9);
    Decimal quantity = pick(2) == 0 ? Decimal(whole) : Decimal::from_units(1 + static_cast<Int128>(random_() >> 4));
    if (pick(2) == 0) quantity = -quantity;
    Decimal cash = -(quantity * Decimal::from_units(static_cast<Int128>(random_() >> 4)));
    if (pick(30) == 0) cash = Decimal{};
    if (pick(30) == 0) quantity = Decimal{};
    change.step = {.seq = seq, .quantity = quantity, .cash = cash};
    return change;
  }

 private:
  std::int64_t pick(int bound) { return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound)); }
  std::mt19937_64 random_;
};

void check(const PositionState& state, AccountingMethod method) {
  if (method == AccountingMethod::average) {
    ASSERT_TRUE(state.lots.empty());
    return;
  }
  Decimal quantity;
  Decimal cost;
  for (const Lot& lot : state.lots) {
    ASSERT_TRUE(lot.quantity.is_positive());
    quantity += lot.quantity;
    cost += lot.cost;
  }
  ASSERT_EQ(to_text(quantity), to_text(abs(state.quantity)));
  ASSERT_EQ(to_text(cost), to_text(state.cost));
}

TEST(PositionProperties, CashPreviewLotsAndRefoldAgreeAfterEveryStep) {
  std::uint64_t seed = test_seed();
  for (const AccountingMethod method : kMethods) {
    for (int run = 0; run < 40; ++run) {
      Trades trades(seed++);
      std::vector<PositionChange> history;
      PositionState state;
      Decimal cash;
      for (std::uint64_t i = 1; i <= 60; ++i) {
        const PositionChange change = trades.next(Seq{i});
        if (change.kind == PositionChange::Kind::split) {
          try {
            apply_split(state, change.numerator, change.denominator);
          } catch (const Overflow&) {
            continue;  // dust; refused as a whole
          }
        } else {
          const PositionState before = state;
          const PositionDelta expected = preview(state, method, change.step);
          const PositionDelta delta = apply(state, method, change.step);
          cash += change.step.cash;
          ASSERT_EQ(delta, expected) << "preview == apply";
          ASSERT_EQ(state.quantity, before.quantity + delta.quantity);
          ASSERT_EQ(state.cost, before.cost + delta.cost);
          ASSERT_EQ(state.realized, before.realized + delta.realized);
          ASSERT_EQ(delta.realized - delta.cost, change.step.cash) << "released + remaining = cost";
        }
        history.push_back(change);
        ASSERT_EQ(cash, state.realized - state.cost) << "sum of cash = realised - cost";
        if (state.quantity.is_zero()) {
          ASSERT_TRUE(state.cost.is_zero()) << "what is flat costs nothing";
        }
        check(state, method);
      }
      ASSERT_EQ(fold(method, history), state) << "refold == incremental";
    }
  }
}

TEST(PositionProperties, AllMethodsAgreeOnWhatIsFlat) {
  std::uint64_t seed = test_seed();
  for (int run = 0; run < 100; ++run) {
    std::vector<PositionChange> history;
    Decimal held;
    Trades trades(seed++);
    for (std::uint64_t i = 1; i <= 30; ++i) {
      const PositionChange change = trades.next(Seq{i});
      if (change.kind == PositionChange::Kind::split) continue;
      history.push_back(change);
      held += change.step.quantity;
    }
    PositionChange close;
    close.step = {.seq = Seq{99}, .quantity = -held, .cash = held};
    history.push_back(close);
    const PositionState expected = fold(AccountingMethod::average, history);
    ASSERT_TRUE(expected.quantity.is_zero());
    for (const AccountingMethod method : kMethods) ASSERT_EQ(fold(method, history), expected) << name_of(method);
  }
}

}  // namespace
}  // namespace blotter
