#include "core/utf8.h"

#include <cstdint>
#include <cstring>

namespace blotter {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080;

struct Lead {
  std::size_t following;
  unsigned second_min;
  unsigned second_max;
};

// What may follow a first byte (Unicode, table 3-7); following 0: not a first byte.
Lead lead_of(unsigned byte) {
  if (byte >= 0xc2 && byte <= 0xdf) return {1, 0x80, 0xbf};
  if (byte == 0xe0) return {2, 0xa0, 0xbf};
  if (byte == 0xed) return {2, 0x80, 0x9f};
  if (byte >= 0xe1 && byte <= 0xef) return {2, 0x80, 0xbf};
  if (byte == 0xf0) return {3, 0x90, 0xbf};
  if (byte >= 0xf1 && byte <= 0xf3) return {3, 0x80, 0xbf};
  if (byte == 0xf4) return {3, 0x80, 0x8f};
  return {0, 0, 0};
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const Lead lead = lead_of(byte(0));
  if (lead.following == 0 || text.size() <= lead.following) return 0;
  if (byte(1) < lead.second_min || byte(1) > lead.second_max) return 0;
  for (std::size_t i = 2; i <= lead.following; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return lead.following + 1;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    // Nearly all of it is ASCII: eight bytes at a time.
    while (text.size() >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), 8);
      if ((word & kHighBits) != 0) break;
      text.remove_prefix(8);
    }
    if (text.empty()) return true;
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace blotter
