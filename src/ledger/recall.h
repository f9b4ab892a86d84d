// Recall: fetches from the journal what decide() needs and memory no longer has.
//
// Events carry the seq of the one before them of the same order and of the same position, so an order or a position is
// read back by walking those chains. A bust of a position with n fills reads n events.
#pragma once

#include "core/decide.h"
#include "journal/reader.h"

namespace blotter {

// Adds to `evidence` what `need` asks for. Everything it names is durable. Errc: corrupt, unavailable.
Result<void> fetch(const Need& need, const State& state, journal::Reader& reader, Evidence& evidence);

}  // namespace blotter
