#include "core/state.h"

namespace blotter {
namespace {

// A dropped order is found again through its identities, which point at its last event (ledger/recall.h walks back).
void remember_dropped(State& state, const Order& order) {
  const std::string& account = state.book.account(order.account).name;
  const auto point = [&](const IdentityKey& key) {
    const Identities::Entry* known = state.identities.find(key);
    const std::uint64_t content = known != nullptr ? known->content : 0;
    state.identities.remember({.key = key, .variant = 0, .content = content}, order.last_seq);
  };
  point(order_key(account, order.terms.client_order_id));
  if (!order.terms.venue_order_id.empty()) point(venue_order_key(account, order.terms.venue_order_id));
  for (const std::string& id : order.former_venue_order_ids) point(venue_order_key(account, id));
  if (!order.former_client_order_id.empty()) point(order_key(account, order.former_client_order_id));
}

}  // namespace

void evolve(State& state, const Event& event, Seq seq) {
  std::visit(
      [&](const auto& e) {
        if constexpr (requires { e.identity; }) state.identities.remember(e.identity, seq);
      },
      event);
  EvolveNotes notes;
  state.book.evolve(event, seq, &notes);
  for (const Order& order : notes.dropped) remember_dropped(state, order);
}

}  // namespace blotter
