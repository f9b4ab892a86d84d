// Snapshots: whole states of the ledger at a seq, beside the journal; they bound the time of a restart.
//
// A snapshot is an optimisation: a missing, torn or unreadable one is skipped (and named), never trusted.
// Bytes on disk: docs/formats/journal.md, "Snapshots". Threads: one writer; reading is safe meanwhile (rename).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "blotter/ids.h"
#include "blotter/result.h"

namespace blotter::journal {

struct Snapshot {
  Seq seq{0};
  std::vector<std::byte> bytes;
};

// Durable when it returns (file and directory fsynced, renamed into place); then keeps the newest `keep` and deletes
// the others. Errc: exhausted (disk full: nothing changed), unavailable, not_found (no journal there).
Result<void> write_snapshot(const std::string& directory, Seq seq, std::span<const std::byte> bytes, int keep = 2);

// The newest valid snapshot at or below `limit`; nothing when there is none. Those skipped are named, with the reason,
// in `skipped`. Errc: not_found (no journal there), corrupt (its book file).
Result<std::optional<Snapshot>> newest_snapshot(const std::string& directory, Seq limit,
                                                std::vector<std::string>* skipped = nullptr);

}  // namespace blotter::journal
