// LineSplitter: the lines of a byte source.
//
// A line ends with LF or CR LF; the last one may lack its end. Any other byte, NUL included, belongs to the line. A
// UTF-8 byte order mark before the first line is dropped.
//
// Unit       Memory is bounded by one line of kLineBytesMax and one read, whatever the input.
// Threads    One caller at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "blotter/feed.h"

namespace blotter::feeds {

inline constexpr std::size_t kLineBytesMax = 1u << 20;

struct RawLine {
  std::uint64_t number = 0;  // from 1
  std::string_view text;     // without its end; valid until the next call
  bool too_long = false;     // text is only the first kLineBytesMax bytes; the rest was skipped
};

class LineSplitter {
 public:
  explicit LineSplitter(std::unique_ptr<ByteSource> source);

  // The first line that is not blank, left in place for next(). Empty text when there is none, or when more than
  // kLineBytesMax of blank lines come first. Before the first next(). Errc: as ByteSource::read.
  Result<RawLine> peek();

  // The next line and true, or false at the end. Errc: as ByteSource::read.
  Result<bool> next(RawLine& line);

 private:
  // Reads more behind the bytes held, moving them to the front when there is no room. False at the end of the source.
  Result<bool> fill();
  Result<bool> skip_long_line(RawLine& line);
  void drop_byte_order_mark();
  std::string_view held() const { return {buffer_.data() + begin_, end_ - begin_}; }

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // held bytes are [begin_, end_)
  std::size_t end_ = 0;
  std::size_t searched_ = 0;  // of the held bytes, known to contain no line end
  std::uint64_t number_ = 0;
  bool started_ = false;
  bool ended_ = false;
};

// True when the line holds nothing but spaces and tabs.
bool is_blank(std::string_view line);

}  // namespace blotter::feeds
