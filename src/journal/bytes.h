// Little-endian fields and hashes of the journal's files.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace blotter::journal {

using Hash128 = std::array<std::byte, 16>;

// Every frame starts at a multiple of this and is padded to one. Direct writes of 4096 bytes were faster than those of
// 512 where both are allowed, and no common device needs more.
inline constexpr std::size_t kBlock = 4096;

// Devices write a sector wholly or not at all; a torn frame is judged by this size.
inline constexpr std::size_t kSector = 512;

constexpr std::uint64_t padded(std::uint64_t bytes) { return (bytes + kBlock - 1) / kBlock * kBlock; }

template <class T>
void store_le(std::byte* out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out[i] = static_cast<std::byte>((value >> (8 * i)) & 0xff);
}

template <class T>
T load_le(const std::byte* in) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(static_cast<T>(static_cast<std::uint8_t>(in[i])) << (8 * i)));
  }
  return value;
}

inline bool all_zero(std::span<const std::byte> bytes) {
  if (bytes.empty()) return true;
  // Comparing the range with itself shifted by one lets memcmp do the work.
  return bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

// XXH3 with 128 bits, stored as its low then its high 64 bits, each little-endian.
Hash128 hash128(std::span<const std::byte> bytes);

}  // namespace blotter::journal
