// JsonScanner: walks the members of one JSON object without building a tree.
//
// Why not a library: a number must keep its source text (a price that went through a double is another price), nothing
// may be allocated per line, and hostile input must end in an answer. RFC 8259 to the letter; the tests hold it
// against Boost.JSON as oracle.
//
// Range      Nesting up to kJsonDepthMax; a nested value up to kJsonNestedBytesMax once it is compact. No NUL
//            character in any string, because no database column could hold it.
// Threads    One caller at a time.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace blotter {

inline constexpr int kJsonDepthMax = 32;
inline constexpr std::size_t kJsonNestedBytesMax = 4096;

enum class JsonKind : std::uint8_t { string, number, boolean, null, object, array };
const char* name_of(JsonKind kind);

struct JsonValue {
  JsonKind kind = JsonKind::null;
  // string: its characters, escapes resolved. object, array: compact text. Else: the source text.
  std::string_view text;
};

class JsonScanner {
 public:
  // Starts at the first character of `text`, which outlives the scan; so do the views handed out until the next call.
  void start(std::string_view text);

  // Each returns false on trouble, which why() then tells.
  bool begin_object();
  // Trouble or the end of the object: false. ended() tells the two apart.
  bool next_key(std::string_view& key);
  bool value(JsonValue& out);

  // All of `text` as one object, in the place of the calls above, under the limits of a nested value.
  bool whole_object(std::string_view text, std::string_view& compact);

  bool ended() const { return ended_; }  // the object is complete and nothing but blanks follows it
  // The text is not JSON at all, as opposed to JSON that goes beyond our limits.
  bool malformed() const { return malformed_; }
  std::string why() const;

 private:
  bool trouble(const char* what);
  bool limit(const char* what);
  void skip_blanks();
  bool scan_string(std::string_view& out);
  bool scan_escape(char*& out);
  bool scan_hex4(std::uint32_t& code);
  bool scan_number(std::string_view& out);
  bool scan_word(std::string_view word, std::string_view& out);
  bool scan_scalar(JsonValue& out);
  bool scan_nested(JsonValue& out);
  bool open_nested();
  bool close_nested();
  bool nested_key();
  bool nested_scalar();
  bool keep(std::string_view piece);

  const char* at_ = nullptr;
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
  std::vector<char> decoded_;  // as long as the text at least, so that views into it stay valid
  char* decoded_end_ = nullptr;

  // Of the nested value being scanned: what is open, the names seen in each open object, and its compact text.
  struct Open {
    char close = '}';
    std::size_t first_key = 0;
  };
  std::array<Open, kJsonDepthMax> open_{};
  std::size_t depth_ = 0;
  std::vector<std::string> keys_;
  char* compact_ = nullptr;

  const char* trouble_ = nullptr;
  bool malformed_ = false;
  bool first_member_ = true;
  bool ended_ = false;
};

}  // namespace blotter
