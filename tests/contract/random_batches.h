// Random batches, good and bad, that meet each other's keys and identities often.
//
// An identity (fill, payment) is only offered again in its own hour: a store that is partitioned by time leaves it to
// the ledger to refuse a payment's name in another month.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "store/row_text.h"
#include "store/test_rows.h"

namespace blotter {

class RandomBatches {
 public:
  explicit RandomBatches(unsigned seed) : engine_(seed) {}

  std::int64_t number(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(engine_);
  }
  bool one_in(std::int64_t count) { return number(1, count) == 1; }

  // Follows `applied`, but for one in twelve. A wild batch offers keys and identities again and breaks rules, so it
  // nearly always has a row that is refused; a tame one rarely has.
  Batch next(Cursor applied) {
    const auto first = to_number(applied.applied) + 1 + (one_in(12) ? 1 : 0);
    Batch batch = store_rows::batch(first, first + static_cast<std::uint64_t>(number(0, one_in(5) ? 60 : 10)));
    wild_ = one_in(2);
    batch.epoch = one_in(25) ? Epoch{to_number(applied.epoch) + 1} : applied.epoch;
    batch.last_hash = static_cast<std::uint64_t>(number(INT64_MIN, INT64_MAX));
    seq_ = static_cast<std::int64_t>(first);
    last_ = static_cast<std::int64_t>(to_number(batch.last));
    add_names(batch);
    while (seq_ <= last_) {
      add_event(batch);
      ++seq_;
    }
    add_changes(batch);
    return batch;
  }

 private:
  // One of the first `count` names of a kind in a wild batch, a new one in a tame batch.
  std::int64_t name_number(std::int64_t count) { return wild_ ? number(1, count) : ++fresh_; }
  bool wildly_one_in(std::int64_t count) { return wild_ && one_in(count); }

