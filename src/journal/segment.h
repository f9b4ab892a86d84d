// Segment files: names, header block, listing. Layout: docs/formats/journal.md, "Segments".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "blotter/ids.h"
#include "blotter/result.h"
#include "journal/bytes.h"
#include "journal/io.h"

namespace blotter::journal {

inline constexpr std::uint64_t kSegmentBytesMin = 64u << 10;
inline constexpr std::size_t kSegmentHeaderBytes = kBlock;

struct SegmentHeader {
  std::string book_id;
  std::uint64_t number = 0;  // from 1
  Seq first{0};              // of the first frame
  std::uint64_t bytes = 0;   // size of the file
  Epoch epoch{0};            // of the writer that began the segment
  Hash128 previous{};        // checksum of the last frame before; of the first segment, the hash of the book id
};

// One whole block.
void encode_segment_header(const SegmentHeader& header, std::span<std::byte> block);
// Errc: corrupt, invalid (a newer version). `block` is a whole block.
Result<SegmentHeader> decode_segment_header(std::span<const std::byte> block, const std::string& path);

struct SegmentFile {
  std::uint64_t number = 0;
  std::string path;
};

std::string segment_path(const std::string& directory, std::uint64_t number);
// All segments, in order of their numbers. Errc: not_found (no such directory), corrupt (a number is missing).
Result<std::vector<SegmentFile>> list_segments(const std::string& directory);

// Reads and decodes the header; nothing when the whole file is zero or empty (a segment that was never begun).
// Errc: corrupt (also when it is not the segment its name says, or another book's), not_found, unavailable.
Result<std::optional<SegmentHeader>> read_segment_header(const SegmentFile& file, const std::string& book_id);

}  // namespace blotter::journal
