// Book: the state of one book, the fold of its events.
//
// evolve() is the only thing that changes it, and is pure: the same events give the same book, in the accepting
// process, in the projector and after a restart.
//
// Memory     open orders, the last kClosedOrdersKept closed ones, positions, balances, registered names. Older closed
//            orders are dropped and come back by an OrderRecalled event when a late fact names them.
// Threads    One caller at a time.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered_map.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "core/instrument.h"
#include "core/order.h"
#include "core/position.h"
#include "core/position_window.h"

namespace blotter {

struct Account {
  AccountId id{};
  std::string name;
  Asset base_currency;
  std::string broker;
  AccountingMethod method = AccountingMethod::average;
  PositionMode mode = PositionMode::netting;
  bool stated = false;
  bool traded = false;  // has a fill; its method is fixed from then on
  Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(Account, (), (id, name, base_currency, broker, method, mode, stated, traded, created_at))

struct Strategy {
  StrategyId id{};
  std::string name;
  Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(Strategy, (), (id, name, created_at))

struct PositionKey {
  AccountId account{};
  InstrumentId instrument{};
  StrategyId strategy{};
  friend auto operator<=>(const PositionKey&, const PositionKey&) = default;
};
BOOST_DESCRIBE_STRUCT(PositionKey, (), (account, instrument, strategy))

// A fill that was busted, or corrected last by that event.
struct ReversedFill {
  Seq fill{0};
  Seq by{0};
  PositionAdjustmentKind kind = PositionAdjustmentKind::bust;
};
BOOST_DESCRIBE_STRUCT(ReversedFill, (), (fill, by, kind))

struct Position {
  PositionKey key;
  PositionState state;
  Decimal fees;     // paid in the settlement currency
  Seq last_seq{0};  // of the last event that changed quantity, cost or P&L: the head of its history
  PositionWindow window;
  std::vector<ReversedFill> reversed;  // by fill

  const ReversedFill* find_reversed(Seq fill) const;
  bool is_reversed(Seq fill) const { return find_reversed(fill) != nullptr; }
};
BOOST_DESCRIBE_STRUCT(Position, (), (key, state, fees, last_seq, window, reversed))

struct BalanceKey {
  AccountId account{};
  Asset asset;
  friend auto operator<=>(const BalanceKey&, const BalanceKey&) = default;
  friend bool operator==(const BalanceKey&, const BalanceKey&) = default;
};
BOOST_DESCRIBE_STRUCT(BalanceKey, (), (account, asset))

struct Balance {
  BalanceKey key;
  Decimal amount;
  Seq last_seq{0};
};
BOOST_DESCRIBE_STRUCT(Balance, (), (key, amount, last_seq))

// P&L of one position on one day; see PnlDailyRow.
struct DailyPnl {
  PositionKey key;
  Day day;
  Decimal realized;
  Decimal fees;
  Decimal bought;
  Decimal sold;
  std::int64_t fills = 0;
  Seq last_seq{0};
};
BOOST_DESCRIBE_STRUCT(DailyPnl, (), (key, day, realized, fees, bought, sold, fills, last_seq))

// A quarantined report that waits for the order or execution it names.
struct Waiting {
  Seq quarantine{0};
  IdentityKey waits_for;
  EventTimes times;
  WaitingReport report;
};
BOOST_DESCRIBE_STRUCT(Waiting, (), (quarantine, waits_for, times, report))

struct Counters {
  std::uint64_t orders = 0;
  std::uint64_t orders_open = 0;
  std::uint64_t fills = 0;
  std::uint64_t busts = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t ignored = 0;  // order events without effect
};
BOOST_DESCRIBE_STRUCT(Counters, (), (orders, orders_open, fills, busts, quarantined, conflicts, ignored))

struct ClosedOrder {
  OrderNo no{};
  Seq seq{0};
};
BOOST_DESCRIBE_STRUCT(ClosedOrder, (), (no, seq))

struct KeyHash {
  std::size_t operator()(const PositionKey& key) const;
  std::size_t operator()(const BalanceKey& key) const;
};

// What an evolve() did beyond its event's own subject; for whoever keeps something beside the book.
struct EvolveNotes {
  struct Name {
    IdentityKey key;
    Seq last_seq{0};  // of the order that it names
  };
  std::vector<Order> dropped;  // closed orders that left memory
  std::vector<Name> names;     // all their names
};

class Book {
 public:
  static constexpr std::size_t kClosedOrdersKept = 16'384;

  Book();

  // Folds one event. Notes may be null. The event has come from decide() or from a journal that was proved intact;
  // anything else is our bug.
  void evolve(const Event& event, Seq seq, EvolveNotes* notes);

  Seq seq() const { return seq_; }
  const Counters& counters() const { return counters_; }

