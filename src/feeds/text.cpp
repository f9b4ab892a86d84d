#include "feeds/text.h"

#include <charconv>

#include "core/utf8.h"

namespace blotter::feeds {
namespace {

constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

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
    const std::size_t length = utf8_length(text);
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
