#include "feeds/line_splitter.h"

#include <algorithm>
#include <cstring>

namespace blotter::feeds {
namespace {

constexpr std::size_t kReadBytes = 256u << 10;

std::string_view without_carriage_return(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == std::string_view::npos; }

LineSplitter::LineSplitter(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), buffer_(kLineBytesMax + 2 + kReadBytes) {}

Result<bool> LineSplitter::fill() {
  if (ended_) return false;
  if (begin_ == end_) begin_ = end_ = 0;
  if (begin_ > 0 && buffer_.size() - end_ < kReadBytes) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  BLOTTER_ASSIGN(const std::size_t got, source_->read(buffer_.data() + end_, buffer_.size() - end_));
  end_ += got;
  ended_ = got == 0;
  if (!started_) drop_byte_order_mark();
  return got != 0;
}

void LineSplitter::drop_byte_order_mark() {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (held().size() < kMark.size() && !ended_) return;
  if (held().starts_with(kMark)) begin_ += kMark.size();
  started_ = true;
}

Result<RawLine> LineSplitter::peek() {
  RawLine line;
  std::size_t offset = 0;
  for (;;) {
    const std::string_view rest = started_ ? held().substr(offset) : std::string_view{};
    const std::size_t end = rest.find('\n');
    const bool complete = end != std::string_view::npos;
    if (complete || ended_) {
      if (!complete && rest.empty()) return RawLine{};
      ++line.number;
      line.text = without_carriage_return(rest.substr(0, end));
      line.too_long = line.text.size() > kLineBytesMax;
      if (!is_blank(line.text)) return line;
      if (!complete) return RawLine{};
      offset += end + 1;
      if (offset > kLineBytesMax) return RawLine{};
    } else if (rest.size() > kLineBytesMax) {
      return RawLine{line.number + 1, rest.substr(0, kLineBytesMax), true};
    } else if (held().size() > kLineBytesMax) {
      return RawLine{};
    } else {
      BLOTTER_TRY(fill());
    }
  }
}

Result<bool> LineSplitter::next(RawLine& line) {
  line.too_long = false;
  for (;;) {
    if (started_) {
      const std::string_view bytes = held();
      const std::size_t end = bytes.find('\n', searched_);
      if (end != std::string_view::npos || (ended_ && !bytes.empty())) {
        const std::size_t length = std::min(end, bytes.size());
        line.number = ++number_;
        line.text = without_carriage_return(bytes.substr(0, length));
        line.too_long = line.text.size() > kLineBytesMax;
        if (line.too_long) line.text = line.text.substr(0, kLineBytesMax);
        begin_ += std::min(length + 1, bytes.size());
        searched_ = 0;
        return true;
      }
      if (ended_) return false;
      // One byte more than the longest line may still be its carriage return.
      if (bytes.size() > kLineBytesMax + 1) return skip_long_line(line);
      searched_ = bytes.size();
    }
    BLOTTER_TRY(fill());
  }
}

Result<bool> LineSplitter::skip_long_line(RawLine& line) {
  // The head stays at the front of the buffer as the line's text; everything up to its end is read over the rest.
  std::memmove(buffer_.data(), buffer_.data() + begin_, kLineBytesMax);
  char* const rest = buffer_.data() + kLineBytesMax;
  searched_ = 0;
  line = RawLine{++number_, {buffer_.data(), kLineBytesMax}, true};
  for (;;) {
    BLOTTER_ASSIGN(const std::size_t got, source_->read(rest, buffer_.size() - kLineBytesMax));
    ended_ = got == 0;
    const void* end = std::memchr(rest, '\n', got);
    begin_ = end_ = kLineBytesMax + got;
    if (end != nullptr) begin_ = static_cast<std::size_t>(static_cast<const char*>(end) - buffer_.data()) + 1;
    if (end != nullptr || ended_) return true;
  }
}

}  // namespace blotter::feeds
