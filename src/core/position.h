// Positions: the fold of effective fills into quantity, cost and realised P&L.
//
// Unit       quantity in units of the instrument, negative when short; money in the settlement currency.
// Invariant  Cost is carried, the average is derived. A partial close releases cost so that released + remaining equals
//            the cost before it to the last digit; a fill through zero splits its cash the same way. Therefore, at any
//            time: sum of cash of all steps = realised - cost.
// Cost sign  cost = -(cash spent to open what is open): positive for a long position in a linear instrument, negative
// for a
//            short one. For an inverse instrument cash flows the other way round (buying a contract is selling the
//            settlement currency), and the same fold gives the right P&L without a special case.
#pragma once

#include <boost/describe/class.hpp>
#include <vector>

#include "blotter/decimal.h"
#include "blotter/enums.h"
#include "blotter/ids.h"

namespace blotter {

// What is still open of one opening fill. FIFO, LIFO and HIFO only.
struct Lot {
  Decimal quantity;  // > 0, whatever the direction of the position
  Decimal cost;      // signed as the position's
  Seq seq{0};        // of the fill that opened it
  friend bool operator==(const Lot&, const Lot&) = default;
};
BOOST_DESCRIBE_STRUCT(Lot, (), (quantity, cost, seq))

struct PositionState {
  Decimal quantity;
  Decimal cost;
  Decimal realized;       // before fees
  std::vector<Lot> lots;  // in order of opening
  friend bool operator==(const PositionState&, const PositionState&) = default;
};
BOOST_DESCRIBE_STRUCT(PositionState, (), (quantity, cost, realized, lots))

// One change: `quantity` signed (bought > 0), `cash` signed (received > 0).
struct PositionStep {
  Seq seq{0};
  Decimal quantity;
  Decimal cash;
};

struct PositionDelta {
  Decimal quantity;
  Decimal cost;
  Decimal realized;
  friend bool operator==(const PositionDelta&, const PositionDelta&) = default;
};
BOOST_DESCRIBE_STRUCT(PositionDelta, (), (quantity, cost, realized))

// What the step would do. O(1) for the average method, O(lots consumed) for the others. Throws Overflow.
PositionDelta preview(const PositionState& state, AccountingMethod method, const PositionStep& step);

// Does it; returns what preview() returns. HIFO closes the lot that was dearest for a long position and cheapest for a
// short one; equal ones in order of opening. Throws Overflow, then `state` is unchanged.
PositionDelta apply(PositionState& state, AccountingMethod method, const PositionStep& step);

// numerator new units for every denominator old ones; the cost stays. Fractions are kept (cash in lieu is a fact of its
// own).
// Throws Overflow (also when a position would become less than the smallest quantity), then `state` is unchanged.
void apply_split(PositionState& state, Decimal numerator, Decimal denominator);

// One entry of a position's history, for folding it again.
struct PositionChange {
  enum class Kind : std::uint8_t { step, split } kind = Kind::step;
  PositionStep step;  // kind step
  Decimal numerator;  // kind split
  Decimal denominator;
};

// The fold from nothing.
PositionState fold(AccountingMethod method, const std::vector<PositionChange>& history);

}  // namespace blotter
