#include "ledger/book_rows.h"

namespace blotter {
namespace {

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::int64_t number(Seq seq) { return static_cast<std::int64_t>(to_number(seq)); }

}  // namespace

AccountRow row_of(const std::string& book_id, const Account& account) {
  return {.book_id = book_id,
          .account = account.name,
          .base_currency = account.base_currency,
          .broker = account.broker,
          .method = account.method,
          .mode = account.mode,
          .created_at = account.created_at};
}

InstrumentRow row_of(const std::string& book_id, const Instrument& instrument) {
  InstrumentRow row;
  row.book_id = book_id;
  row.symbol = instrument.symbol;
  row.venue = instrument.venue;
  row.asset_class = instrument.asset_class;
  if (!instrument.base.empty()) row.base = instrument.base;
  row.quote = instrument.quote;
  row.settle = instrument.settle;
  row.multiplier = instrument.multiplier;
  if (!instrument.tick_size.is_zero()) row.tick_size = instrument.tick_size;
  if (!instrument.lot_size.is_zero()) row.lot_size = instrument.lot_size;
  row.inverse = instrument.inverse;
  row.mark = instrument.mark;
  row.mark_at = instrument.mark_at;
  row.created_at = instrument.created_at;
  return row;
}

StrategyRow row_of(const std::string& book_id, const Strategy& strategy) {
  return {.book_id = book_id, .strategy = strategy.name, .created_at = strategy.created_at};
}

OrderRow row_of(const std::string& book_id, const Book& book, const Order& order) {
  const Instrument& instrument = book.instrument(order.instrument);
  OrderRow row;
  row.book_id = book_id;
  row.order_id = order.id;
  row.account = book.account(order.account).name;
  row.client_order_id = order.terms.client_order_id;
  row.venue_order_id = unless_empty(order.terms.venue_order_id);
  row.symbol = instrument.symbol;
  row.venue = instrument.venue;
  row.strategy = book.strategy(order.strategy).name;
  row.side = order.terms.side;
  row.order_type = order.terms.order_type;
  row.tif = order.terms.tif;
  row.post_only = order.terms.post_only;
  row.reduce_only = order.terms.reduce_only;
  row.quantity = order.terms.quantity;
  row.limit_price = order.terms.limit_price;
  row.stop_price = order.terms.stop_price;
  row.status = order.status();
  row.open = order.is_open();
  row.origin = order.origin;
  row.filled_quantity = Quantity(order.cum);
  row.average_price = order.average_price();
  row.claimed_cum_quantity = order.claimed_cum;
  row.claimed_leaves_quantity = order.claimed_leaves;
  row.overfilled = order.is_overfilled();
  row.reason = unless_empty(order.reason);
  row.metadata = unless_empty(order.terms.metadata);
  row.created_at = order.created_at;
  row.updated_at = order.updated_at;
  row.closed_at = order.closed_at;
  row.first_seq = number(order.first_seq);
  row.last_seq = number(order.last_seq);
  return row;
}

PositionRow row_of(const std::string& book_id, const Book& book, const Position& position) {
  const Instrument& instrument = book.instrument(position.key.instrument);
  const PositionState& state = position.state;
  PositionRow row;
  row.book_id = book_id;
  row.account = book.account(position.key.account).name;
  row.symbol = instrument.symbol;
  row.venue = instrument.venue;
  row.strategy = book.strategy(position.key.strategy).name;
  row.quantity = state.quantity;
  row.average_price = average_price(instrument, state.quantity, state.cost);
  row.cost_basis = state.cost;
  row.realized_pnl = state.realized;
  row.fees = position.fees;
  row.settle = instrument.settle;
  row.mark = instrument.mark;
  if (const auto value = valuation(instrument, state.quantity, state.cost)) {
    row.market_value = value->market_value;
    row.unrealized_pnl = value->unrealized;
  }
  row.last_seq = number(position.last_seq);
  return row;
}

BalanceRow row_of(const std::string& book_id, const Book& book, const Balance& balance) {
  return {.book_id = book_id,
          .account = book.account(balance.key.account).name,
          .asset = balance.key.asset,
          .amount = balance.amount,
          .last_seq = number(balance.last_seq)};
}

PnlDailyRow row_of(const std::string& book_id, const Book& book, const DailyPnl& daily) {
  const Instrument& instrument = book.instrument(daily.key.instrument);
  return {.book_id = book_id,
          .day = to_text(daily.day),
          .account = book.account(daily.key.account).name,
          .symbol = instrument.symbol,
          .venue = instrument.venue,
          .strategy = book.strategy(daily.key.strategy).name,
          .settle = instrument.settle,
          .realized_pnl = daily.realized,
          .fees = daily.fees,
          .bought = daily.bought,
          .sold = daily.sold,
          .fills = daily.fills,
          .last_seq = number(daily.last_seq)};
}

}  // namespace blotter
