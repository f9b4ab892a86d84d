// Whether a store was filled from this journal: its cursor remembers the hash of the last event that it applied.
#pragma once

#include <cstdint>
#include <string>

#include "blotter/store.h"
#include "journal/reader.h"

namespace blotter {

// XXH3 of the record's bytes: Batch::last_hash, Cursor::applied_hash.
std::uint64_t hash_of(const journal::Record& record);

// Whether the record is the one that the cursor ended with. A cursor without a hash does not tell, and is believed.
bool is_applied(const journal::Record& record, const Cursor& cursor);

// What to say when the store's last event is not the journal's.
std::string words_of_mismatch(Seq applied);

// Proves that the journal has the event at the cursor, with the bytes that were applied. A cursor at 0 and one without
// a hash prove nothing and are accepted. Moves the reader. Errc: corrupt (another journal, or one that went on
// differently), unavailable.
Result<void> prove_cursor(journal::Reader& reader, const Cursor& cursor);

}  // namespace blotter
