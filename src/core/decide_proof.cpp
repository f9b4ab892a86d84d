// prove_fits(): evolve() may not fail, so every sum that it forms is formed here first.
#include <limits>

#include "core/decider.h"
#include "core/legs.h"

namespace blotter {
namespace {

// A quarter of the range: what two such values give together still fits, whatever is done with them later.
constexpr Decimal kLimit = Decimal::from_units(std::numeric_limits<Int128>::max() / 4);

void fits(Decimal value) {
  if (abs(value) > kLimit) throw_overflow();
}

class Proof {
 public:
  Proof(const Book& book, const std::vector<Event>& events) : book_(book), events_(events) {}

  void operator()(const FillBooked& e) const {
    const Decimal notional = e.quantity.value() * e.price.value();
    order(e.order, e.quantity.value(), notional);
    position(key_of(e), e.delta, e.fee);
    daily(key_of(e), e.times.at, e.delta.realized, e.fee, e.quantity.value());
    with_instrument(e.instrument, [&](const Instrument& instrument) { balances(legs_of(e, instrument)); });
  }
  void operator()(const FillReversed& e) const {
    order(e.order, e.order_quantity, e.order_notional);
    position(key_of(e), e.delta, e.fee_change);
    daily(key_of(e), e.times.at, e.delta.realized, e.fee_change, Decimal{});
    balances(legs_of(e, book_.instrument(e.instrument)));
  }
  void operator()(const FeeBooked& e) const {
    position(key_of(e), e.delta, e.amount);
    daily(key_of(e), e.times.at, e.delta.realized, e.amount, Decimal{});
    balances(legs_of(e, book_.instrument(e.instrument)));
  }
  void operator()(const CashMoved& e) const { balances(legs_of(e)); }
  void operator()(const SplitRecorded& e) const {
    with_instrument(e.instrument, [&](const Instrument& instrument) {
      if (instrument.mark) fits(mul_div(instrument.mark->value(), e.denominator, e.numerator));
    });
  }
  void operator()(const PositionSplit& e) const {
    position(key_of(e), e.delta, Decimal{});
    balances(legs_of(e, book_.instrument(e.instrument)));
  }
  template <class Other>
  void operator()(const Other&) const {}

 private:
  template <class EventStruct>
  static PositionKey key_of(const EventStruct& e) {
    return {.account = e.account, .instrument = e.instrument, .strategy = e.strategy};
  }

  // The instrument may be one that this very decision registers.
  template <class Use>
  void with_instrument(InstrumentId id, Use&& use) const {
    if (static_cast<std::size_t>(id) <= book_.instruments().size()) return use(book_.instrument(id));
    for (const Event& event : events_) {
      const auto* defined = std::get_if<InstrumentDefined>(&event);
      if (defined == nullptr || defined->instrument != id) continue;
      Instrument instrument;
      instrument.asset_class = defined->asset_class;
      instrument.base = defined->base;
      instrument.settle = defined->settle;
      return use(instrument);
    }
  }

  // All legs on one asset may have one sign, so their magnitudes are added.
  void balances(const Legs& legs) const {
    Decimal total;
    for (const Leg& leg : legs) {
      fits(leg.amount);
      total += abs(leg.amount);
    }
    for (const Leg& leg : legs) {
      const Balance* balance = book_.find_balance({.account = leg.account, .asset = leg.asset});
      fits((balance != nullptr ? abs(balance->amount) : Decimal{}) + total);
    }
  }

  void order(OrderNo no, Decimal quantity, Decimal notional) const {
    fits(quantity);
    fits(notional);
    const Order* order = book_.find_order(no);
    if (order == nullptr) return;
    fits(order->cum + quantity);
    fits(order->notional + notional);
  }

  void position(const PositionKey& key, const PositionDelta& delta, Decimal fee) const {
    for (const Decimal value : {delta.quantity, delta.cost, delta.realized, fee}) fits(value);
    const Position* position = book_.find_position(key);
    if (position == nullptr) return;
    fits(position->state.quantity + delta.quantity);
    fits(position->state.cost + delta.cost);
    fits(position->state.realized + delta.realized);
    fits(position->fees + fee);
  }

  void daily(const PositionKey& key, Timestamp at, Decimal realized, Decimal fee, Decimal quantity) const {
    const DailyPnl* day = book_.find_daily(key, day_of(at));
    if (day == nullptr) return;
    fits(day->realized + realized);
    fits(day->fees + fee);
    fits(day->bought + quantity);
    fits(day->sold + quantity);
  }

  const Book& book_;
  const std::vector<Event>& events_;
};

}  // namespace

void prove_fits(const Book& book, const std::vector<Event>& events) {
  const Proof proof(book, events);
  for (const Event& event : events) std::visit(proof, event);
}

}  // namespace blotter
