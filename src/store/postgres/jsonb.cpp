#include "store/postgres/jsonb.h"

#include <array>
#include <cstdint>
#include <optional>

namespace blotter::postgres {
namespace {

constexpr std::size_t kBytesMax = std::size_t{16} << 20;
constexpr std::size_t kDepthMax = 100;
constexpr std::ptrdiff_t kNumberBytesMax = 200;
constexpr std::ptrdiff_t kExponentDigitsMax = 3;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Checker {
 public:
  explicit Checker(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  // One value, and nothing behind it but blanks.
  bool check() {
    if (!value()) return false;
    while (depth_ > 0) {
      if (!next_in_container()) return false;
    }
    skip_blanks();
    return at_ == end_;
  }

 private:
  void skip_blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }
  bool take(char wanted) {
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }

  // A scalar, or the opening of a container, which next_in_container() goes on with.
  bool value() {
    skip_blanks();
    if (at_ == end_) return false;
    switch (*at_) {
      case '{':
      case '[':
        if (depth_ == kDepthMax) return false;
        open_[depth_++] = *at_++;
        first_ = true;
        return true;
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool next_in_container() {
    const char open = open_[depth_ - 1];
    skip_blanks();
    if (take(open == '{' ? '}' : ']')) {
      --depth_;
      first_ = false;
      return true;
    }
    if (!first_ && !take(',')) return false;
    first_ = false;
    if (open == '{') {
      skip_blanks();
      if (at_ == end_ || *at_ != '"' || !string()) return false;
      skip_blanks();
      if (!take(':')) return false;
    }
    return value();
  }

  bool word(std::string_view expected) {
    if (static_cast<std::size_t>(end_ - at_) < expected.size() || std::string_view(at_, expected.size()) != expected) {
      return false;
    }
    at_ += expected.size();
    return true;
  }

  bool digits() {
    if (at_ == end_ || !is_digit(*at_)) return false;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return true;
  }

  bool number() {
    const char* const begin = at_;
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      const char* const exponent = at_;
      if (!digits() || at_ - exponent > kExponentDigitsMax) return false;
    }
    return at_ - begin <= kNumberBytesMax;
  }

  bool string() {
    ++at_;
    while (at_ != end_) {
      const char c = *at_++;
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  bool escape() {
    if (at_ == end_) return false;
    const char c = *at_++;
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    const std::optional<std::uint32_t> code = hex4();
    if (!code || *code == 0) return false;
    if (*code >= 0xDC00 && *code < 0xE000) return false;
    if (*code < 0xD800 || *code >= 0xDC00) return true;
    if (!word("\\u")) return false;
    const std::optional<std::uint32_t> low = hex4();
    return low && *low >= 0xDC00 && *low < 0xE000;
  }

  std::optional<std::uint32_t> hex4() {
    if (end_ - at_ < 4) return std::nullopt;
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char lower = static_cast<char>(*at_ | 0x20);
      const int digit = is_digit(*at_) ? *at_ - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
      if (digit < 0) return std::nullopt;
      code = code * 16 + static_cast<std::uint32_t>(digit);
    }
    return code;
  }

  const char* at_;
  const char* end_;
  std::array<char, kDepthMax> open_{};
  std::size_t depth_ = 0;
  bool first_ = false;  // nothing yet in the innermost container
};

}  // namespace

bool jsonb_holds(std::string_view text) { return text.size() <= kBytesMax && Checker(text).check(); }

}  // namespace blotter::postgres
