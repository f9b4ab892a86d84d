// Recovery: finds where the journal ends, without changing a byte; then, as a second step, makes it writable there.
#pragma once

#include <string>
#include <vector>

#include "blotter/result.h"
#include "journal/io.h"
#include "journal/journal.h"
#include "journal/scan.h"
#include "journal/segment.h"

namespace blotter::journal {

// Where the next frame goes.
struct Head {
  SegmentHeader segment;
  std::string path;
  std::uint64_t offset = 0;
  Hash128 previous{};  // checksum of the last valid frame
  Seq last{0};
};

struct Finding {
  Head head;
  Tail tail;                             // of the head's segment
  std::vector<SegmentFile> never_begun;  // segments behind the head that hold nothing, not even a header
};

// Reads from the device, not from the page cache. Modifies nothing. Errc: corrupt, invalid, unavailable.
Result<Finding> find_end(Io& io, const std::string& directory, const BookFile& book);

// Cuts the torn tail, restores the segment's size and removes segments never begun; all durable when it returns. Safe
// to repeat after a crash in the middle of it.
Result<Recovery> repair(Io& io, const std::string& directory, const Finding& finding);

}  // namespace blotter::journal
