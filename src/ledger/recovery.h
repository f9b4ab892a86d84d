// Recovery: the state at the journal's end, from the newest snapshot and the events after it. The one way to start.
#pragma once

#include <string>

#include "core/state.h"
#include "journal/reader.h"

namespace blotter {

// For whoever wants all there is.
inline constexpr Seq kJournalEnd{~0ull};

struct Recovered {
  Seq snapshot{0};  // 0: from the first event
  std::uint64_t replayed = 0;
};

// Folds snapshot and events up to and including `limit` into a fresh `state`.
// Errc: corrupt (also when the journal ends before a `limit` other than kJournalEnd), unavailable.
Result<Recovered> recover(const std::string& journal_directory, journal::Reader& reader, Seq limit, State& state);
// The book alone, for readers that need no identities.
Result<Recovered> recover(const std::string& journal_directory, journal::Reader& reader, Seq limit, Book& book);

}  // namespace blotter
