// The closed sets of the domain, with the names they carry everywhere: wire, SQL, JSON and C++ are one spelling.
//
// FIX tags in comments are those of FIX 4.4 and 5.0 SP2.
#pragma once

#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

namespace blotter {

enum class Side : std::uint8_t { buy, sell };  // tag 54
BOOST_DESCRIBE_ENUM(Side, buy, sell)

enum class OrderType : std::uint8_t { market, limit, stop, stop_limit, trailing_stop };  // tag 40
BOOST_DESCRIBE_ENUM(OrderType, market, limit, stop, stop_limit, trailing_stop)

enum class TimeInForce : std::uint8_t { day, gtc, gtd, ioc, fok, opg, cls };  // tag 59
BOOST_DESCRIBE_ENUM(TimeInForce, day, gtc, gtd, ioc, fok, opg, cls)

enum class Liquidity : std::uint8_t { unknown, maker, taker };  // tag 851
BOOST_DESCRIBE_ENUM(Liquidity, unknown, maker, taker)

enum class AccountingMethod : std::uint8_t { average, fifo, lifo, hifo };
BOOST_DESCRIBE_ENUM(AccountingMethod, average, fifo, lifo, hifo)

// netting: one position per (account, instrument, strategy). hedging: as netting here; the long and the short leg of
// one instrument are told apart by strategy.
enum class PositionMode : std::uint8_t { netting, hedging };
BOOST_DESCRIBE_ENUM(PositionMode, netting, hedging)

// Decides what a fill does to balances: spot and equity exchange cash for the asset; the others settle only P&L.
enum class AssetClass : std::uint8_t { equity, etf, crypto, forex, future, perpetual, option, bond, other };
BOOST_DESCRIBE_ENUM(AssetClass, equity, etf, crypto, forex, future, perpetual, option, bond, other)

enum class CashKind : std::uint8_t {
  deposit,
  withdrawal,
  fee,
  funding,
  dividend,
  interest,
  transfer,
  adjustment,
  realized_pnl
};
BOOST_DESCRIBE_ENUM(CashKind, deposit, withdrawal, fee, funding, dividend, interest, transfer, adjustment, realized_pnl)

// Tag 39, the status people see; derived, never stored as the truth.
enum class OrdStatus : std::uint8_t {
  pending_new,
  new_,
  partially_filled,
  filled,
  done_for_day,
  canceled,
  replaced,
  pending_cancel,
  stopped,
  rejected,
  suspended,
  expired,
  pending_replace
};
BOOST_DESCRIBE_ENUM(OrdStatus, pending_new, new_, partially_filled, filled, done_for_day, canceled, replaced,
                    pending_cancel, stopped, rejected, suspended, expired, pending_replace)

// How an order came to us.
enum class OrderOrigin : std::uint8_t {
  intent,    // submitted through us
  reported,  // the broker (or a feed) reported it working
  external,  // first seen through a fill or a status: somebody else's, or ours from before the ledger
};
BOOST_DESCRIBE_ENUM(OrderOrigin, intent, reported, external)

enum class PositionAdjustmentKind : std::uint8_t { bust, correction, split, fee };
BOOST_DESCRIBE_ENUM(PositionAdjustmentKind, bust, correction, split, fee)

enum class FillStatus : std::uint8_t { effective, busted, corrected };
BOOST_DESCRIBE_ENUM(FillStatus, effective, busted, corrected)

// Why a record waits in quarantine.
enum class QuarantineReason : std::uint8_t {
  conflict,           // the identity is known with other content
  unknown_order,      // about an order that cannot be adopted from what the record says
  unknown_execution,  // a bust, correction or fee of an execution not seen yet; applied when it arrives
  ambiguous,          // names more than one execution; say symbol, venue and side
  contradiction,      // the order's state excludes what the record says
};
BOOST_DESCRIBE_ENUM(QuarantineReason, conflict, unknown_order, unknown_execution, ambiguous, contradiction)

enum class QuarantineState : std::uint8_t { waiting, released };
BOOST_DESCRIBE_ENUM(QuarantineState, waiting, released)

// The name of an enumerator; a trailing '_' (new_) only avoids a C++ keyword and is not part of it.
template <class E>
constexpr std::string_view name_of(E value) {
  std::string_view name;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
    if (d.value == value) name = d.name;
  });
  if (!name.empty() && name.back() == '_') name.remove_suffix(1);
  return name;
}

template <class E>
constexpr std::optional<E> parse_enum(std::string_view text) {
  std::optional<E> found;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
    if (name_of(d.value) == text) found = d.value;
  });
  return found;
}

enum class AuditSeverity : std::uint8_t { debug, info, warning, error, critical };
BOOST_DESCRIBE_ENUM(AuditSeverity, debug, info, warning, error, critical)

}  // namespace blotter
