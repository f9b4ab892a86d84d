#include "core/json_scanner.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/utf8.h"

namespace blotter {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Characters that a string may hold as they are. Above 0x7f the whole text is checked as UTF-8 beforehand.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 256; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

constexpr bool is_plain(char c) { return kPlain[static_cast<unsigned char>(c)]; }

char* write_utf8(std::uint32_t code, char* out) {
  auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6));
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3f));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  }
  return out;
}

}  // namespace

const char* name_of(JsonKind kind) {
  switch (kind) {
    case JsonKind::string:
      return "a string";
    case JsonKind::number:
      return "a number";
    case JsonKind::boolean:
      return "true or false";
    case JsonKind::null:
      return "null";
    case JsonKind::object:
      return "an object";
    case JsonKind::array:
      return "an array";
  }
  return "";
}

void JsonScanner::start(std::string_view text) {
  begin_ = at_ = text.data();
  end_ = at_ + text.size();
  if (decoded_.size() < text.size()) decoded_.resize(std::max<std::size_t>(text.size(), 1024));
  decoded_end_ = decoded_.data();
  trouble_ = nullptr;
  malformed_ = ended_ = false;
  first_member_ = true;
}

std::string JsonScanner::why() const {
  return std::string(trouble_ != nullptr ? trouble_ : "") + " at byte " + std::to_string(at_ - begin_ + 1);
}

bool JsonScanner::trouble(const char* what) {
  trouble_ = what;
  malformed_ = true;
  return false;
}

bool JsonScanner::limit(const char* what) {
  trouble_ = what;
  return false;
}

void JsonScanner::skip_blanks() {
  while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
}

bool JsonScanner::begin_object() {
  if (!is_utf8({begin_, static_cast<std::size_t>(end_ - begin_)})) return trouble("not UTF-8");
  skip_blanks();
  if (at_ == end_ || *at_ != '{') return trouble("expected '{'");
  ++at_;
  return true;
}

bool JsonScanner::next_key(std::string_view& key) {
  skip_blanks();
  if (at_ == end_) return trouble("the object does not end");
  if (*at_ == '}') {
    ++at_;
    skip_blanks();
    if (at_ != end_) return trouble("something follows the object");
    ended_ = true;
    return false;
  }
  if (!first_member_) {
    if (*at_ != ',') return trouble("expected ',' or '}'");
    ++at_;
    skip_blanks();
  }
  first_member_ = false;
  if (at_ == end_ || *at_ != '"') return trouble("expected a field name");
  if (!scan_string(key)) return false;
  skip_blanks();
  if (at_ == end_ || *at_ != ':') return trouble("expected ':'");
  ++at_;
  return true;
}

bool JsonScanner::value(JsonValue& out) {
  skip_blanks();
  if (at_ == end_) return trouble("expected a value");
  if (*at_ == '{' || *at_ == '[') return scan_nested(out);
  return scan_scalar(out);
}

bool JsonScanner::whole_object(std::string_view text, std::string_view& compact) {
  start(text);
  if (!is_utf8(text)) return trouble("not UTF-8");
  skip_blanks();
  if (at_ == end_ || *at_ != '{') return trouble("expected '{'");
  JsonValue object;
  if (!scan_nested(object)) return false;
  skip_blanks();
  if (at_ != end_) return trouble("something follows the object");
  compact = object.text;
  return true;
}

bool JsonScanner::scan_scalar(JsonValue& out) {
  switch (*at_) {
    case '"':
      out.kind = JsonKind::string;
      return scan_string(out.text);
    case 't':
      out.kind = JsonKind::boolean;
      return scan_word("true", out.text);
    case 'f':
      out.kind = JsonKind::boolean;
      return scan_word("false", out.text);
    case 'n':
      out.kind = JsonKind::null;
      return scan_word("null", out.text);
    default:
      out.kind = JsonKind::number;
      return scan_number(out.text);
  }
}

bool JsonScanner::scan_word(std::string_view word, std::string_view& out) {
  if (static_cast<std::size_t>(end_ - at_) < word.size() || std::string_view(at_, word.size()) != word) {
    return trouble("expected a value");
  }
  out = {at_, word.size()};
  at_ += word.size();
  return true;
}

bool JsonScanner::scan_number(std::string_view& out) {
  const char* const first = at_;
  auto digits = [this] {
    const char* const from = at_;
    while (at_ < end_ && is_digit(*at_)) ++at_;
    return at_ != from;
  };
  if (*at_ == '-') ++at_;
  const bool zero = at_ < end_ && *at_ == '0';
  if (!digits()) return trouble("expected a value");
  const char* const whole = *first == '-' ? first + 1 : first;
  if (zero && at_ - whole > 1) return trouble("a number with a leading zero");
  if (at_ < end_ && *at_ == '.') {
    ++at_;
    if (!digits()) return trouble("a number without digits after its point");
  }
  if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!digits()) return trouble("a number without digits in its exponent");
  }
  out = {first, static_cast<std::size_t>(at_ - first)};
  return true;
}

bool JsonScanner::scan_string(std::string_view& out) {
  const char* const first = ++at_;
  while (at_ < end_ && is_plain(*at_)) ++at_;
  if (at_ < end_ && *at_ == '"') {
    out = {first, static_cast<std::size_t>(at_ - first)};
    ++at_;
    return true;
  }
  char* const decoded = decoded_end_;
  char* write = std::copy(first, at_, decoded);
  while (at_ < end_ && *at_ != '"') {
    if (is_plain(*at_)) {
      *write++ = *at_++;
    } else if (*at_ != '\\') {
      return trouble("a control character in a string");
    } else if (!scan_escape(write)) {
      return false;
    }
  }
  if (at_ == end_) return trouble("a string that does not end");
  ++at_;
  decoded_end_ = write;
  out = {decoded, static_cast<std::size_t>(write - decoded)};
  return true;
}

