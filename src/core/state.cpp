#include "core/state.h"

namespace blotter {

void evolve(State& state, const Event& event, Seq seq) {
  const Identity* identity = std::visit(
      [](const auto& e) -> const Identity* {
        if constexpr (requires { e.identity; }) return &e.identity;
        return nullptr;
      },
      event);
  // The table is larger than any cache: its line is on the way while the book is folded.
  if (identity != nullptr) state.identities.prefetch(identity->key);
  EvolveNotes notes;
  state.book.evolve(event, seq, &notes);
  if (identity != nullptr) state.identities.remember(*identity, seq);
  // A dropped order is found again through its names, which lead to its last event (ledger/recall.h walks back).
  for (const EvolveNotes::Name& name : notes.names) state.identities.move(name.key, name.last_seq);
}

}  // namespace blotter
