// decide() for trades.
#include <fmt/format.h>

#include "core/decider.h"
#include "core/render.h"

namespace blotter {

std::uint32_t execution_variant(std::string_view venue, std::string_view symbol, Side side, Timestamp at) {
  return make_variant({venue, symbol, name_of(side), to_text(day_of(at))});
}

std::uint32_t correction_variant() {
  static const std::uint32_t variant = make_variant({"correction"});
  return variant;
}

std::uint64_t execution_content(Quantity quantity, Price price, Decimal fee, const Asset& fee_asset,
                                const Asset& settle) {
  // No fee is no fee in any asset, and one in the settlement currency may say so or not.
  const bool plain = fee.is_zero() || fee_asset == settle;
  return make_content(
      {bytes_of(quantity), bytes_of(price), bytes_of(fee), plain ? std::string_view{} : fee_asset.text()});
}

Asset Decider::settle_of(const InstrumentName& name) const {
  if (const Instrument* known = book_.find_instrument(name.symbol, name.venue)) return known->settle;
  return name.quote.empty() ? context_.defaults->quote : name.quote;
}

bool Decider::known_by_correction(const FillReport& report, const std::string& claims) {
  const IdentityKey key = make_key(IdentityKind::execution, {report.account, report.exec_id});
  const Identities::Entry* known = identities_.find(key, correction_variant());
  if (known == nullptr) return false;
  if (evidence_.events.empty()) {
    need_events({known->seq()});
    return true;
  }
  const Event& event = evidence_.events.front().event;
  const auto* corrected = std::get_if<FillReversed>(&event);
  if (corrected == nullptr || corrected->side != report.side) return false;
  const Instrument& instrument = book_.instrument(corrected->instrument);
  if (instrument.symbol != report.instrument.symbol || instrument.venue != report.instrument.venue) return false;
  const bool same =
      corrected->quantity == report.quantity && corrected->price == report.price && corrected->fee == report.fee;
  if (same) {
    exists();
  } else {
    quarantine(QuarantineReason::conflict, report.account, report.at, claims,
               "a correction brought this execution in with other content", {}, {}, render_json(event));
  }
  return true;
}

void Decider::decide(const FillReport& report) {
  const Asset settle = settle_of(report.instrument);
  const Asset fee_asset = report.fee_asset.empty() ? settle : report.fee_asset;
  const Identity identity{
      .key = make_key(IdentityKind::execution, {report.account, report.exec_id}),
      .variant = execution_variant(report.instrument.venue, report.instrument.symbol, report.side, report.at),
      .content = execution_content(report.quantity, report.price, report.fee, fee_asset, settle)};
  const std::string claims = fmt::format("fill {} {}", report.account, report.exec_id);
  if (const Identities::Entry* known = identities_.find(identity.key, identity.variant)) {
    if (known->content == identity.content) return exists();
    return conflict(*known, report.account, report.at, claims);
  }
  if (known_by_correction(report, claims)) return;
  const Found found = find_order(report.account, report.order);
  if (found.recalling) return;

  const Registered account = register_account(report.account, report.at);
  const Instrument& instrument = register_instrument(report.instrument, report.at);
  if (instrument.inverse && report.price.is_zero()) {
    return quarantine(QuarantineReason::contradiction, report.account, report.at, claims,
                      "an inverse contract has no value at price zero");
  }
  FillBooked fill;
  fill.times = times(report.at);
  const Order* order = found.order;
  const bool contradicts = order != nullptr && (order->instrument != instrument.id || order->terms.side != report.side);
  if (order != nullptr && !contradicts) {
    fill.order = order->no;
    fill.strategy = report.strategy.empty() ? order->strategy : register_strategy(report.strategy, report.at);
    fill.previous_of_order = order->last_seq;
    if (!report.order.venue_order_id.empty() && !order->knows_venue_order_id(report.order.venue_order_id)) {
      fill.venue_order_id = report.order.venue_order_id;
      out_.woken.push_back(venue_order_key(report.account, report.order.venue_order_id));
    }
  } else {
    fill.strategy = register_strategy(report.strategy, report.at);
    adopt_order(report, account.account, instrument.id, contradicts, fill);
  }
  fill.account = account.account;
  fill.instrument = instrument.id;
  fill.exec_id = report.exec_id;
  fill.side = report.side;
  fill.quantity = report.quantity;
  fill.price = report.price;
  fill.fee = report.fee;
  fill.fee_asset = fee_asset;
  fill.liquidity = report.liquidity;
  fill.trade_cash = trade_cash(instrument, report.side, report.quantity, report.price);
  const PositionStep step{
      .seq = next_seq(),
      .quantity = inventory_change(instrument, report.side, report.quantity, fill.fee, fill.fee_asset),
      .cash = fill.trade_cash};
  const Position* position =
      book_.find_position({.account = fill.account, .instrument = fill.instrument, .strategy = fill.strategy});
  static const PositionState kFlat;
  fill.delta = preview(position != nullptr ? position->state : kFlat, account.method, step);
  fill.cash = exchanges_cash(instrument) ? fill.trade_cash : fill.delta.realized;
  fill.previous_of_position = position != nullptr ? position->last_seq : Seq{0};
  fill.identity = identity;
  out_.woken.push_back(identity.key);
  emit(std::move(fill));
  if (contradicts) {
    flag(report.account, report.at, claims,
         fmt::format("booked under an order of its own: order {} is a {} of {}", order->terms.client_order_id,
                     name_of(order->terms.side), book_.instrument(order->instrument).symbol));
  }
}

// The order of a fill that names none we know, or one that it cannot belong to (then it is named after the fill).
void Decider::adopt_order(const FillReport& report, AccountId account, InstrumentId instrument, bool contradicts,
                          FillBooked& fill) {
  OrderTerms terms;
  if (contradicts) {
    terms.client_order_id = fmt::format("unmatched:{}:{}", report.exec_id, to_number(next_seq()));
  } else {
    terms.client_order_id =
        report.order.client_order_id.empty() ? "venue:" + report.order.venue_order_id : report.order.client_order_id;
    terms.venue_order_id = report.order.venue_order_id;
  }
  terms.side = report.side;
  terms.order_type = OrderType::market;
  fill.order = book_.next_order_no();
  fill.previous_of_order = next_seq();
  if (!contradicts) wake_order(report.account, terms);
  const Uuid id = make_order_id(report.at, report.account, terms.client_order_id);
  // Its identity is known from now on, its content is not: an order line may still state it.
  const Identity identity{.key = order_key(report.account, terms.client_order_id), .variant = 0, .content = 0};
  emit(OrderOpened{.times = times(report.at),
                   .order = fill.order,
                   .order_id = id,
                   .account = account,
                   .instrument = instrument,
                   .strategy = fill.strategy,
                   .terms = std::move(terms),
                   .origin = OrderOrigin::external,
                   .previous_of_order = Seq{0},
                   .identity = identity});
}

}  // namespace blotter
