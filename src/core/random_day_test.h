// A trading day made by chance: orders, fills, statuses, busts, corrections, fees in all assets, splits, marks,
// cash and audit entries, in disorder and with repetitions, over accounts of all methods and instruments of all kinds.
#pragma once

#include <random>
#include <vector>

#include "core/test_ledger_test.h"

namespace blotter {

class RandomDay {
 public:
  explicit RandomDay(std::uint64_t seed) : random_(seed) {}

  // What has to be said first.
  static std::vector<Report> definitions();
  Report next();

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  std::string exec_id() { return "E" + std::to_string(below(3) == 0 ? below(fills_ + 3) : fills_); }
  std::string order_id() { return "C" + std::to_string(below(orders_ + 2)); }
  std::string account() { return std::string(1, static_cast<char>('A' + below(4))); }
  std::string symbol() { return kSymbols[below(std::size(kSymbols))]; }
  Asset asset() { return Asset::of(kAssets[below(std::size(kAssets))]); }
  Decimal amount() {
    return below(3) == 0 ? Decimal::from_units(1 + static_cast<Int128>(random_() >> 5))
                         : Decimal(1 + static_cast<std::int64_t>(below(20)));
  }
  Report fill();
  Report audit();

  static constexpr const char* kSymbols[] = {"AAPL", "BTCUSD", "ES", "XBTUSD", "EURUSD"};
  static constexpr const char* kAssets[] = {"USD", "BTC", "BNB", "EUR"};

  std::mt19937_64 random_;
  std::uint64_t fills_ = 0;
  std::uint64_t orders_ = 0;
  std::int64_t now_ = 100;
  std::vector<Report> said_;
};

inline std::vector<Report> RandomDay::definitions() {
  std::vector<Report> reports;
  const AccountingMethod methods[] = {AccountingMethod::average, AccountingMethod::fifo, AccountingMethod::lifo,
                                      AccountingMethod::hifo};
  for (int i = 0; i < 4; ++i) reports.push_back(account_line(methods[i], std::string(1, static_cast<char>('A' + i))));
  reports.push_back(instrument_line("AAPL", AssetClass::equity, "", "USD"));
  reports.push_back(instrument_line("BTCUSD", AssetClass::crypto, "BTC", "USD"));
  reports.push_back(instrument_line("EURUSD", AssetClass::forex, "EUR", "USD"));
  InstrumentReport es = instrument_line("ES", AssetClass::future, "", "USD");
  es.multiplier = dec("50");
  reports.push_back(es);
  InstrumentReport xbt = instrument_line("XBTUSD", AssetClass::perpetual, "BTC", "USD");
  xbt.inverse = true;
  reports.push_back(xbt);
  return reports;
}

inline Report RandomDay::fill() {
  FillReport report = fill_line("E" + std::to_string(fills_++), order_id(), below(2) == 0 ? Side::buy : Side::sell, "1",
                                "1", now_, symbol());
  report.account = account();
  report.quantity = Quantity(amount());
  report.price = Price(amount());
  if (below(2) == 0) {
    report.fee = mul_div(amount(), Decimal{1}, Decimal{1000});
    if (below(4) == 0) report.fee = -report.fee;
    report.fee_asset = asset();
  }
  if (below(4) == 0) report.strategy = "S" + std::to_string(below(2));
  return report;
}

// Under few ids, so that some are repeated and some contradict.
inline Report RandomDay::audit() {
  AuditReport report = audit_line(below(2) == 0 ? "gate" : "engine", below(2) == 0 ? "refused" : "started",
                                  below(3) == 0 ? "" : "a" + std::to_string(below(40)), now_);
  if (below(2) == 0) report.details = "{\"n\":" + std::to_string(below(2)) + "}";
  if (below(3) == 0) report.user_id = "u" + std::to_string(below(2));
  if (below(3) == 0) report.session_id = "s";
  report.severity = static_cast<AuditSeverity>(below(5));
  return report;
}

inline Report RandomDay::next() {
  ++now_;
  if (!said_.empty() && below(12) == 0) return said_[below(said_.size())];
  const auto made = [&]() -> Report {
    switch (below(21)) {
      case 0: {
        BustReport report = bust_line(exec_id(), now_);
        report.account = account();
        return report;
      }
      case 1: {
        const std::string old_id = exec_id();
        CorrectReport report = correct_line(old_id, old_id + "c" + std::to_string(below(3)), "1", "1", now_);
        report.account = account();
        report.quantity = Quantity(amount());
        if (below(2) == 0) report.price = Price(amount());
        if (below(2) == 0) report.fee = mul_div(amount(), Decimal{1}, Decimal{1000});
        return report;
      }
      case 2: {
        FeeReport report = fee_line(exec_id(), "F" + std::to_string(below(3)), "1", "USD", now_);
        report.account = account();
        report.amount = mul_div(amount(), Decimal{1}, Decimal{100});
        report.asset = asset();
        return report;
      }
      case 3:
        if (below(6) == 0) {
          return split_line(symbol(), std::to_string(1 + below(5)), std::to_string(1 + below(3)), now_);
        }
        return mark_line(symbol(), std::to_string(1 + below(100)), now_);
      case 4: {
        CashReport report =
            cash_line("P" + std::to_string(below(50)), static_cast<CashKind>(below(9)), "USD", "1", now_);
        report.account = account();
        report.amount = below(2) == 0 ? amount() : -amount();
        report.asset = asset();
        return report;
      }
      case 5:
      case 6:
      case 7: {
        OrderStatusReport report =
            status_line(order_id(), static_cast<OrdStatus>(below(13)), now_ - static_cast<std::int64_t>(below(9)));
        report.account = account();
        if (below(4) == 0) report.quantity = Quantity(amount());
        if (below(6) == 0) report.order.venue_order_id = "V" + std::to_string(below(40));
        return report;
      }
      case 8:
      case 9:
      case 10: {
        OrderReport report = order_line("C" + std::to_string(orders_++), below(2) == 0 ? Side::buy : Side::sell, "1",
                                        "1", now_, symbol());
        report.account = account();
        report.quantity = Quantity(amount());
        if (below(3) == 0) report.order.venue_order_id = "V" + std::to_string(below(40));
        if (below(5) == 0) report.strategy = "S" + std::to_string(below(3));
        return report;
      }
      case 11:
        return audit();
      default:
        return fill();
    }
  };
  said_.push_back(made());
  return said_.back();
}

}  // namespace blotter
