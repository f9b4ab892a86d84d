// judge_tail(): torn or corrupt? Losing a record that was acknowledged is worse than refusing to start, so only what
// can be proved to be an unfinished write counts as torn.
#include "blotter/assert.h"
#include "journal/scan.h"

namespace blotter::journal {
namespace {

// The place and the end of what is not zero behind the valid frames.
struct Remains {
  std::uint64_t end = 0;    // end of the last block with something in it; 0: all zero
  std::uint64_t later = 0;  // first offset of a valid frame behind the tail's first block; 0: none
};

// True when a complete frame of this book stands at `offset`, whatever it continues. A window of its own keeps the
// caller's reading in order.
Result<bool> valid_frame_at(Window& window, const Expected& expected, std::uint64_t offset,
                            std::span<const std::byte> block) {
  const auto header = decode_frame_header(block);
  if (!header || header->book != expected.book || header->segment != expected.segment || header->offset != offset ||
      header->first < expected.first || offset + header->padded_bytes() > expected.segment_bytes) {
    return false;
  }
  BLOTTER_ASSIGN(const auto frame, window.get(offset, header->padded_bytes()));
  return frame_problem(*header, frame) == nullptr;
}

Result<Remains> remains_behind(Window& window, const Scan& scan) {
  Remains remains;
  const Expected& expected = scan.expected();
  for (std::uint64_t offset = scan.offset(); offset < expected.segment_bytes; offset += kBlock) {
    BLOTTER_ASSIGN(const auto block, window.get(offset, kBlock));
    if (all_zero(block)) continue;
    remains.end = offset + kBlock;
    if (remains.later != 0 || offset == scan.offset()) continue;
    BLOTTER_ASSIGN(const bool valid, valid_frame_at(window, expected, offset, block));
    if (valid) remains.later = offset;
  }
  return remains;
}

// A sector is written wholly or not at all, and the file was zero before: an unfinished write of this frame has left
// at least one of its sectors zero, or the file ends inside it.
bool provably_unfinished(std::span<const std::byte> frame, std::uint64_t extent, std::uint64_t in_file) {
  if (in_file < extent) return true;
  for (std::uint64_t offset = 0; offset < extent; offset += kSector) {
    if (all_zero(frame.subspan(offset, std::min<std::uint64_t>(kSector, extent - offset)))) return true;
  }
  return false;
}

// The tail's first sector is there: says why it cannot be an unfinished write, or nothing when it is one.
Result<std::optional<std::string>> objection(Window& window, const Scan& scan, const Remains& remains,
                                             std::uint64_t file_bytes, std::uint64_t& bad_offset) {
  const std::uint64_t begin = scan.offset();
  const Expected& expected = scan.expected();
  bad_offset = begin;
  BLOTTER_ASSIGN(const auto block, window.get(begin, kBlock));
  if (file_bytes < begin + kSector) return std::optional<std::string>();
  const auto header = decode_frame_header(block);
  if (!header) return std::optional<std::string>("not a frame header");
  if (const char* problem = header_problem(*header, expected, begin)) return std::optional<std::string>(problem);
  BLOTTER_ASSIGN(const auto frame, window.get(begin, header->padded_bytes()));
  if (!all_zero(frame.subspan(header->extent()))) {
    return std::optional<std::string>("padding is not zero");
  }
  if (remains.end > begin + header->padded_bytes()) {
    bad_offset = remains.end - kBlock;
    return std::optional<std::string>("something stands behind the last frame, which is not valid");
  }
  if (!provably_unfinished(frame, header->extent(), file_bytes - begin)) {
    return std::optional<std::string>(std::string(scan.problem()) + " in a frame that was written completely");
  }
  return std::optional<std::string>();
}

}  // namespace

Result<Tail> judge_tail(Window& window, const Scan& scan) {
  Tail tail;
  tail.begin = scan.offset();
  BLOTTER_ASSIGN(const std::uint64_t file_bytes, window.file_bytes());
  const std::uint64_t segment_bytes = scan.expected().segment_bytes;
  tail.missing = file_bytes < segment_bytes ? segment_bytes - file_bytes : 0;
  if (file_bytes > segment_bytes) {
    tail.kind = Tail::Kind::corrupt;
    tail.bad_offset = segment_bytes;
    tail.problem = "file is longer than its segment";
    return tail;
  }
  BLOTTER_ASSIGN(const Remains remains, remains_behind(window, scan));
  tail.end = remains.end;
  if (remains.end == 0) {
    tail.end = tail.begin;
    tail.kind = tail.missing > 0 ? Tail::Kind::torn : Tail::Kind::clean;
    return tail;
  }
  std::optional<std::string> problem;
  if (remains.later != 0) {
    tail.bad_offset = tail.begin;
    problem = std::string(scan.stop() == Scan::Stop::zero ? "a frame is missing" : scan.problem()) +
              ", though a valid frame follows at " + std::to_string(remains.later);
  } else {
    BLOTTER_ASSIGN(const auto first_block, window.get(tail.begin, kBlock));
    if (!all_zero(first_block.first(kSector))) {
      BLOTTER_ASSIGN(problem, objection(window, scan, remains, file_bytes, tail.bad_offset));
    }
  }
  tail.kind = problem ? Tail::Kind::corrupt : Tail::Kind::torn;
  if (problem) tail.problem = std::move(*problem);
  return tail;
}

}  // namespace blotter::journal
