// Legs: the changes of balances that an event makes. One definition, used by decide() (to refuse what would overflow),
// by evolve() and, through the same amounts in the rows, by the ledger_entries view.
#pragma once

#include <array>
#include <cstddef>

#include "core/event.h"
#include "core/instrument.h"

namespace blotter {

struct Leg {
  AccountId account{};
  Asset asset;
  Decimal amount;
};

// At most three legs; none of them zero.
class Legs {
 public:
  void add(AccountId account, const Asset& asset, Decimal amount) {
    if (!amount.is_zero()) legs_[size_++] = {.account = account, .asset = asset, .amount = amount};
  }
  const Leg* begin() const { return legs_.data(); }
  const Leg* end() const { return legs_.data() + size_; }

 private:
  std::array<Leg, 3> legs_;
  std::size_t size_ = 0;
};

Legs legs_of(const FillBooked& event, const Instrument& instrument);
Legs legs_of(const FillReversed& event, const Instrument& instrument);
Legs legs_of(const FeeBooked& event, const Instrument& instrument);
// A split of a coin changes how many of it the account holds.
Legs legs_of(const PositionSplit& event, const Instrument& instrument);
Legs legs_of(const CashMoved& event);

}  // namespace blotter
