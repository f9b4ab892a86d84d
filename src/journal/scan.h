// Scan: walks the frames of one segment, and judges what stands behind the last valid one.
//
// Recovery, check and reader share it, so that there is one opinion on what a valid frame and a torn tail are.
// Threads    One caller at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "blotter/ids.h"
#include "blotter/result.h"
#include "journal/frame.h"
#include "journal/io.h"
#include "journal/segment.h"

namespace blotter::journal {

// A file read in large pieces. What lies behind the end of the file reads as zero.
class Window {
 public:
  enum class Source : std::uint8_t { page_cache, device };
  // Errc: not_found, unavailable. `device` reads past the page cache: direct where the file system can, else after
  // dropping the file's cached pages.
  static Result<Window> open(const std::string& path, Source source);

  // `size` bytes at `offset` (a multiple of the block), valid until the next call.
  Result<std::span<const std::byte>> get(std::uint64_t offset, std::size_t size);
  // The next get() reads again.
  void forget() { held_ = 0; }
  // As forget(), and the page cache is not trusted for this range either.
  void distrust(std::uint64_t offset, std::uint64_t size);
  Result<std::uint64_t> file_bytes() const;
  const std::string& path() const { return path_; }

 private:
  Window(File file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  File file_;
  std::string path_;
  AlignedBuffer buffer_;
  std::uint64_t start_ = 0;  // of the bytes held
  std::size_t held_ = 0;
  std::size_t piece_ = 0;  // grows while reading goes on in order
};

// What the next frame must continue.
struct Expected {
  Hash128 book{};
  Hash128 previous{};
  Seq first{0};
  Epoch epoch_min{0};
  Epoch epoch_max{~0ull};
  std::uint64_t segment = 0;
  std::uint64_t segment_bytes = 0;
};

// What a segment's first frame must continue.
Expected expected_at_start(const SegmentHeader& header, Epoch epoch_max);

struct Frame {
  FrameHeader header;
  std::span<const std::byte> payload;  // valid until the next call on the scan
};

class Scan {
 public:
  enum class Stop : std::uint8_t { none, zero, invalid, full };

  Scan(Window& window, const Expected& expected, std::uint64_t offset = kSegmentHeaderBytes)
      : window_(&window), expected_(expected), offset_(offset) {}

  // The next valid frame; nothing where the valid ones end: stop() and problem() say why. May be called again after
  // that, it looks again. Errc: unavailable.
  Result<std::optional<Frame>> next();

  Stop stop() const { return stop_; }
  const char* problem() const { return problem_; }
  std::uint64_t offset() const { return offset_; }  // of the next frame
  const Expected& expected() const { return expected_; }

  // Goes on elsewhere in the same segment.
  void move_to(std::uint64_t offset, const Expected& expected) {
    offset_ = offset;
    expected_ = expected;
    stop_ = Stop::none;
  }

 private:
  Window* window_;
  Expected expected_;
  std::uint64_t offset_;
  Stop stop_ = Stop::none;
  const char* problem_ = "";
};

// Nullptr when the header continues `expected` at `offset`, else what does not fit.
const char* header_problem(const FrameHeader& header, const Expected& expected, std::uint64_t offset);

struct Tail {
  enum class Kind : std::uint8_t {
    clean,    // zero to the end
    torn,     // provably a write that did not finish
    corrupt,  // anything else
  };
  Kind kind = Kind::clean;
  std::uint64_t begin = 0;    // where the valid frames end
  std::uint64_t end = 0;      // end of the last block that is not zero
  std::uint64_t missing = 0;  // bytes by which the file is too short
  std::uint64_t bad_offset = 0;
  std::string problem;
};

// Judges everything from scan.offset() to the end of the segment. The rule is in docs/formats/journal.md, "Torn tail".
Result<Tail> judge_tail(Window& window, const Scan& scan);

Unexpected corrupt_at(const std::string& path, std::uint64_t offset, const std::string& problem);

}  // namespace blotter::journal
