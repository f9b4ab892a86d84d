// The complete (state × event) table against rules written down on their own: FIX 5.0 SP2 Appendix D and the rules R1
// to R3 of broker reports (fills always apply; only the broker's evidence of a later stage reopens what is closed).
#include "core/order_machine.h"

#include <gtest/gtest.h>

#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>
#include <map>
#include <set>

namespace blotter {
namespace {

using S = OrderState;
using E = OrderEvent;

template <class Enum>
std::vector<Enum> all_of() {
  std::vector<Enum> values;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<Enum>>([&](auto d) { values.push_back(d.value); });
  return values;
}

const std::set<S> kAll = {S::created, S::sent,     S::working,  S::filled,      S::canceled,
                          S::expired, S::rejected, S::replaced, S::done_for_day};
const std::set<S> kOpen = {S::created, S::sent, S::working};
// An order that is filled or asleep can still be asked for, but not one that is gone.
const std::set<S> kOpenOrAsleep = {S::created, S::sent, S::working, S::done_for_day};
const std::set<S> kNotGone = {S::created, S::sent, S::working, S::filled, S::done_for_day};

struct Rule {
  std::set<S> apply;
  std::set<S> quarantine;
  const char* why;
};

const std::map<E, Rule>& rules() {
  static const std::map<E, Rule> kRules = {
      {E::submitted, {{S::created}, {}, "our own wish is news only before anything else has happened"}},
      {E::sent, {{S::created}, {}, "what the venue has said since is later than our sending it"}},
      {E::pending_new, {{S::created, S::sent}, {}, "an acknowledged order is never un-acknowledged"}},
      {E::accepted, {kOpenOrAsleep, {}, "late acknowledgements of closed orders change nothing; a GTC order wakes up"}},
      {E::rejected,
       {kOpen,
        {S::filled, S::replaced, S::done_for_day},
        "rejected after accepted happens (A17); a filled, replaced or sleeping order had been accepted"}},
      {E::pending_cancel, {kOpenOrAsleep, {}, "nothing is left to cancel of what is filled or gone"}},
      {E::cancel_rejected, {kNotGone, {}, "it ends the request; the fill that crossed it decides (A6)"}},
      {E::canceled,
       {{S::created, S::sent, S::working, S::filled, S::replaced, S::done_for_day},
        {S::rejected},
        "the first close counts; what was refused cannot be cancelled; of a filled order it is where a bust falls back "
        "to"}},
      {E::pending_replace, {kNotGone, {}, "Filled to PendingReplace is in Appendix D: an increase"}},
      {E::replace_rejected, {kNotGone, {}, "it ends the request"}},
      {E::replaced,
       {{S::created, S::sent, S::working, S::filled, S::canceled, S::expired, S::done_for_day},
        {S::rejected},
        "restated is the broker's evidence that a closed order is back (R3); a superseded one has a successor"}},
      {E::stopped, {kOpenOrAsleep, {}, "a guarantee for what is filled or gone says nothing"}},
      {E::suspended, {kOpenOrAsleep, {}, "the same"}},
      {E::done_for_day,
       {{S::created, S::sent, S::working, S::filled},
        {S::rejected},
        "the first close counts; Filled to DoneForDay has the higher precedence"}},
      {E::expired,
       {{S::created, S::sent, S::working, S::filled, S::done_for_day},
        {S::rejected},
        "the first close counts; a day's end is not yet the end"}},
      {E::claim, {kAll, {}, "evidence is kept whatever the state"}},
      {E::in_doubt, {kOpenOrAsleep, {}, "the broker has told the end of the others"}},
      {E::fill, {kAll, {}, "R1: a fill applies whatever the lifecycle says"}},
      {E::bust, {kAll, {}, "facts about trades"}},
      {E::correction, {kAll, {}, "facts about trades"}},
  };
  return kRules;
}

TEST(OrderMachine, EveryPairOfStateAndEventIsAsTheRulesSay) {
  std::size_t pairs = 0;
  for (const E event : all_of<E>()) {
    const Rule& rule = rules().at(event);
    for (const S state : all_of<S>()) {
      const Effect expected = rule.apply.contains(state)        ? Effect::apply
                              : rule.quarantine.contains(state) ? Effect::quarantine
                                                                : Effect::ignore;
      EXPECT_EQ(name_of(effect_of(state, event)), name_of(expected))
          << name_of(state) << " x " << name_of(event) << ": " << rule.why;
      ++pairs;
    }
  }
  EXPECT_EQ(pairs, 9u * 20u);
}

TEST(OrderMachine, ATradeIsNeverRefused) {
  for (const S state : all_of<S>()) {
    for (const E event : {E::fill, E::bust, E::correction}) EXPECT_EQ(effect_of(state, event), Effect::apply);
  }
}

TEST(OrderMachine, NothingWeAskForReopensAClosedOrder) {
  for (const S state : {S::canceled, S::expired, S::rejected, S::replaced}) {
    for (const E event : {E::submitted, E::sent, E::pending_new, E::pending_cancel, E::pending_replace}) {
      EXPECT_EQ(effect_of(state, event), Effect::ignore) << name_of(state) << " x " << name_of(event);
    }
  }
}

}  // namespace
}  // namespace blotter
