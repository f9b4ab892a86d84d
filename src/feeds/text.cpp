#include "feeds/text.h"

#include <charconv>
#include <cstring>

namespace blotter::feeds {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080;

constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

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

// The length of the sequence at the front, 0 when it is broken.
std::size_t sequence_length(std::string_view text) {
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

}  // namespace

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
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool has_control_character(std::string_view text) {
  for (const char c : text) {
    if (is_control(c)) return true;
  }
  return false;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShownBytesMax = 48;
  std::string shown = "'";
  while (!text.empty() && shown.size() <= kShownBytesMax) {
    const std::size_t length = sequence_length(text);
    if (length == 0 || is_control(text[0])) {
      shown += '?';
    } else {
      shown.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  if (!text.empty()) shown += "…";
  return shown + "'";
}

bool parse_digits(std::string_view text, std::uint64_t& out) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, out);
  return error == std::errc{} && rest == end && !text.empty();
}

}  // namespace blotter::feeds
