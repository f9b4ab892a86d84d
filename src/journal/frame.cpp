#include "journal/frame.h"

#include <xxhash.h>

#include "blotter/assert.h"

namespace blotter::journal {
namespace {

constexpr std::string_view kMagic = "BLTRFRAM";
constexpr std::uint16_t kVersion = 1;
// The checksum covers everything after itself, so one call over contiguous bytes computes it.
constexpr std::size_t kCovered = 24;

// A hash of the header alone: when the payload is torn, the length in the header can still be trusted.
constexpr std::size_t kHeaderHash = 104;

std::uint64_t header_hash(std::span<const std::byte> frame) {
  return XXH3_64bits(frame.data() + kCovered, kHeaderHash - kCovered);
}

Hash128 load_hash(const std::byte* in) {
  Hash128 hash;
  std::memcpy(hash.data(), in, hash.size());
  return hash;
}

}  // namespace

Hash128 hash128(std::span<const std::byte> bytes) {
  const XXH128_hash_t value = XXH3_128bits(bytes.data(), bytes.size());
  Hash128 hash;
  store_le<std::uint64_t>(hash.data(), value.low64);
  store_le<std::uint64_t>(hash.data() + 8, value.high64);
  return hash;
}

void seal_frame(FrameHeader& header, std::span<std::byte> frame) {
  BLOTTER_ASSERT(frame.size() == header.padded_bytes());
  std::byte* out = frame.data();
  std::memcpy(out, kMagic.data(), kMagic.size());
  store_le<std::uint16_t>(out + 24, kVersion);
  store_le<std::uint16_t>(out + 26, kFrameHeaderBytes);
  store_le<std::uint32_t>(out + 28, header.records);
  std::memcpy(out + 32, header.book.data(), 16);
  std::memcpy(out + 48, header.previous.data(), 16);
  store_le<std::uint64_t>(out + 64, to_number(header.epoch));
  store_le<std::uint64_t>(out + 72, header.segment);
  store_le<std::uint64_t>(out + 80, header.offset);
  store_le<std::uint64_t>(out + 88, to_number(header.first));
  store_le<std::uint32_t>(out + 96, header.payload_bytes);
  store_le<std::uint32_t>(out + 100, 0);
  store_le<std::uint64_t>(out + kHeaderHash, header_hash(frame));
  std::memset(out + header.extent(), 0, frame.size() - header.extent());
  header.checksum = hash128(frame.subspan(kCovered, header.extent() - kCovered));
  std::memcpy(out + 8, header.checksum.data(), 16);
}

std::optional<FrameHeader> decode_frame_header(std::span<const std::byte> bytes) {
  if (bytes.size() < kFrameHeaderBytes) return std::nullopt;
  const std::byte* in = bytes.data();
  if (std::memcmp(in, kMagic.data(), kMagic.size()) != 0) return std::nullopt;
  if (load_le<std::uint16_t>(in + 24) != kVersion) return std::nullopt;
  if (load_le<std::uint16_t>(in + 26) != kFrameHeaderBytes) return std::nullopt;
  if (load_le<std::uint32_t>(in + 100) != 0) return std::nullopt;
  if (load_le<std::uint64_t>(in + kHeaderHash) != header_hash(bytes)) return std::nullopt;
  FrameHeader header;
  header.checksum = load_hash(in + 8);
  header.records = load_le<std::uint32_t>(in + 28);
  header.book = load_hash(in + 32);
  header.previous = load_hash(in + 48);
  header.epoch = Epoch{load_le<std::uint64_t>(in + 64)};
  header.segment = load_le<std::uint64_t>(in + 72);
  header.offset = load_le<std::uint64_t>(in + 80);
  header.first = Seq{load_le<std::uint64_t>(in + 88)};
  header.payload_bytes = load_le<std::uint32_t>(in + 96);
  if (header.records == 0 || header.payload_bytes < 2 * std::uint64_t{header.records}) return std::nullopt;
  return header;
}

const char* frame_problem(const FrameHeader& header, std::span<const std::byte> frame) {
  BLOTTER_ASSERT(frame.size() == header.padded_bytes());
  if (hash128(frame.subspan(kCovered, header.extent() - kCovered)) != header.checksum) return "checksum mismatch";
  if (!all_zero(frame.subspan(header.extent()))) return "padding is not zero";
  RecordWalk walk(frame.subspan(kFrameHeaderBytes, header.payload_bytes));
  std::uint32_t records = 0;
  while (walk.next()) ++records;
  if (!walk.ok() || records != header.records) return "records do not add up";
  return nullptr;
}

std::size_t write_varint(std::uint32_t value, std::byte* out) {
  std::size_t size = 0;
  while (value >= 0x80) {
    out[size++] = static_cast<std::byte>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  out[size++] = static_cast<std::byte>(value);
  return size;
}

std::optional<std::span<const std::byte>> RecordWalk::next() {
  if (rest_.empty() || !ok_) return std::nullopt;
  std::uint64_t length = 0;
  std::size_t used = 0;
  std::uint8_t byte = 0x80;
  while ((byte & 0x80) != 0 && used < kVarintBytesMax && used < rest_.size()) {
    byte = static_cast<std::uint8_t>(rest_[used]);
    length |= std::uint64_t{byte & 0x7fu} << (7 * used);
    ++used;
  }
  const bool longer_than_needed = used > 1 && byte == 0;
  ok_ = (byte & 0x80) == 0 && !longer_than_needed && length > 0 && length <= rest_.size() - used;
  if (!ok_) return std::nullopt;
  const auto record = rest_.subspan(used, length);
  rest_ = rest_.subspan(used + length);
  return record;
}

}  // namespace blotter::journal
