// Reader: the events of a journal, by seq.
//
// Takes no lock and works while a writer (of this or another process) appends. A reader that follows a Journal object
// stops at its durable watermark; one without stops at the last valid frame, and treats an invalid frame at the very
// tail as "not written yet".
//
// Threads    One caller at a time for each Reader.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "blotter/ids.h"
#include "blotter/result.h"
#include "journal/journal.h"

namespace blotter::journal {

struct Record {
  Seq seq{0};
  Epoch epoch{0};
  std::span<const std::byte> bytes;  // valid until the next call on the same reader
};

class Reader {
 public:
  virtual ~Reader() = default;
  // The next record, or nothing when there is none (yet). O(1) amortised; frames are read in large pieces.
  // Errc: corrupt (file and offset), unavailable (read error).
  virtual Result<std::optional<Record>> next() = 0;
  // The next call of next() returns `seq`, or nothing while it is not there yet. O(log segments) plus one scan of
  // frame headers in a segment that was not visited before. Errc: not_found (retired), corrupt.
  virtual Result<void> seek(Seq seq) = 0;
  // seek + next, with recently used frames cached. Errc: not_found (no such event yet), corrupt.
  virtual Result<Record> at(Seq seq) = 0;
};

// `follow` may be null; else it outlives the reader. Starts at the first event.
Result<std::unique_ptr<Reader>> open_reader(const std::string& directory, const Journal* follow = nullptr);

// What a complete check of the files found.
struct Check {
  std::uint64_t segments = 0;
  std::uint64_t frames = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  Seq first{0};
  Seq last{0};
  std::uint64_t torn_bytes = 0;  // an unacknowledged tail that the next writer will cut
  std::string torn_where;
};

// Reads everything and proves frames, chain, seqs and epochs. Modifies nothing. Errc: corrupt (first bad place).
Result<Check> check_journal(const std::string& directory);

}  // namespace blotter::journal
