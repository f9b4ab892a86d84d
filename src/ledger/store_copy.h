// Store copy: moves one book from a store to another one, SQLite to PostgreSQL for instance, and proves that both hold
// the same rows.
//
// Goes through Store::apply() in batches of events, so the target's own cursor says how far it is: a copy that was
// interrupted goes on where it stopped, also when the source has moved on meanwhile. Every row is copied as it stands
// now; what is changed in place (positions, balances, orders from before the cursor) goes with the first batch of a
// run. So a projector that goes on from a copy that never finished ends with the right rows too.
//
// Threads    One caller at a time. The source may be written meanwhile: one moment of it is copied.
// Memory     One batch, and on going on the orders that were alive where the copy had stopped.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "blotter/store.h"
#include "ledger/verify.h"
#include "store/table_checksum.h"

namespace blotter {

struct CopyReport {
  struct Compared {
    Table table = Table::books;
    TableChecksum source;
    TableChecksum target;
    bool equal() const { return source == target; }
  };
  Seq from{0};  // where the target was
  Seq to{0};    // where it is, with the source
  std::uint64_t rows_copied = 0;
  std::vector<Compared> tables;
  std::uint64_t source_refused = 0;  // rows that the source's schema had refused: it does not have them to copy
  std::uint64_t target_refused = 0;  // rows that the target's schema refused: they lie in its refused_rows

  bool equal() const;
};

// The number of events in one batch.
inline constexpr std::uint64_t kCopyEvents = 20'000;

// Either may be empty.
struct CopyProgress {
  Progress copying;    // in events
  Progress comparing;  // in tables; each is read whole, in both stores
};

// Errc: not_found (the source has no such book), fenced (a newer epoch
// holds the target), invalid (the target is ahead of the source, or holds rows of another book's history; nothing is
// changed), stale (the target was written by somebody else meanwhile), unavailable, in_doubt, exhausted (call again: it
// goes on), corrupt (a row of the source does not read).
Result<CopyReport> copy_store(Store& source, Store& target, const std::string& book_id, const CopyProgress& progress,
                              std::uint64_t events_max = kCopyEvents);

}  // namespace blotter
