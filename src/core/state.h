// State: everything a writer remembers, the book and the identities; and its one transition.
#pragma once

#include "core/book.h"
#include "core/identity.h"

namespace blotter {

struct State {
  Book book;
  Identities identities;
};

// Folds one event into both. Pure. `seq` is the next one.
void evolve(State& state, const Event& event, Seq seq);

}  // namespace blotter