  Decimal decimal() {
    const auto low = static_cast<UInt128>(static_cast<std::uint64_t>(number(INT64_MIN, INT64_MAX)));
    const auto high = static_cast<UInt128>(static_cast<std::uint64_t>(number(INT64_MIN, INT64_MAX)));
    // All 127 bits, a few of them, or a number as people write it.
    if (one_in(3)) return Decimal::from_units(static_cast<Int128>((high << 64 | low) >> 1) * (one_in(2) ? 1 : -1));
    if (one_in(2)) return Decimal::from_units(static_cast<Int128>(low >> number(0, 63)) * (one_in(2) ? 1 : -1));
    return Decimal::from_units(Int128{number(-1'000'000, 1'000'000)} * (Decimal::kUnitsPerOne / 100));
  }
  Decimal positive() {
    const Decimal value = decimal();
    return value.is_positive() ? value : Decimal{1};
  }
  // The instant of a row; its nanoseconds are anything, its hour is the book's.
  Timestamp instant() { return Timestamp{store_rows::at(0).ns + number(0, 3'600 * kNsPerSecond - 1)}; }
  // Any of those of a row that no partition depends on.
  Timestamp any_instant() { return one_in(4) ? Timestamp{number(INT64_MIN, INT64_MAX)} : instant(); }
  std::string text() {
    static const std::vector<std::string> texts = {"",
                                                   "plain",
                                                   "it's \"quoted\", \\ and\ttabbed\r\n",
                                                   "\x01\x02\x1f\x7f",
                                                   "\xc3\xa9\xe6\xad\xa3\xf0\x9f\x92\xb0",
                                                   "NULL",
                                                   "\\N",
                                                   "\\.",
                                                   "{\"a\":[1.50,1e5,\"\\u0000\"]}",
                                                   "{\"b\":1,\"b\":2}",
                                                   std::string(5000, 'x')};
    return texts[static_cast<std::size_t>(number(0, static_cast<std::int64_t>(texts.size()) - 1))];
  }
  template <class Value>
  std::optional<Value> maybe(Value value) {
    return one_in(3) ? std::nullopt : std::optional<Value>(std::move(value));
  }
  template <class E>
  E any_of() {
    constexpr auto kCount = static_cast<std::int64_t>(EnumNames<E>::kCount);
    return static_cast<E>(number(0, wildly_one_in(150) ? kCount : kCount - 1));
  }
  // Once in a while what no store takes.
  std::string name(std::string good) {
    if (!wildly_one_in(200)) return good;
    return one_in(3) ? std::string() : one_in(2) ? std::string("a\0b", 3) : std::string("\xed\xa0\x80");
  }
  template <class Row>
  Row stamped(Row row) {
    row.at = instant();
    row.received_at = any_instant();
    row.recorded_at = any_instant();
    return row;
  }

  void add_names(Batch& batch) {
    if (one_in(3)) {
      batch.accounts = {store_rows::account(name("A" + std::to_string(number(1, 3))))};
      batch.accounts[0].method = any_of<AccountingMethod>();
      batch.accounts[0].broker = text();
    }
    if (one_in(3)) {
      InstrumentRow row = store_rows::instrument(name("BTCUSD"), any_of<AssetClass>(), one_in(2) ? "BTC" : nullptr);
      row.multiplier = wildly_one_in(25) ? Decimal{} : positive();
      row.tick_size = maybe(decimal());
      row.inverse = one_in(2);
      row.mark = maybe(Price(decimal()));
      row.mark_at = maybe(any_instant());
      batch.instruments = {row};
    }
    if (one_in(5)) batch.strategies = {store_rows::strategy(name("s" + std::to_string(number(1, 3))))};
  }

  OrderRow order(std::int64_t number_of_order) {
    OrderRow row = store_rows::order(0, seq_);
    row.order_id.bytes[14] = static_cast<std::uint8_t>(number_of_order >> 8);
    row.order_id.bytes[15] = static_cast<std::uint8_t>(number_of_order);
    row.client_order_id = "c" + std::to_string(wildly_one_in(15) ? number(1, 200) : number_of_order);
    row.venue_order_id = maybe("v" + std::to_string(number(1, 30)));
    row.side = any_of<Side>();
    row.status = any_of<OrdStatus>();
    row.open = one_in(2);
    row.filled_quantity = Quantity(wildly_one_in(30) ? decimal() : positive());
    row.average_price = maybe(Price(decimal()));
    row.reason = maybe(text());
    row.metadata = maybe(text());
    row.created_at = any_instant();
    row.closed_at = maybe(any_instant());
    return row;
  }

  // The row of one event of the journal, and sometimes the order it opened.
  void add_event(Batch& batch) {
    if (one_in(4)) {
      const std::int64_t number_of_order = name_number(200);
      batch.new_orders.push_back(order(number_of_order));
      orders_.push_back(number_of_order);
    }
    switch (number(1, 7)) {
      case 1:
        batch.order_events.push_back(stamped(store_rows::order_event(seq_, 1)));
        batch.order_events.back().status = any_of<OrdStatus>();
        batch.order_events.back().quantity = maybe(Quantity(positive()));
        batch.order_events.back().reason = maybe(text());
        break;
      case 2:
      case 3:
        batch.fills.push_back(fill());
        break;
      case 4:
        batch.position_adjustments.push_back(
            stamped(store_rows::bust_of(batch.fills.empty() ? fill() : batch.fills.back(), seq_)));
        batch.position_adjustments.back().kind = any_of<PositionAdjustmentKind>();
        break;
      case 5:
        batch.cash_movements.push_back(
            stamped(store_rows::cash(seq_, name("d" + std::to_string(name_number(500))), "1")));
        batch.cash_movements.back().amount = decimal();
        batch.cash_movements.back().kind = any_of<CashKind>();
        batch.cash_movements.back().note = maybe(text());
        break;
      case 6:
        batch.quarantine.push_back(stamped(store_rows::quarantine(seq_)));
        batch.quarantine.back().content = text();
        batch.quarantine.back().existing = maybe(text());
        break;
      default:
        batch.audit_log.push_back(stamped(store_rows::audit(seq_)));
        batch.audit_log.back().severity = any_of<AuditSeverity>();
        batch.audit_log.back().details = text();
        batch.audit_log.back().user_id = maybe(text());
    }
  }

  FillRow fill() {
    FillRow row = stamped(store_rows::fill(seq_, static_cast<std::uint8_t>(number(1, 200))));
    row.exec_id = name("e" + std::to_string(name_number(500)));
    row.side = any_of<Side>();
    row.quantity = Quantity(wildly_one_in(75) ? decimal() : positive());
    row.price = Price(decimal());
    row.fee = decimal();
    row.fee_asset = Asset::of(one_in(2) ? "BTC" : "USD");
    row.liquidity = any_of<Liquidity>();
    row.position_delta = decimal();
    row.cash_delta = one_in(10) ? Decimal{} : decimal();
    row.realized_pnl = decimal();
    if (wildly_one_in(200)) row.trade_date = "2015-05-02";
    return row;
  }

  // What changes rows that are there, or are not. At most one row for each key.
  void add_changes(Batch& batch) {
    add_changed_orders(batch);
    if (one_in(3) && !batch.fills.empty()) {
      batch.fill_status_changes.push_back({batch.fills[0].seq, any_of<FillStatus>()});
    }
    if (wildly_one_in(8)) batch.fill_status_changes.push_back({number(last_ + 1, last_ + 9), FillStatus::corrected});
    if (one_in(3) && !batch.quarantine.empty()) batch.quarantine_releases.push_back({batch.quarantine[0].seq});
    if (wildly_one_in(8)) batch.quarantine_releases.push_back({number(last_ + 1, last_ + 9)});
    if (one_in(2)) {
      PositionRow row = store_rows::position("1", last_);
      row.quantity = decimal();
      row.average_price = maybe(decimal());
      row.mark = maybe(Price(decimal()));
      row.strategy = name("s" + std::to_string(number(1, 5)));
      batch.positions = {row};
    }
    if (one_in(2))
      batch.balances = {store_rows::balance(one_in(2) ? "USD" : "BTC", "0", wildly_one_in(50) ? 0 : last_)};
    if (!batch.balances.empty()) batch.balances[0].amount = decimal();
    if (one_in(3)) {
      batch.pnl_daily = {
          store_rows::pnl(wildly_one_in(20) ? "2015-02-29" : "2015-05-0" + std::to_string(number(1, 9)), last_)};
      batch.pnl_daily[0].realized_pnl = decimal();
      batch.pnl_daily[0].bought = positive();
    }
  }

  // Orders that have been offered: they are there, unless their batch was refused.
  void add_changed_orders(Batch& batch) {
    for (const std::int64_t low : {std::int64_t{1}, std::int64_t{101}}) {
      if (wild_ && one_in(2)) batch.changed_orders.push_back(order(number(low, low + 99)));
    }
    if (wild_ || orders_.empty() || one_in(2)) return;
    const auto place = static_cast<std::size_t>(number(0, static_cast<std::int64_t>(orders_.size()) - 1));
    batch.changed_orders.push_back(order(orders_[place]));
  }

  std::mt19937_64 engine_;
  bool wild_ = false;
  std::int64_t fresh_ = 1'000;
  std::vector<std::int64_t> orders_;
  std::int64_t seq_ = 0;
  std::int64_t last_ = 0;
};

}  // namespace blotter