bool JsonScanner::scan_escape(char*& out) {
  ++at_;
  if (at_ == end_) return trouble("a string that does not end");
  const char c = *at_++;
  switch (c) {
    case '"':
    case '\\':
    case '/':
      *out++ = c;
      return true;
    case 'b':
      *out++ = '\b';
      return true;
    case 'f':
      *out++ = '\f';
      return true;
    case 'n':
      *out++ = '\n';
      return true;
    case 'r':
      *out++ = '\r';
      return true;
    case 't':
      *out++ = '\t';
      return true;
    case 'u':
      break;
    default:
      return trouble("an unknown escape in a string");
  }
  std::uint32_t code = 0;
  if (!scan_hex4(code)) return false;
  if (code >= 0xdc00 && code < 0xe000) return trouble("half of a surrogate pair in a string");
  if (code >= 0xd800 && code < 0xdc00) {
    std::uint32_t low = 0;
    if (end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') return trouble("half of a surrogate pair in a string");
    at_ += 2;
    if (!scan_hex4(low)) return false;
    if (low < 0xdc00 || low >= 0xe000) return trouble("half of a surrogate pair in a string");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  if (code == 0) return limit("a NUL character in a string");
  out = write_utf8(code, out);
  return true;
}

bool JsonScanner::scan_hex4(std::uint32_t& code) {
  if (end_ - at_ < 4) return trouble("a string that does not end");
  code = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const char c = *at_;
    const char lower = static_cast<char>(c | 0x20);
    if (is_digit(c)) {
      code = code * 16 + static_cast<std::uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      code = code * 16 + static_cast<std::uint32_t>(lower - 'a' + 10);
    } else {
      return trouble("four hexadecimal digits expected after \\u");
    }
  }
  return true;
}

// Nested values are walked with a stack of our own: a hundred thousand brackets must not reach the program's.
bool JsonScanner::scan_nested(JsonValue& out) {
  out.kind = *at_ == '{' ? JsonKind::object : JsonKind::array;
  compact_ = decoded_end_;
  depth_ = 0;
  keys_.clear();
  do {
    skip_blanks();
    if (at_ == end_) return trouble("a nested value that does not end");
    const bool opens = *at_ == '{' || *at_ == '[';
    if (opens ? !open_nested() : !nested_scalar()) return false;
    if (opens && at_ < end_ && *at_ != open_[depth_ - 1].close) {
      if (open_[depth_ - 1].close == '}' && !nested_key()) return false;
    } else if (!close_nested()) {
      return false;
    }
  } while (depth_ > 0);
  out.text = {compact_, static_cast<std::size_t>(decoded_end_ - compact_)};
  return true;
}

bool JsonScanner::open_nested() {
  // The object around us is the first level.
  if (depth_ + 1 >= kJsonDepthMax) return limit("nested more than 32 levels deep");
  open_[depth_++] = Open{*at_ == '{' ? '}' : ']', keys_.size()};
  if (!keep({at_, 1})) return false;
  ++at_;
  skip_blanks();
  return true;
}

// After a value: closes what ends here, and stands before the next value when there is one.
bool JsonScanner::close_nested() {
  while (depth_ > 0) {
    skip_blanks();
    if (at_ == end_) return trouble("a nested value that does not end");
    const Open& innermost = open_[depth_ - 1];
    if (*at_ != ',' && *at_ != innermost.close) return trouble("expected ',' or the end of a nested value");
    const char c = *at_++;
    if (!keep({&c, 1})) return false;
    if (c == ',') return innermost.close == ']' || nested_key();
    keys_.resize(innermost.first_key);
    --depth_;
  }
  return true;
}

bool JsonScanner::nested_key() {
  skip_blanks();
  if (at_ == end_ || *at_ != '"') return trouble("expected a field name");
  const char* const first = at_;
  char* const kept = decoded_end_;
  std::string_view key;
  if (!scan_string(key)) return false;
  const auto from = keys_.begin() + static_cast<std::ptrdiff_t>(open_[depth_ - 1].first_key);
  if (std::find(from, keys_.end(), key) != keys_.end()) return limit("a field name twice in a nested object");
  keys_.emplace_back(key);
  decoded_end_ = kept;
  if (!keep({first, static_cast<std::size_t>(at_ - first)})) return false;
  skip_blanks();
  if (at_ == end_ || *at_ != ':') return trouble("expected ':'");
  ++at_;
  return keep(":");
}

bool JsonScanner::nested_scalar() {
  const char* const first = at_;
  char* const kept = decoded_end_;
  JsonValue ignored;
  if (!scan_scalar(ignored)) return false;
  decoded_end_ = kept;  // the compact text keeps strings as they were written
  return keep({first, static_cast<std::size_t>(at_ - first)});
}

bool JsonScanner::keep(std::string_view piece) {
  if (static_cast<std::size_t>(decoded_end_ - compact_) + piece.size() > kJsonNestedBytesMax) {
    return limit("a nested value of more than 4096 bytes");
  }
  decoded_end_ = std::copy(piece.begin(), piece.end(), decoded_end_);
  return true;
}

}  // namespace blotter
