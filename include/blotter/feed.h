// Feed: turns the lines of a file into reports.
//
// Port. Implementations live in src/feeds; `ndjson` is the format of our own, the others translate foreign ones.
// Threads    One caller at a time.
// Failure    A bad line is an answer (Line::invalid), never the end: the rest of the file goes on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blotter/report.h"
#include "blotter/result.h"

namespace blotter {

// A source of bytes: a file, a decompressor over it, or standard input.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills `out` from the front and returns how many bytes; 0 at the end. Errc: corrupt (bad compressed data),
  // unavailable (read error).
  virtual Result<std::size_t> read(char* out, std::size_t size) = 0;
  // Bytes taken from the underlying file so far, and its size when known: for a progress bar.
  virtual std::uint64_t consumed() const = 0;
  virtual std::optional<std::uint64_t> total() const = 0;
};

// What one line of the input said.
struct FeedLine {
  std::uint64_t number = 0;     // from 1
  std::vector<Report> reports;  // in order; empty when ignored, invalid or quarantined
  bool ignored = false;         // understood, and not a fact about our money
  std::string invalid;          // not empty: why the line cannot be read
  // Not empty: why it was understood but names something unknown. `text` is then kept in quarantine.
  std::string quarantine;
  std::string_view text;  // the line as read, without its end; valid until the next call
  // When a quarantined line says so itself: whose it is and when. Else empty and zero.
  std::string account;
  Timestamp at;
};

class Feed {
 public:
  virtual ~Feed() = default;
  // Overwrites `line` with the next one (its vectors are reused) and returns true, or false at the end.
  // Errc: corrupt, unavailable (from the source).
  virtual Result<bool> next(FeedLine& line) = 0;
};

struct FeedOptions {
  std::string symbol;  // lobster
  std::string date;    // lobster: YYYY-MM-DD
};

// Formats: "ndjson", "bitstamp-l3", "lobster". Looks at the first bytes of the source, and refuses one that is not
// of that format before any report comes out of it. Errc: invalid (unknown format, a missing option, not that format).
Result<std::unique_ptr<Feed>> open_feed(std::string_view format, std::unique_ptr<ByteSource> source,
                                        const FeedOptions& options);

// Opens a file, or standard input for "-"; .gz, .xz and .zst are told by their first bytes, not by their name.
// Errc: not_found, unavailable.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path);

}  // namespace blotter