  const std::vector<Account>& accounts() const { return accounts_; }
  const std::vector<Instrument>& instruments() const { return instruments_; }
  const std::vector<Strategy>& strategies() const { return strategies_; }
  const Account& account(AccountId id) const;
  const Instrument& instrument(InstrumentId id) const;
  const Strategy& strategy(StrategyId id) const;
  const Account* find_account(std::string_view name) const;
  const Instrument* find_instrument(std::string_view symbol, std::string_view venue) const;
  const Strategy* find_strategy(std::string_view name) const;

  const Order* find_order(OrderNo no) const;
  // By the identity key of (account, client_order_id) or (account, venue_order_id).
  const Order* find_order(const IdentityKey& key) const;
  OrderNo next_order_no() const { return OrderNo{counters_.orders + 1}; }
  template <class Visit>
  void for_each_order(Visit&& visit) const {
    for (const auto& [no, order] : orders_) visit(*order);
  }

  const Position* find_position(const PositionKey& key) const;
  const std::vector<PositionKey>& positions_of(InstrumentId id) const;
  template <class Visit>
  void for_each_position(Visit&& visit) const {
    for (const auto& [key, position] : positions_) visit(position);
  }
  const Balance* find_balance(const BalanceKey& key) const;
  template <class Visit>
  void for_each_balance(Visit&& visit) const {
    for (const auto& [key, balance] : balances_) visit(balance);
  }
  const DailyPnl* find_daily(const PositionKey& key, Day day) const;
  template <class Visit>
  void for_each_daily(Visit&& visit) const {
    for (const auto& [key, daily] : daily_) visit(daily);
  }

  // The orders and executions that something waits for; each once.
  std::vector<IdentityKey> awaited() const;
  // In order of arrival.
  std::vector<const Waiting*> waiting_for(const IdentityKey& key) const;
  // Whether a mark like this is part of the current instant's marks of the instrument.
  bool knows_mark(InstrumentId id, Timestamp at, Price price) const;

 private:
  friend class BookCodec;  // core/snapshot.cpp

  void fold(const AccountDefined& event, Seq seq);
  void fold(const InstrumentDefined& event, Seq seq);
  void fold(const StrategyDefined& event, Seq seq);
  void fold(const OrderOpened& event, Seq seq);
  void fold(const OrderUpdated& event, Seq seq);
  void fold(const OrderRecalled& event, Seq seq);
  void fold(const FillBooked& event, Seq seq);
  void fold(const FillReversed& event, Seq seq);
  void fold(const FeeBooked& event, Seq seq);
  void fold(const CashMoved& event, Seq seq);
  void fold(const MarkSet& event, Seq seq);
  void fold(const SplitRecorded& event, Seq seq);
  void fold(const PositionSplit& event, Seq seq);
  void fold(const Quarantined& event, Seq seq);
  void fold(const AuditRecorded&, Seq) {}

  template <class OrderEventStruct>
  void fold_into_order(OrderNo no, const OrderEventStruct& event, Seq seq);
  void index_order(const Order& order);
  void unindex_order(const Order& order, EvolveNotes* notes);
  template <class Visit>
  void visit_names(const Order& order, Visit&& visit) const;
  void note_closed(Order& order, Seq seq);
  void drop_oldest_closed(EvolveNotes* notes);
  void release(Seq quarantine);
  Position& position(const PositionKey& key);
  DailyPnl& daily(const PositionKey& key, Timestamp at, Seq seq);

  Seq seq_{0};
  Counters counters_;
  std::vector<Account> accounts_;
  std::vector<Instrument> instruments_;
  std::vector<Strategy> strategies_;
  boost::unordered_flat_map<std::string, AccountId> account_ids_;
  boost::unordered_flat_map<std::string, InstrumentId> instrument_ids_;  // "symbol\0venue"
  boost::unordered_flat_map<std::string, StrategyId> strategy_ids_;
  boost::unordered_flat_map<std::uint64_t, std::unique_ptr<Order>> orders_;
  boost::unordered_flat_map<IdentityKey, OrderNo, IdentityKeyHash> order_index_;
  std::deque<ClosedOrder> closed_;  // in order of closing; an order reopened since is skipped when its turn comes
  boost::unordered_map<PositionKey, Position, KeyHash> positions_;
  std::vector<std::vector<PositionKey>> positions_of_instrument_;
  boost::unordered_map<BalanceKey, Balance, KeyHash> balances_;
  std::map<std::pair<Day, PositionKey>, DailyPnl> daily_;
  boost::unordered_multimap<IdentityKey, Waiting, IdentityKeyHash> waiting_;
  boost::unordered_flat_map<std::uint64_t, IdentityKey> waiting_keys_;  // by the seq of the quarantine event
  std::vector<std::vector<Price>> marks_now_;  // by instrument: the marks of its latest instant
};

// The identity keys that name an order.
IdentityKey order_key(std::string_view account, std::string_view client_order_id);
IdentityKey venue_order_key(std::string_view account, std::string_view venue_order_id);

}  // namespace blotter
