#include "core/book.h"

#include <xxhash.h>

#include <algorithm>

#include "blotter/assert.h"
#include "core/legs.h"

namespace blotter {
namespace {

template <class Id>
std::size_t index_of(Id id) {
  BLOTTER_ASSERT(static_cast<std::uint32_t>(id) > 0);
  return static_cast<std::size_t>(id) - 1;
}

std::string instrument_name(std::string_view symbol, std::string_view venue) {
  std::string name(symbol);
  name.push_back('\0');
  name += venue;
  return name;
}

// Ids are dense: a new one is the next, a known one is redefined.
template <class T, class Id>
T& slot_for(std::vector<T>& items, Id id) {
  const std::size_t index = index_of(id);
  BLOTTER_ASSERT(index <= items.size());
  if (index == items.size()) items.emplace_back();
  return items[index];
}

template <class Map, class Key>
auto* find_or_null(Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

std::size_t KeyHash::operator()(const PositionKey& key) const { return XXH3_64bits(&key, sizeof key); }

std::size_t KeyHash::operator()(const BalanceKey& key) const {
  const std::string_view asset = key.asset.text();
  return XXH3_64bits_withSeed(asset.data(), asset.size(), static_cast<std::uint64_t>(key.account));
}

IdentityKey order_key(std::string_view account, std::string_view client_order_id) {
  return make_key(IdentityKind::order, {account, client_order_id});
}

IdentityKey venue_order_key(std::string_view account, std::string_view venue_order_id) {
  return make_key(IdentityKind::venue_order, {account, venue_order_id});
}

Book::Book() {
  strategies_.push_back({.id = kUnattributed, .name = "unattributed", .created_at = {}});
  strategy_ids_["unattributed"] = kUnattributed;
}

const Account& Book::account(AccountId id) const { return accounts_.at(index_of(id)); }
const Instrument& Book::instrument(InstrumentId id) const { return instruments_.at(index_of(id)); }
const Strategy& Book::strategy(StrategyId id) const { return strategies_.at(index_of(id)); }

const Account* Book::find_account(std::string_view name) const {
  const auto* id = find_or_null(account_ids_, std::string(name));
  return id ? &account(*id) : nullptr;
}

const Instrument* Book::find_instrument(std::string_view symbol, std::string_view venue) const {
  const auto* id = find_or_null(instrument_ids_, instrument_name(symbol, venue));
  return id ? &instrument(*id) : nullptr;
}

const Strategy* Book::find_strategy(std::string_view name) const {
  const auto* id = find_or_null(strategy_ids_, std::string(name));
  return id ? &strategy(*id) : nullptr;
}

const Order* Book::find_order(OrderNo no) const {
  const auto* order = find_or_null(orders_, static_cast<std::uint64_t>(no));
  return order ? order->get() : nullptr;
}

const Order* Book::find_order(const IdentityKey& key) const {
  const auto* no = find_or_null(order_index_, key);
  return no ? find_order(*no) : nullptr;
}

const Position* Book::find_position(const PositionKey& key) const { return find_or_null(positions_, key); }

const std::vector<PositionKey>& Book::positions_of(InstrumentId id) const {
  return positions_of_instrument_.at(index_of(id));
}

const Balance* Book::find_balance(const BalanceKey& key) const { return find_or_null(balances_, key); }

const DailyPnl* Book::find_daily(const PositionKey& key, Day day) const {
  return find_or_null(daily_, std::pair(day, key));
}

std::vector<IdentityKey> Book::awaited() const {
  std::vector<IdentityKey> keys;
  for (const auto& [key, waiting] : waiting_) {
    // Equal keys are next to each other.
    if (keys.empty() || keys.back() != key) keys.push_back(key);
  }
  return keys;
}

std::vector<const Waiting*> Book::waiting_for(const IdentityKey& key) const {
  std::vector<const Waiting*> found;
  const auto range = waiting_.equal_range(key);
  for (auto it = range.first; it != range.second; ++it) found.push_back(&it->second);
  std::sort(found.begin(), found.end(), [](auto* a, auto* b) { return a->quarantine < b->quarantine; });
  return found;
}

bool Book::knows_mark(InstrumentId id, Timestamp at, Price price) const {
  const Instrument& known = instrument(id);
  if (!known.mark_at || at > *known.mark_at) return false;
  if (at < *known.mark_at) return true;
  const std::vector<Price>& now = marks_now_[index_of(id)];
  return std::find(now.begin(), now.end(), price) != now.end();
}

void Book::evolve(const Event& event, Seq seq, EvolveNotes* notes) {
  BLOTTER_ASSERT(to_number(seq) == to_number(seq_) + 1);
  std::visit([&](const auto& e) { fold(e, seq); }, event);
  seq_ = seq;
  if (closed_.size() > kClosedOrdersKept) drop_oldest_closed(notes);
}

void Book::fold(const AccountDefined& event, Seq) {
  Account& account = slot_for(accounts_, event.account);
  if (account.name.empty()) {
    account.created_at = event.times.at;
    account_ids_[event.name] = event.account;
  }
  account.id = event.account;
  account.name = event.name;
  account.base_currency = event.base_currency;
  account.broker = event.broker;
  account.method = event.method;
  account.mode = event.mode;
  account.stated = event.definition == Definition::stated;
}

void Book::fold(const InstrumentDefined& event, Seq) {
  Instrument& instrument = slot_for(instruments_, event.instrument);
  if (instrument.symbol.empty()) {
    instrument.created_at = event.times.at;
    instrument_ids_[instrument_name(event.symbol, event.venue)] = event.instrument;
    positions_of_instrument_.resize(instruments_.size());
    marks_now_.resize(instruments_.size());
  }
  instrument.id = event.instrument;
  instrument.symbol = event.symbol;
  instrument.venue = event.venue;
  instrument.asset_class = event.asset_class;
  instrument.base = event.base;
  instrument.quote = event.quote;
  instrument.settle = event.settle;
  instrument.multiplier = event.multiplier;
  instrument.tick_size = event.tick_size;
  instrument.lot_size = event.lot_size;
  instrument.inverse = event.inverse;
  instrument.stated = event.definition == Definition::stated;
}

void Book::fold(const StrategyDefined& event, Seq) {
  Strategy& strategy = slot_for(strategies_, event.strategy);
  strategy = {.id = event.strategy, .name = event.name, .created_at = event.times.at};
  strategy_ids_[event.name] = event.strategy;
}

template <class Visit>
void Book::visit_names(const Order& order, Visit&& visit) const {
  const std::string& name = account(order.account).name;
  visit(order_key(name, order.terms.client_order_id));
  if (!order.terms.venue_order_id.empty()) visit(venue_order_key(name, order.terms.venue_order_id));
  for (const std::string& id : order.former_venue_order_ids) visit(venue_order_key(name, id));
  if (!order.former_client_order_id.empty()) visit(order_key(name, order.former_client_order_id));
}

void Book::index_order(const Order& order) {
  visit_names(order, [&](const IdentityKey& key) { order_index_[key] = order.no; });
}

void Book::unindex_order(const Order& order, EvolveNotes* notes) {
  visit_names(order, [&](const IdentityKey& key) {
    order_index_.erase(key);
    if (notes != nullptr) notes->names.push_back({.key = key, .last_seq = order.last_seq});
  });
}

void Book::note_closed(Order& order, Seq seq) {
  order.closed_seq = seq;
  closed_.push_back({.no = order.no, .seq = seq});
}

void Book::drop_oldest_closed(EvolveNotes* notes) {
  const ClosedOrder oldest = closed_.front();
  closed_.pop_front();
  const auto found = orders_.find(static_cast<std::uint64_t>(oldest.no));
  if (found == orders_.end() || found->second->is_open()) return;
  // It may have come back and closed again since; only its last close counts.
  if (found->second->closed_seq != oldest.seq) return;
  unindex_order(*found->second, notes);
  if (notes != nullptr) notes->dropped.push_back(std::move(*found->second));
  orders_.erase(found);
}

template <class OrderEventStruct>
void Book::fold_into_order(OrderNo no, const OrderEventStruct& event, Seq seq) {
  const auto found = orders_.find(static_cast<std::uint64_t>(no));
  BLOTTER_ASSERT(found != orders_.end());
  Order& order = *found->second;
  const bool was_open = order.is_open();
  const std::string venue_order_id = order.terms.venue_order_id;
  apply(order, event, seq);
  if (order.terms.venue_order_id != venue_order_id) {
    order_index_[venue_order_key(account(order.account).name, order.terms.venue_order_id)] = no;
  }
  if (was_open && !order.is_open()) {
    --counters_.orders_open;
    note_closed(order, seq);
  } else if (!was_open && order.is_open()) {
    ++counters_.orders_open;
  }
}

void Book::fold(const OrderOpened& event, Seq seq) {
  auto& slot = orders_[static_cast<std::uint64_t>(event.order)];
  if (slot) {
    // The statement of an order that was external so far: its client_order_id may be another now.
    unindex_order(*slot, nullptr);
    fold_into_order(event.order, event, seq);
    index_order(*orders_[static_cast<std::uint64_t>(event.order)]);
    return;
  }
  BLOTTER_ASSERT(event.order == next_order_no());
  slot = std::make_unique<Order>();
  apply(*slot, event, seq);
  index_order(*slot);
  ++counters_.orders;
  if (slot->is_open()) {
    ++counters_.orders_open;
  } else {
    note_closed(*slot, seq);
  }
}

void Book::fold(const OrderUpdated& event, Seq seq) {
  fold_into_order(event.order, event, seq);
  if (event.effect == Effect::ignore) ++counters_.ignored;
  release(event.released);
}

void Book::fold(const OrderRecalled& event, Seq seq) {
  auto& slot = orders_[static_cast<std::uint64_t>(event.order.no)];
  BLOTTER_ASSERT(!slot);
  slot = std::make_unique<Order>(event.order);
  index_order(*slot);
  note_closed(*slot, seq);
}

Position& Book::position(const PositionKey& key) {
  Position& position = positions_[key];
  if (position.key == PositionKey{}) {
    position.key = key;
    positions_of_instrument_[index_of(key.instrument)].push_back(key);
  }
  return position;
}

DailyPnl& Book::daily(const PositionKey& key, Timestamp at, Seq seq) {
  const Day day = day_of(at);
  DailyPnl& daily = daily_[std::pair(day, key)];
  daily.key = key;
  daily.day = day;
  daily.last_seq = seq;
  return daily;
}

namespace {

template <class Balances>
void move_balances(Balances& balances, const Legs& legs, Seq seq) {
  for (const Leg& leg : legs) {
    const BalanceKey key{.account = leg.account, .asset = leg.asset};
    Balance& balance = balances[key];
    balance.key = key;
    balance.amount += leg.amount;
    balance.last_seq = seq;
  }
}

template <class EventStruct>
PositionKey key_of(const EventStruct& event) {
  return {.account = event.account, .instrument = event.instrument, .strategy = event.strategy};
}

void add(PositionState& state, const PositionDelta& delta) {
  state.quantity += delta.quantity;
  state.cost += delta.cost;
  state.realized += delta.realized;
}

}  // namespace

void Book::fold(const FillBooked& event, Seq seq) {
  fold_into_order(event.order, event, seq);
  Instrument& instrument = instruments_[index_of(event.instrument)];
  Account& account = accounts_[index_of(event.account)];
  instrument.traded = true;
  account.traded = true;
  Position& position = this->position(key_of(event));
  if (account.method == AccountingMethod::average) {
    add(position.state, event.delta);
  } else {
    const PositionDelta delta =
        apply(position.state, account.method, {.seq = seq, .quantity = event.delta.quantity, .cash = event.trade_cash});
    BLOTTER_ASSERT(delta == event.delta);
  }
  position.window.add({.seq = seq, .split = false, .quantity = event.delta.quantity, .cash = event.trade_cash},
                      position.state);
  position.last_seq = seq;
  const Decimal fee =
      event.fee_asset == instrument.settle && !is_inventory_fee(instrument, event.fee_asset) ? event.fee : Decimal{};
  position.fees += fee;
  DailyPnl& day = daily(position.key, event.times.at, seq);
  day.realized += event.delta.realized;
  day.fees += fee;
  (event.side == Side::buy ? day.bought : day.sold) += event.quantity.value();
  ++day.fills;
  move_balances(balances_, legs_of(event, instrument), seq);
  ++counters_.fills;
}

const ReversedFill* Position::find_reversed(Seq fill) const {
  const auto found = std::lower_bound(reversed.begin(), reversed.end(), fill,
                                      [](const ReversedFill& known, Seq seq) { return known.fill < seq; });
  return found != reversed.end() && found->fill == fill ? &*found : nullptr;
}

namespace {

void note_reversed(Position& position, const FillReversed& event, AccountingMethod method, Seq seq) {
  const auto place = std::lower_bound(position.reversed.begin(), position.reversed.end(), event.fill,
                                      [](const ReversedFill& known, Seq fill) { return known.fill < fill; });
  const ReversedFill reversed{.fill = event.fill, .by = seq, .kind = event.kind};
  if (place != position.reversed.end() && place->fill == event.fill) {
    *place = reversed;
  } else {
    position.reversed.insert(place, reversed);
  }
  if (!position.window.contains(event.fill)) {
    position.window.reset(event.after);
  } else if (event.kind == PositionAdjustmentKind::bust) {
    position.window.remove(method, event.fill);
  } else {
    position.window.replace(method, event.fill, event.step_quantity, event.trade_cash);
  }
}

}  // namespace

void Book::fold(const FillReversed& event, Seq seq) {
  fold_into_order(event.order, event, seq);
  const Instrument& instrument = instruments_[index_of(event.instrument)];
  Position& position = this->position(key_of(event));
  position.state = event.after;
  position.last_seq = seq;
  note_reversed(position, event, accounts_[index_of(event.account)].method, seq);
  const Decimal fee = event.fee_asset == instrument.settle && !is_inventory_fee(instrument, event.fee_asset)
                          ? event.fee_change
                          : Decimal{};
  position.fees += fee;
  DailyPnl& day = daily(position.key, event.times.at, seq);
  day.realized += event.delta.realized;
  day.fees += fee;
  move_balances(balances_, legs_of(event, instrument), seq);
  if (event.kind == PositionAdjustmentKind::bust) ++counters_.busts;
  release(event.released);
}

void Book::fold(const FeeBooked& event, Seq seq) {
  const Instrument& instrument = instruments_[index_of(event.instrument)];
  const Account& account = accounts_[index_of(event.account)];
  Position& position = this->position(key_of(event));
  const bool inventory = is_inventory_fee(instrument, event.asset);
  if (inventory) {
    const PositionDelta delta =
        apply(position.state, account.method, {.seq = seq, .quantity = event.delta.quantity, .cash = Decimal{}});
    BLOTTER_ASSERT(delta == event.delta);
    position.window.add({.seq = seq, .split = false, .quantity = event.delta.quantity, .cash = {}}, position.state);
    position.last_seq = seq;
  }
  const Decimal fee = event.asset == instrument.settle && !inventory ? event.amount : Decimal{};
  position.fees += fee;
  DailyPnl& day = daily(position.key, event.times.at, seq);
  day.realized += event.delta.realized;
  day.fees += fee;
  move_balances(balances_, legs_of(event, instrument), seq);
  release(event.released);
}

void Book::fold(const CashMoved& event, Seq seq) { move_balances(balances_, legs_of(event), seq); }

void Book::fold(const MarkSet& event, Seq) {
  const std::size_t index = index_of(event.instrument);
  Instrument& instrument = instruments_[index];
  if (instrument.mark_at != event.times.at) marks_now_[index].clear();
  marks_now_[index].push_back(event.price);
  instrument.mark = event.price;
  instrument.mark_at = event.times.at;
}

void Book::fold(const SplitRecorded& event, Seq) {
  Instrument& instrument = instruments_[index_of(event.instrument)];
  instrument.traded = true;
  // The old mark is a price per old unit.
  if (instrument.mark) {
    instrument.mark = Price(mul_div(instrument.mark->value(), event.denominator, event.numerator));
  }
}

void Book::fold(const PositionSplit& event, Seq seq) {
  Position& position = this->position(key_of(event));
  const Decimal before = position.state.quantity;
  apply_split(position.state, event.numerator, event.denominator);
  BLOTTER_ASSERT(position.state.quantity - before == event.delta.quantity);
  position.window.add({.seq = seq, .split = true, .quantity = event.numerator, .cash = event.denominator},
                      position.state);
  position.last_seq = seq;
  move_balances(balances_, legs_of(event, instruments_[index_of(event.instrument)]), seq);
}

void Book::fold(const Quarantined& event, Seq seq) {
  ++counters_.quarantined;
  if (event.reason == QuarantineReason::conflict) ++counters_.conflicts;
  if (event.waits_for.is_none()) return;
  waiting_.emplace(
      event.waits_for,
      Waiting{.quarantine = seq, .waits_for = event.waits_for, .times = event.times, .report = event.waiting});
  waiting_keys_.emplace(to_number(seq), event.waits_for);
}

void Book::release(Seq quarantine) {
  const auto known = waiting_keys_.find(to_number(quarantine));
  if (known == waiting_keys_.end()) return;
  const auto range = waiting_.equal_range(known->second);
  for (auto it = range.first; it != range.second; ++it) {
    if (it->second.quarantine != quarantine) continue;
    waiting_.erase(it);
    break;
  }
  waiting_keys_.erase(known);
}

}  // namespace blotter
