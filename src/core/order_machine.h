// The order machine: what each event means to an order in each state. One table, every pair defined.
//
// Four facts of an order are kept apart (src/core/order.h): lifecycle, pending requests, quantities from fills, and
// certainty. The state below is the machine's view of the first and the third; the status people see is derived, with
// the precedence of FIX 5.0 SP2 Appendix D (PendingCancel > PendingReplace > DoneForDay > Filled > Stopped > Suspended
// > Canceled > PartiallyFilled > New).
#pragma once

#include <boost/describe/enum.hpp>
#include <cstdint>

#include "blotter/enums.h"

namespace blotter {

// Where an order stands. `filled` is derived: an order that is not closed and whose fills cover its quantity,
// which must be known.
enum class OrderState : std::uint8_t {
  created,  // intent recorded, not known to have left us
  sent,     // left us, no answer yet
  working,  // the venue has it
  filled,
  canceled,
  expired,
  rejected,
  replaced,      // superseded by another order of the venue
  done_for_day,  // may come back the next day
};
BOOST_DESCRIBE_ENUM(OrderState, created, sent, working, filled, canceled, expired, rejected, replaced, done_for_day)

enum class OrderEvent : std::uint8_t {
  submitted,         // we want it
  sent,              // it left us
  pending_new,       // the venue has it and has not accepted it
  accepted,          // it works
  rejected,          // refused by the venue
  pending_cancel,    // a cancel is on its way
  cancel_rejected,   // the cancel was refused
  canceled,          // gone, unfilled rest cancelled
  pending_replace,   // a replace is on its way
  replace_rejected,  // the replace was refused
  replaced,          // quantity or price changed
  stopped,           // the venue guarantees a fill, not yet done
  suspended,         // not working for now
  done_for_day,      // not working until tomorrow
  expired,           // its time in force ended
  claim,             // the broker states quantities; evidence beside ours
  in_doubt,          // we do not know whether it is there
  fill,              // a trade
  bust,              // a trade that never happened
  correction,        // a trade that was another one
};
BOOST_DESCRIBE_ENUM(OrderEvent, submitted, sent, pending_new, accepted, rejected, pending_cancel, cancel_rejected,
                    canceled, pending_replace, replace_rejected, replaced, stopped, suspended, done_for_day, expired,
                    claim, in_doubt, fill, bust, correction)

enum class Effect : std::uint8_t {
  apply,       // it changes the order
  ignore,      // recorded and counted; the order stays as it is
  quarantine,  // it contradicts what we know: kept aside for a person
};
BOOST_DESCRIBE_ENUM(Effect, apply, ignore, quarantine)

Effect effect_of(OrderState state, OrderEvent event);

}  // namespace blotter
