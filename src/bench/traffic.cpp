#include "bench/traffic.h"

#include <array>
#include <string_view>

namespace blotter::bench {
namespace {

constexpr std::array<std::string_view, 2> kAccounts{"BENCH-MAIN", "BENCH-HEDGE"};
constexpr std::array<std::string_view, 8> kSymbols{"AAPL", "MSFT", "NVDA", "AMZN", "META", "GOOG", "TSLA", "AMD"};
constexpr std::array<std::string_view, 3> kStrategies{"market-making", "mean-reversion", "momentum"};
constexpr std::int64_t kMorningNs = 1'767'623'400 * kNsPerSecond;  // 2026-01-05T14:30:00Z

constexpr Int128 kCent = Decimal::kUnitsPerOne / 100;

// Overwrites the digits at the end of an id.
void put_number(std::string& id, std::uint64_t number) {
  for (auto digit = id.rbegin(); digit != id.rend() && *digit >= '0' && *digit <= '9'; ++digit) {
    *digit = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

std::string id_of(std::string_view kind, unsigned stream) {
  return std::string(kind) + std::to_string(10'000 + stream).substr(1) + "-000000000000";
}

}  // namespace

Traffic::Traffic(unsigned stream) {
  OrderReport order;
  order.order.client_order_id = id_of("order-", stream);
  order.order.venue_order_id = id_of("venue-", stream);
  order.instrument.venue = "XNAS";
  order.instrument.asset_class = AssetClass::equity;
  order.instrument.quote = Asset::of("USD");
  order_ = std::move(order);
  FillReport fill;
  fill.exec_id = id_of("trade-", stream);
  fill.order.client_order_id = id_of("order-", stream);
  fill.instrument.venue = "XNAS";
  fill.fee = Decimal::from_units(Decimal::kUnitsPerOne / 4);
  fill.fee_asset = Asset::of("USD");
  fill.liquidity = Liquidity::maker;
  fill_ = std::move(fill);
}

const Report& Traffic::next_order() {
  auto& order = *std::get_if<OrderReport>(&order_);
  ++number_;
  put_number(order.order.client_order_id, number_);
  put_number(order.order.venue_order_id, number_);
  order.account = kAccounts[number_ % kAccounts.size()];
  order.at = {kMorningNs + static_cast<std::int64_t>(number_) * 1'000'000};
  order.instrument.symbol = kSymbols[number_ / 2 % kSymbols.size()];
  order.side = number_ / 16 % 2 == 0 ? Side::buy : Side::sell;
  order.quantity = Quantity(Decimal(static_cast<std::int64_t>(number_ % 97) + 1));
  order.limit_price = Price(Decimal::from_units(kCent * (18'000 + static_cast<Int128>(number_ % 1'009))));
  order.strategy = kStrategies[number_ / 32 % kStrategies.size()];
  order_is_next_ = false;
  return order_;
}

const Report& Traffic::next_fill() {
  const auto& order = *std::get_if<OrderReport>(&order_);
  auto& fill = *std::get_if<FillReport>(&fill_);
  put_number(fill.exec_id, number_);
  put_number(fill.order.client_order_id, number_);
  fill.account = order.account;
  fill.at = {order.at.ns + 400'000};
  fill.instrument.symbol = order.instrument.symbol;
  fill.side = order.side;
  fill.quantity = order.quantity;
  fill.price = *order.limit_price;
  order_is_next_ = true;
  return fill_;
}

std::string traffic_as_ndjson(std::size_t lines) {
  std::string text;
  Traffic traffic(1);
  for (std::size_t i = 0; i < lines; ++i) {
    const Report& report = traffic.next();
    if (const auto* order = std::get_if<OrderReport>(&report)) {
      text += R"({"type":"order","account":")" + order->account + R"(","at":")" + to_text(order->at) +
              R"(","client_order_id":")" + order->order.client_order_id + R"(","venue_order_id":")" +
              order->order.venue_order_id + R"(","symbol":")" + order->instrument.symbol +
              R"(","venue":"XNAS","quote":"USD","asset_class":"equity","side":")" + std::string(name_of(order->side)) +
              R"(","quantity":")" + to_text(order->quantity.value()) + R"(","order_type":"limit","limit_price":")" +
              to_text(order->limit_price->value()) + R"(","strategy":")" + order->strategy + "\"}\n";
    } else if (const auto* fill = std::get_if<FillReport>(&report)) {
      text += R"({"type":"fill","account":")" + fill->account + R"(","at":")" + to_text(fill->at) + R"(","exec_id":")" +
              fill->exec_id + R"(","client_order_id":")" + fill->order.client_order_id + R"(","symbol":")" +
              fill->instrument.symbol + R"(","venue":"XNAS","side":")" + std::string(name_of(fill->side)) +
              R"(","quantity":")" + to_text(fill->quantity.value()) + R"(","price":")" + to_text(fill->price.value()) +
              R"(","fee":"0.25","fee_asset":"USD","liquidity":"maker"})" + "\n";
    }
  }
  return text;
}

}  // namespace blotter::bench
