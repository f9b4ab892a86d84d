#include "journal/scan.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "journal/book_file.h"

namespace blotter::journal {
namespace {

constexpr std::size_t kPieceMin = 64u << 10;
constexpr std::size_t kPieceMax = 1u << 20;

}  // namespace

Result<Window> Window::open(const std::string& path, Source source) {
  const int direct = source == Source::device ? O_DIRECT : 0;
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | direct));
  if (!file.is_open() && errno == EINVAL) file = File(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == ENOENT) return fail(Errc::not_found, "no segment " + path);
    return system_failure("cannot open", path);
  }
  Window window(std::move(file), path);
  if (source == Source::device) window.distrust(0, 0);
  return window;
}

Result<std::span<const std::byte>> Window::get(std::uint64_t offset, std::size_t size) {
  if (offset >= start_ && offset + size <= start_ + held_) {
    return std::span<const std::byte>(buffer_.data() + (offset - start_), size);
  }
  const bool in_order = held_ > 0 && offset >= start_ && offset <= start_ + held_;
  piece_ = in_order ? std::min(piece_ * 2, kPieceMax) : kPieceMin;
  const std::size_t wanted = std::max(piece_, padded(size));
  if (buffer_.size() < wanted) buffer_ = AlignedBuffer(wanted);
  held_ = 0;
  BLOTTER_ASSIGN(const std::size_t got, read_fully(file_.fd(), {buffer_.data(), wanted}, offset, path_));
  std::memset(buffer_.data() + got, 0, wanted - got);
  start_ = offset;
  held_ = wanted;
  // Whoever reads in order will want the next piece: the device can fetch it while this one is worked on.
  if (in_order && piece_ == kPieceMax) {
    static_cast<void>(::posix_fadvise(file_.fd(), static_cast<off_t>(offset + wanted),
                                      static_cast<off_t>(2 * kPieceMax), POSIX_FADV_WILLNEED));
  }
  return std::span<const std::byte>(buffer_.data(), size);
}

void Window::distrust(std::uint64_t offset, std::uint64_t size) {
  forget();
  // Advice: where the kernel declines, a direct read (the usual case) does not need it.
  static_cast<void>(
      ::posix_fadvise(file_.fd(), static_cast<off_t>(offset), static_cast<off_t>(size), POSIX_FADV_DONTNEED));
}

Result<std::uint64_t> Window::file_bytes() const {
  struct stat status {};
  if (::fstat(file_.fd(), &status) != 0) return system_failure("cannot look at", path_);
  return static_cast<std::uint64_t>(status.st_size);
}

Expected expected_at_start(const SegmentHeader& header, Epoch epoch_max) {
  return {.book = hash_of_book(header.book_id),
          .previous = header.previous,
          .first = header.first,
          .epoch_min = header.epoch,
          .epoch_max = epoch_max,
          .segment = header.number,
          .segment_bytes = header.bytes};
}

const char* header_problem(const FrameHeader& header, const Expected& expected, std::uint64_t offset) {
  if (header.book != expected.book) return "frame of another book";
  if (header.segment != expected.segment) return "frame of another segment";
  if (header.offset != offset) return "frame of another place";
  if (header.first != expected.first) return "wrong first seq";
  if (header.previous != expected.previous) return "does not continue the frame before (hash chain)";
  if (header.epoch < expected.epoch_min) return "epoch went back";
  if (header.epoch > expected.epoch_max) return "epoch was never given out";
  if (offset + header.padded_bytes() > expected.segment_bytes) return "frame reaches beyond its segment";
  return nullptr;
}

Result<std::optional<Frame>> Scan::next() {
  const auto stop = [this](Stop why, const char* problem) -> Result<std::optional<Frame>> {
    stop_ = why;
    problem_ = problem;
    return std::optional<Frame>();
  };
  if (offset_ + kBlock > expected_.segment_bytes) return stop(Stop::full, "");
  BLOTTER_ASSIGN(const auto block, window_->get(offset_, kBlock));
  const auto header = decode_frame_header(block);
  if (!header) {
    return all_zero(block) ? stop(Stop::zero, "") : stop(Stop::invalid, "not a frame header");
  }
  if (const char* problem = header_problem(*header, expected_, offset_)) return stop(Stop::invalid, problem);
  BLOTTER_ASSIGN(const auto bytes, window_->get(offset_, header->padded_bytes()));
  if (const char* problem = frame_problem(*header, bytes)) return stop(Stop::invalid, problem);
  stop_ = Stop::none;
  offset_ += header->padded_bytes();
  expected_.previous = header->checksum;
  expected_.first = Seq{to_number(header->first) + header->records};
  expected_.epoch_min = header->epoch;
  return std::optional<Frame>(Frame{*header, bytes.subspan(kFrameHeaderBytes, header->payload_bytes)});
}

Unexpected corrupt_at(const std::string& path, std::uint64_t offset, const std::string& problem) {
  return fail(Errc::corrupt, path + " at " + std::to_string(offset) + ": " + problem);
}

}  // namespace blotter::journal
