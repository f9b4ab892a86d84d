// Snapshot files as the check and the tests see them. Layout: docs/formats/journal.md, "Snapshots".
#pragma once

#include <span>
#include <string>
#include <vector>

#include "journal/bytes.h"
#include "journal/io.h"
#include "journal/snapshots.h"

namespace blotter::journal {

inline constexpr std::size_t kSnapshotHeaderBytes = 64;

struct SnapshotFile {
  Seq seq{0};
  std::string path;
};

// Newest first.
std::vector<SnapshotFile> list_snapshots(const std::string& directory);

// Errc: corrupt (torn, flipped, another book's), not_found, unavailable.
Result<Snapshot> read_snapshot(const SnapshotFile& file, const Hash128& book);

Result<void> write_snapshot_in(Io& io, const std::string& directory, Seq seq, std::span<const std::byte> bytes,
                               int keep);

}  // namespace blotter::journal
