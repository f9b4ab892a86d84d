// Recall: fetches from the journal what decide() needs and memory no longer has.
//
// Events carry the seq of the one before them of the same order and of the same position, so an order or a position is
// read back by walking those chains. A bust of a position with n fills reads n events.
#pragma once

#include <functional>

#include "core/decide.h"

namespace blotter {

// The event with this seq. Errc: corrupt, unavailable, poisoned.
using ReadEvent = std::function<Result<JournalEvent>(Seq seq)>;

// Adds to `evidence` what `need` asks for. Errc: as `read`.
Result<void> fetch(const Need& need, const State& state, const ReadEvent& read, Evidence& evidence);

}  // namespace blotter
