// The bytes of a whole state, for the journal's snapshots.
//
// The book comes first, so that a reader that needs no identities (the projector) stops after it. The bytes carry the
// codec's version: another one is refused, and the snapshot is skipped in favour of replaying.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "blotter/result.h"
#include "core/state.h"

namespace blotter {

std::vector<std::byte> encode_snapshot(const State& state);

// Errc: corrupt (not a snapshot of this version). `state` and `book` are fresh ones.
Result<void> decode_snapshot(std::span<const std::byte> bytes, State& state);
Result<void> decode_snapshot(std::span<const std::byte> bytes, Book& book);

}  // namespace blotter
