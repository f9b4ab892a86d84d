#include "ledger/recall.h"

#include <algorithm>

namespace blotter {
namespace {

Seq previous_of_order(const Event& event) {
  return std::visit(
      [](const auto& e) {
        if constexpr (requires { e.previous_of_order; }) return e.previous_of_order;
        return Seq{0};
      },
      event);
}

Seq previous_of_position(const Event& event) {
  return std::visit(
      [](const auto& e) {
        if constexpr (requires { e.previous_of_position; }) return e.previous_of_position;
        return Seq{0};
      },
      event);
}

// Walks back from `last`; returns oldest first.
template <class Previous>
Result<std::vector<JournalEvent>> walk(const ReadEvent& read, Seq last, Previous&& previous) {
  std::vector<JournalEvent> events;
  for (Seq seq = last; to_number(seq) != 0;) {
    BLOTTER_ASSIGN(JournalEvent entry, read(seq));
    const Seq before = previous(entry.event);
    if (before >= seq) return fail(Errc::corrupt, "an event's chain does not lead back");
    seq = before;
    events.push_back(std::move(entry));
  }
  std::reverse(events.begin(), events.end());
  return events;
}

Result<Order> read_order(const ReadEvent& read, Seq last) {
  BLOTTER_ASSIGN(const std::vector<JournalEvent> events, walk(read, last, previous_of_order));
  return rebuild_order(events);
}

// From one fill to its order's opening, to its identity, to its last event, to the whole order.
Result<Order> read_order_of_fill(const ReadEvent& read, const State& state, Seq fill) {
  BLOTTER_ASSIGN(const Order then, read_order(read, fill));
  const std::string& account = state.book.account(then.account).name;
  const Identities::Entry* known = state.identities.find(order_key(account, then.terms.client_order_id));
  if (known == nullptr) return fail(Errc::corrupt, "a fill's order has no identity");
  return read_order(read, known->seq());
}

}  // namespace

Result<void> fetch(const Need& need, const State& state, const ReadEvent& read, Evidence& evidence) {
  switch (need.kind) {
    case Need::Kind::order: {
      BLOTTER_ASSIGN(evidence.order, read_order(read, need.seqs.front()));
      return {};
    }
    case Need::Kind::fill_order: {
      BLOTTER_ASSIGN(evidence.order, read_order_of_fill(read, state, need.seqs.front()));
      return {};
    }
    case Need::Kind::events:
      for (const Seq seq : need.seqs) {
        BLOTTER_ASSIGN(JournalEvent entry, read(seq));
        evidence.events.push_back(std::move(entry));
      }
      return {};
    case Need::Kind::history: {
      const Position* position = state.book.find_position(need.position);
      if (position == nullptr) return fail(Errc::corrupt, "a fill's position is not there");
      BLOTTER_ASSIGN(evidence.history, walk(read, position->last_seq, previous_of_position));
      return {};
    }
  }
  return {};
}

}  // namespace blotter
