// PositionWindow: the recent history of one position, so that a bust or correction of a recent fill is folded again in
// memory. What lies before it is read back from the journal (ledger/recall.h): rare, and slow for a long history.
//
// Invariant  Folding `entries` over `base` gives the position as it stands.
// Cost       add O(1), and a copy of the state every kKept steps; without and with O(entries), at most 2 x kKept.
#pragma once

#include <boost/describe/class.hpp>
#include <optional>
#include <vector>

#include "core/position.h"

namespace blotter {

struct PositionWindow {
  static constexpr std::size_t kKept = 512;  // at least so many steps are kept; at most twice as many

  struct Entry {
    Seq seq{0};  // of the fill (or other event) that is this step
    bool split = false;
    Decimal quantity;  // split: numerator
    Decimal cash;      // split: denominator
  };

  PositionState base;  // before the first entry
  std::vector<Entry> entries;
  PositionState middle;            // after the first middle_count entries; becomes the next base
  std::uint64_t middle_count = 0;  // 0: there is none yet

  // `after`: the position's state after the step.
  void add(const Entry& entry, const PositionState& after);
  bool contains(Seq fill) const;
  // The position without the step of `fill`, or with another one in its place. `fill` is contained.
  PositionState without(AccountingMethod method, Seq fill) const;
  PositionState with(AccountingMethod method, Seq fill, Decimal quantity, Decimal cash) const;
  // The same, and from now on.
  void remove(AccountingMethod method, Seq fill);
  void replace(AccountingMethod method, Seq fill, Decimal quantity, Decimal cash);
  // Begins anew: what was before `state` is no longer known here.
  void reset(const PositionState& state);
};
BOOST_DESCRIBE_STRUCT(PositionWindow::Entry, (), (seq, split, quantity, cash))
BOOST_DESCRIBE_STRUCT(PositionWindow, (), (base, entries, middle, middle_count))

}  // namespace blotter
