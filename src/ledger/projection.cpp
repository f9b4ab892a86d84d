#include "ledger/projection.h"

#include <algorithm>

#include "ledger/book_rows.h"

namespace blotter {
namespace {

std::int64_t number(Seq seq) { return static_cast<std::int64_t>(to_number(seq)); }

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

template <class EventStruct>
PositionKey key_of(const EventStruct& event) {
  return {.account = event.account, .instrument = event.instrument, .strategy = event.strategy};
}

}  // namespace

Projection::Projection(std::string book_id, Book book)
    : book_id_(std::move(book_id)), book_(std::move(book)), first_(next(book_.seq())) {
  if (first_ == Seq{1}) batch_.strategies.push_back(row_of(book_id_, book_.strategy(kUnattributed)));
}

void Projection::add(const Event& event, Seq seq) {
  notes_.dropped.clear();
  book_.evolve(event, seq, &notes_);
  std::visit([&](const auto& e) { rows(e, seq); }, event);
  for (Order& order : notes_.dropped) {
    const auto no = static_cast<std::uint64_t>(order.no);
    if (orders_.contains(no)) dropped_.insert_or_assign(no, std::move(order));
  }
}

void Projection::take(Epoch epoch, Batch& batch) {
  for (const auto& [id, noted] : accounts_) batch_.accounts.push_back(row_of(book_id_, book_.account(id)));
  for (const auto& [id, noted] : instruments_) batch_.instruments.push_back(row_of(book_id_, book_.instrument(id)));
  for (const std::uint64_t no : orders_) {
    const Order* order = book_.find_order(OrderNo{no});
    if (order == nullptr) order = &dropped_.at(no);
    auto& rows = order->first_seq >= first_ ? batch_.new_orders : batch_.changed_orders;
    rows.push_back(row_of(book_id_, book_, *order));
  }
  // Ids grow with time: inserting in their order keeps the index's right edge hot.
  const auto by_id = [](const OrderRow& a, const OrderRow& b) { return a.order_id < b.order_id; };
  std::sort(batch_.new_orders.begin(), batch_.new_orders.end(), by_id);
  std::sort(batch_.changed_orders.begin(), batch_.changed_orders.end(), by_id);
  for (const PositionKey& key : positions_) {
    batch_.positions.push_back(row_of(book_id_, book_, *book_.find_position(key)));
  }
  for (const BalanceKey& key : balances_) {
    if (const Balance* balance = book_.find_balance(key)) {
      batch_.balances.push_back(row_of(book_id_, book_, *balance));
    }
  }
  for (const auto& [key, noted] : daily_) {
    batch_.pnl_daily.push_back(row_of(book_id_, book_, *book_.find_daily(key.second, key.first)));
  }
  batch_.book_id = book_id_;
  batch_.epoch = epoch;
  batch_.first = first_;
  batch_.last = book_.seq();
  std::swap(batch, batch_);
  batch_.clear();
  first_ = next(book_.seq());
  orders_.clear();
  dropped_.clear();
  positions_.clear();
  balances_.clear();
  daily_.clear();
  instruments_.clear();
  accounts_.clear();
}

void Projection::note_instrument(InstrumentId id) {
  instruments_[id] = true;
  for (const PositionKey& key : book_.positions_of(id)) note_position(key);
}

void Projection::note_balances(const EventTimes& times, const PositionKey& key, const Asset& extra) {
  const Instrument& instrument = book_.instrument(key.instrument);
  for (const Asset& asset : {instrument.settle, instrument.base, extra}) {
    if (!asset.empty()) balances_.insert({.account = key.account, .asset = asset});
  }
  daily_[{day_of(times.at), key}] = true;
  note_position(key);
}

void Projection::release(Seq quarantine) {
  if (to_number(quarantine) != 0) batch_.quarantine_releases.push_back({.seq = number(quarantine)});
}

void Projection::add_order_event(const EventTimes& times, Seq seq, OrderNo no, OrderEvent event, Effect effect,
                                 const std::optional<Quantity>& quantity, const std::optional<Price>& price,
                                 const std::string& reason) {
  // The order may have been dropped by this very event: then its last state is in the notes.
  const Order* order = book_.find_order(no);
  for (const Order& dropped : notes_.dropped) {
    if (dropped.no == no) order = &dropped;
  }
  note_order(no);
  batch_.order_events.push_back({.book_id = book_id_,
                                 .seq = number(seq),
                                 .order_id = order->id,
                                 .event = std::string(name_of(event)),
                                 .effect = std::string(name_of(effect)),
                                 .status = order->status(),
                                 .quantity = quantity,
                                 .limit_price = price,
                                 .reason = unless_empty(reason),
                                 .at = times.at,
                                 .received_at = times.received_at,
                                 .recorded_at = times.recorded_at});
}

void Projection::rows(const AccountDefined& event, Seq) { accounts_[event.account] = true; }

void Projection::rows(const InstrumentDefined& event, Seq) { note_instrument(event.instrument); }

void Projection::rows(const StrategyDefined& event, Seq) {
  batch_.strategies.push_back(row_of(book_id_, book_.strategy(event.strategy)));
}

void Projection::rows(const OrderOpened& event, Seq seq) {
  const OrderEvent kind = event.origin == OrderOrigin::intent ? OrderEvent::submitted : OrderEvent::accepted;
  add_order_event(event.times, seq, event.order, kind, Effect::apply, event.terms.quantity, event.terms.limit_price,
                  {});
}

void Projection::rows(const OrderUpdated& event, Seq seq) {
  add_order_event(event.times, seq, event.order, event.event, event.effect, event.quantity, event.limit_price,
                  event.reason);
  release(event.released);
}

void Projection::rows(const OrderRecalled&, Seq) {}

void Projection::rows(const FillBooked& event, Seq seq) {
  add_order_event(event.times, seq, event.order, OrderEvent::fill, Effect::apply, event.quantity, event.price, {});
  const Instrument& instrument = book_.instrument(event.instrument);
  note_balances(event.times, key_of(event), event.fee_asset);
  FillRow row;
  row.book_id = book_id_;
  row.seq = number(seq);
  row.order_id = batch_.order_events.back().order_id;
  row.account = book_.account(event.account).name;
  row.symbol = instrument.symbol;
  row.venue = instrument.venue;
  row.strategy = book_.strategy(event.strategy).name;
  row.exec_id = event.exec_id;
  row.trade_date = to_text(day_of(event.times.at));
  row.side = event.side;
  row.quantity = event.quantity;
  row.price = event.price;
  row.fee = event.fee;
  row.fee_asset = event.fee_asset;
  row.liquidity = event.liquidity;
  row.position_delta = event.delta.quantity;
  row.cash_delta = event.cash;
  row.cost_delta = event.delta.cost;
  row.realized_pnl = event.delta.realized;
  row.settle = instrument.settle;
  row.at = event.times.at;
  row.received_at = event.times.received_at;
  row.recorded_at = event.times.recorded_at;
  batch_.fills.push_back(std::move(row));
}

template <class EventStruct>
PositionAdjustmentRow Projection::adjustment(const EventStruct& event, Seq seq, PositionAdjustmentKind kind) const {
  const Instrument& instrument = book_.instrument(event.instrument);
  PositionAdjustmentRow row;
  row.book_id = book_id_;
  row.seq = number(seq);
  row.kind = kind;
  row.account = book_.account(event.account).name;
  row.symbol = instrument.symbol;
  row.venue = instrument.venue;
  row.strategy = book_.strategy(event.strategy).name;
  row.position_delta = event.delta.quantity;
  row.cost_delta = event.delta.cost;
  row.realized_pnl = event.delta.realized;
  row.settle = instrument.settle;
  row.fee_asset = instrument.settle;
  row.at = event.times.at;
  row.received_at = event.times.received_at;
  row.recorded_at = event.times.recorded_at;
  return row;
}

void Projection::rows(const FillReversed& event, Seq seq) {
  const bool bust = event.kind == PositionAdjustmentKind::bust;
  add_order_event(event.times, seq, event.order, bust ? OrderEvent::bust : OrderEvent::correction, Effect::apply,
                  bust ? std::nullopt : std::optional(event.quantity), bust ? std::nullopt : std::optional(event.price),
                  {});
  note_balances(event.times, key_of(event), event.fee_asset);
  PositionAdjustmentRow row = adjustment(event, seq, event.kind);
  row.fill_seq = number(event.fill);
  row.exec_id = event.exec_id;
  if (!bust) {
    row.new_exec_id = event.new_exec_id;
    row.quantity = event.quantity;
    row.price = event.price;
  }
  row.cash_delta = event.cash;
  row.fee = event.fee_change;
  row.fee_asset = event.fee_asset;
  batch_.position_adjustments.push_back(std::move(row));
  // Only the last change of one fill counts; a batch holds one for each key.
  std::erase_if(batch_.fill_status_changes, [&](const auto& change) { return change.seq == number(event.fill); });
  batch_.fill_status_changes.push_back(
      {.seq = number(event.fill), .status = bust ? FillStatus::busted : FillStatus::corrected});
  release(event.released);
}

void Projection::rows(const FeeBooked& event, Seq seq) {
  note_balances(event.times, key_of(event), event.asset);
  PositionAdjustmentRow row = adjustment(event, seq, PositionAdjustmentKind::fee);
  row.fill_seq = number(event.fill);
  row.exec_id = event.exec_id;
  row.fee_id = event.fee_id;
  row.cash_delta = event.cash;
  row.fee = event.amount;
  row.fee_asset = event.asset;
  batch_.position_adjustments.push_back(std::move(row));
  release(event.released);
}

void Projection::rows(const CashMoved& event, Seq seq) {
  balances_.insert({.account = event.account, .asset = event.asset});
  batch_.cash_movements.push_back({.book_id = book_id_,
                                   .seq = number(seq),
                                   .account = book_.account(event.account).name,
                                   .kind = event.kind,
                                   .id = event.id,
                                   .asset = event.asset,
                                   .amount = event.amount,
                                   .symbol = unless_empty(event.symbol),
                                   .venue = unless_empty(event.venue),
                                   .note = unless_empty(event.note),
                                   .at = event.times.at,
                                   .received_at = event.times.received_at,
                                   .recorded_at = event.times.recorded_at});
}

void Projection::rows(const MarkSet& event, Seq) { note_instrument(event.instrument); }

void Projection::rows(const SplitRecorded& event, Seq) { note_instrument(event.instrument); }

void Projection::rows(const PositionSplit& event, Seq seq) {
  note_position(key_of(event));
  const Asset& base = book_.instrument(event.instrument).base;
  if (!base.empty()) balances_.insert({.account = event.account, .asset = base});
  PositionAdjustmentRow row = adjustment(event, seq, PositionAdjustmentKind::split);
  row.ratio = to_text(event.numerator) + "/" + to_text(event.denominator);
  batch_.position_adjustments.push_back(std::move(row));
}

void Projection::rows(const Quarantined& event, Seq seq) {
  batch_.quarantine.push_back({.book_id = book_id_,
                               .seq = number(seq),
                               .reason = event.reason,
                               .state = QuarantineState::waiting,
                               .account = event.account,
                               .identity = event.claims,
                               .detail = event.detail,
                               .content = event.content,
                               .existing = unless_empty(event.existing),
                               .at = event.times.at,
                               .received_at = event.times.received_at,
                               .recorded_at = event.times.recorded_at});
}

void Projection::rows(const AuditRecorded& event, Seq seq) {
  batch_.audit_log.push_back({.book_id = book_id_,
                              .seq = number(seq),
                              .component = event.component,
                              .action = event.action,
                              .details = event.details.empty() ? "{}" : event.details,
                              .user_id = unless_empty(event.user_id),
                              .session_id = unless_empty(event.session_id),
                              .severity = event.severity,
                              .at = event.times.at,
                              .received_at = event.times.received_at,
                              .recorded_at = event.times.recorded_at});
}

}  // namespace blotter
