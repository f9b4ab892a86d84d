#include "core/order_machine.h"

#include <array>
#include <string_view>

#include "blotter/assert.h"

namespace blotter {
namespace {

constexpr std::size_t kStates = 9;
constexpr std::size_t kEvents = 20;

// One row for each event, one column for each state: A apply, I ignore, Q quarantine.
//
// Facts about trades always apply (late fills on cancelled orders, busts of filled ones). A close that arrives after
// the fills did is applied too: it decides where the order falls back to if a fill is busted. What arrives late about
// an earlier stage of life (an acknowledgement after the cancel) is ignored. A closed order comes back only by what
// the broker says of a later stage: restated (replaced), or working again after done-for-day; order.cpp looks at the
// time of it. A refused cancel of a filled order ends the request, the fill decides.
constexpr std::array<std::string_view, kEvents> kTable = {
    // created, sent, working, filled, canceled, expired, rejected, replaced, done_for_day
    "AIIIIIIII",  // submitted
    "AIIIIIIII",  // sent
    "AAIIIIIII",  // pending_new
    "AAAIIIIIA",  // accepted
    "AAAQIIIQQ",  // rejected
    "AAAIIIIIA",  // pending_cancel
    "AAAAIIIIA",  // cancel_rejected
    "AAAAIIQAA",  // canceled
    "AAAAIIIIA",  // pending_replace
    "AAAAIIIIA",  // replace_rejected
    "AAAAAAQIA",  // replaced
    "AAAIIIIIA",  // stopped
    "AAAIIIIIA",  // suspended
    "AAAAIIQII",  // done_for_day
    "AAAAIIQIA",  // expired
    "AAAAAAAAA",  // claim
    "AAAIIIIIA",  // in_doubt
    "AAAAAAAAA",  // fill
    "AAAAAAAAA",  // bust
    "AAAAAAAAA",  // correction
};

}  // namespace

Effect effect_of(OrderState state, OrderEvent event) {
  const auto row = static_cast<std::size_t>(event);
  const auto column = static_cast<std::size_t>(state);
  BLOTTER_ASSERT(row < kEvents && column < kStates);
  switch (kTable[row][column]) {
    case 'A':
      return Effect::apply;
    case 'I':
      return Effect::ignore;
    default:
      return Effect::quarantine;
  }
}

}  // namespace blotter
