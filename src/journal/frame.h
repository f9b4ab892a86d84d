// Frame: one group commit on disk. Layout: docs/formats/journal.md, "Frames".
//
// Only bytes in memory here, no files. Range: a frame with its padding fits one segment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "blotter/ids.h"
#include "journal/bytes.h"

namespace blotter::journal {

inline constexpr std::size_t kFrameHeaderBytes = 112;
inline constexpr std::size_t kVarintBytesMax = 5;

struct FrameHeader {
  Hash128 checksum{};
  std::uint32_t records = 0;
  Hash128 book{};      // hash of the padded book id
  Hash128 previous{};  // checksum of the frame before
  Epoch epoch{0};
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;  // of this frame in its segment; shows a misdirected write
  Seq first{0};
  std::uint32_t payload_bytes = 0;

  std::uint64_t extent() const { return kFrameHeaderBytes + std::uint64_t{payload_bytes}; }
  std::uint64_t padded_bytes() const { return padded(extent()); }
  Seq last() const { return Seq{to_number(first) + records - 1}; }
};

// Writes header and checksum in front of a payload that is already in place, and zeroes the padding behind it.
// `frame` spans the whole padded frame. Sets header.checksum.
void seal_frame(FrameHeader& header, std::span<std::byte> frame);

// The fields, when the bytes are an intact version 1 frame header; says nothing of the payload.
std::optional<FrameHeader> decode_frame_header(std::span<const std::byte> bytes);

// Nullptr when checksum, padding and records are right, else what is wrong. `frame` spans the whole padded frame.
const char* frame_problem(const FrameHeader& header, std::span<const std::byte> frame);

// Length prefix of a record: LEB128, as short as possible. Returns the bytes written.
std::size_t write_varint(std::uint32_t value, std::byte* out);

// Walks the records of a payload.
class RecordWalk {
 public:
  RecordWalk() = default;
  explicit RecordWalk(std::span<const std::byte> payload) : rest_(payload) {}
  // The next record; nothing at the end of the payload or when it is malformed (then ok() is false).
  std::optional<std::span<const std::byte>> next();
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
  bool ok_ = true;
};

}  // namespace blotter::journal
