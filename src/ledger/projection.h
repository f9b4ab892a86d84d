// Projection: events in, rows out. What a Store gets to see of the journal, and what `verify` expects to find there.
//
// Keeps its own Book, folded in step. Append-only rows are made event by event; mutable ones are noted and made once
// for each batch, from the book as it stands then.
// Threads    One caller at a time.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <map>
#include <string>
#include <vector>

#include "blotter/store.h"
#include "core/book.h"

namespace blotter {

class Projection {
 public:
  // `book` stands at the cursor from which the projection goes on.
  Projection(std::string book_id, Book book);

  // Folds the next event and adds its rows.
  void add(const Event& event, Seq seq);

  // The rows of everything added since the last take(). `batch` is overwritten; its vectors are reused.
  void take(Epoch epoch, Batch& batch);

  const Book& book() const { return book_; }

 private:
  struct Noted;  // dispatches on the event's type

  void note_order(OrderNo no) { orders_.insert(static_cast<std::uint64_t>(no)); }
  void note_position(const PositionKey& key) { positions_.insert(key); }
  void note_instrument(InstrumentId id);
  void add_order_event(const EventTimes& times, Seq seq, OrderNo no, OrderEvent event, Effect effect,
                       const std::optional<Quantity>& quantity, const std::optional<Price>& price,
                       const std::string& reason);

  void rows(const AccountDefined& event, Seq seq);
  void rows(const InstrumentDefined& event, Seq seq);
  void rows(const StrategyDefined& event, Seq seq);
  void rows(const OrderOpened& event, Seq seq);
  void rows(const OrderUpdated& event, Seq seq);
  void rows(const OrderRecalled& event, Seq seq);
  void rows(const FillBooked& event, Seq seq);
  void rows(const FillReversed& event, Seq seq);
  void rows(const FeeBooked& event, Seq seq);
  void rows(const CashMoved& event, Seq seq);
  void rows(const MarkSet& event, Seq seq);
  void rows(const SplitRecorded& event, Seq seq);
  void rows(const PositionSplit& event, Seq seq);
  void rows(const Quarantined& event, Seq seq);
  void rows(const AuditRecorded& event, Seq seq);

  template <class EventStruct>
  PositionAdjustmentRow adjustment(const EventStruct& event, Seq seq, PositionAdjustmentKind kind) const;
  void note_balances(const EventTimes& times, const PositionKey& key, const Asset& extra);
  void release(Seq quarantine);

  std::string book_id_;
  Book book_;
  Batch batch_;
  Seq first_;
  EvolveNotes notes_;
  boost::unordered_flat_set<std::uint64_t> orders_;
  boost::unordered_flat_map<std::uint64_t, Order> dropped_;
  boost::unordered_flat_set<PositionKey, KeyHash> positions_;
  boost::unordered_flat_set<BalanceKey, KeyHash> balances_;
  std::map<std::pair<Day, PositionKey>, bool> daily_;
  std::map<InstrumentId, bool> instruments_;
  std::map<AccountId, bool> accounts_;
};

}  // namespace blotter
