// Decimal digits to and from text without a call, for the paths that print or read several numbers for every row.
//
// Failure    None: whoever calls has checked that the number fits the width.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace blotter::digits {

constexpr std::array<char, 200> make_pairs() {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}
inline constexpr std::array<char, 200> kPairs = make_pairs();

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Each writes exactly that many digits, with leading zeros, and returns the end.
inline char* write2(std::uint32_t value, char* out) {
  std::memcpy(out, &kPairs[2 * std::size_t{value}], 2);
  return out + 2;
}
inline char* write4(std::uint32_t value, char* out) {
  out = write2(value / 100, out);
  return write2(value % 100, out);
}
inline char* write8(std::uint32_t value, char* out) {
  out = write4(value / 10'000, out);
  return write4(value % 10'000, out);
}

// Writes the value without leading zeros (at most 20 digits) and returns the end.
inline char* write_shortest(std::uint64_t value, char* out) {
  std::array<char, 20> text;
  std::size_t begin = text.size();
  while (value >= 100) {
    begin -= 2;
    write2(static_cast<std::uint32_t>(value % 100), &text[begin]);
    value /= 100;
  }
  if (value >= 10) {
    begin -= 2;
    write2(static_cast<std::uint32_t>(value), &text[begin]);
  } else {
    text[--begin] = static_cast<char>('0' + value);
  }
  std::memcpy(out, &text[begin], text.size() - begin);
  return out + (text.size() - begin);
}

// Bad input between quotes for an error message: one line, whatever the bytes are, and not endless.
inline std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 64;
  std::string result = "'";
  for (const char c : text.substr(0, kShown)) result += (c >= ' ' && c <= '~') ? c : '?';
  result += text.size() > kShown ? "…'" : "'";
  return result;
}

}  // namespace blotter::digits
