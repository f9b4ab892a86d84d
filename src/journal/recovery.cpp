#include "journal/recovery.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "journal/book_file.h"

namespace blotter::journal {
namespace {

// A process that died may have left bytes in the page cache only: deciding on them, and then losing them with the
// power, would be a lie. So they are forced to the device first and read back from there.
Result<void> settle(Io& io, const std::vector<SegmentFile>& segments, const std::string& directory) {
  for (const SegmentFile& segment : segments) {
    const File file(io.open(segment.path.c_str(), O_RDONLY, 0));
    if (!file.is_open()) return system_failure("cannot open", segment.path);
    if (io.fsync(file.fd()) != 0) return system_failure("cannot sync", segment.path);
    static_cast<void>(::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED));
  }
  return sync_directory(io, directory);
}

struct Begun {
  SegmentFile file;
  SegmentHeader header;
};

Result<void> check_neighbours(const Begun& earlier, const Begun& later) {
  if (later.header.first <= earlier.header.first) {
    return corrupt_at(later.file.path, 0, "its first seq does not lie behind that of the segment before");
  }
  if (later.header.epoch < earlier.header.epoch) return corrupt_at(later.file.path, 0, "epoch went back");
  BLOTTER_ASSIGN(const Window window, Window::open(earlier.file.path, Window::Source::page_cache));
  BLOTTER_ASSIGN(const std::uint64_t bytes, window.file_bytes());
  if (bytes != earlier.header.bytes) return corrupt_at(earlier.file.path, bytes, "file has a wrong size");
  return {};
}

// Reads every header; what was never begun may only stand at the end.
Result<std::vector<Begun>> read_headers(const std::vector<SegmentFile>& segments, const BookFile& book,
                                        std::vector<SegmentFile>& never_begun) {
  std::vector<Begun> begun;
  for (const SegmentFile& file : segments) {
    BLOTTER_ASSIGN(const auto header, read_segment_header(file, book.book_id));
    if (!header) {
      never_begun.push_back(file);
      continue;
    }
    if (!never_begun.empty()) return corrupt_at(never_begun.front().path, 0, "segment header is missing");
    if (header->epoch > book.epoch) return corrupt_at(file.path, 0, "epoch was never given out");
    begun.push_back({file, *header});
    if (begun.size() > 1) BLOTTER_TRY(check_neighbours(begun[begun.size() - 2], begun.back()));
  }
  if (begun.empty()) {
    const std::string where = segments.empty() ? "journal-*.seg" : segments.front().path;
    return corrupt_at(where, 0, "no segment with a header");
  }
  const SegmentHeader& first = begun.front().header;
  if (first.number == 1 && (first.first != Seq{1} || first.previous != hash_of_book(book.book_id))) {
    return corrupt_at(begun.front().file.path, 0, "the first segment does not begin at the beginning");
  }
  return begun;
}

struct Walked {
  Scan scan;
  Tail tail;
};

Result<Walked> walk_to_end(Window& window, const Expected& expected) {
  Walked walked{Scan(window, expected), {}};
  while (true) {
    BLOTTER_ASSIGN(const auto frame, walked.scan.next());
    if (!frame) break;
  }
  BLOTTER_ASSIGN(walked.tail, judge_tail(window, walked.scan));
  if (walked.tail.kind == Tail::Kind::corrupt) {
    return corrupt_at(window.path(), walked.tail.bad_offset, walked.tail.problem);
  }
  return walked;
}

// The head has no frame that could prove its header right: the segment before has to end where it says.
Result<void> check_continues(const Begun& earlier, const Begun& head, Epoch epoch) {
  BLOTTER_ASSIGN(Window window, Window::open(earlier.file.path, Window::Source::device));
  BLOTTER_ASSIGN(const Walked walked, walk_to_end(window, expected_at_start(earlier.header, epoch)));
  if (walked.tail.kind != Tail::Kind::clean) {
    return corrupt_at(earlier.file.path, walked.tail.begin, "invalid frame, though a later segment was begun");
  }
  if (walked.scan.expected().previous != head.header.previous || walked.scan.expected().first != head.header.first) {
    return corrupt_at(earlier.file.path, walked.tail.begin, "the next segment does not continue here");
  }
  return {};
}

}  // namespace

Result<Finding> find_end(Io& io, const std::string& directory, const BookFile& book) {
  BLOTTER_ASSIGN(const auto segments, list_segments(directory));
  BLOTTER_TRY(settle(io, segments, directory));
  Finding finding;
  BLOTTER_ASSIGN(const auto begun, read_headers(segments, book, finding.never_begun));
  const Begun& head = begun.back();
  BLOTTER_ASSIGN(Window window, Window::open(head.file.path, Window::Source::device));
  BLOTTER_ASSIGN(const Walked walked, walk_to_end(window, expected_at_start(head.header, book.epoch)));
  if (walked.tail.kind == Tail::Kind::torn && !finding.never_begun.empty()) {
    return corrupt_at(head.file.path, walked.tail.begin, "invalid frame, though a later segment was begun");
  }
  const Expected& next = walked.scan.expected();
  if (next.first == head.header.first && begun.size() > 1) {
    BLOTTER_TRY(check_continues(begun[begun.size() - 2], head, book.epoch));
  }
  finding.tail = walked.tail;
  finding.head = {.segment = head.header,
                  .path = head.file.path,
                  .offset = walked.scan.offset(),
                  .previous = next.previous,
                  .last = Seq{to_number(next.first) - 1}};
  return finding;
}

Result<Recovery> repair(Io& io, const std::string& directory, const Finding& finding) {
  Recovery recovery;
  recovery.last = finding.head.last;
  for (const SegmentFile& segment : finding.never_begun) {
    if (io.unlink(segment.path.c_str()) != 0) return system_failure("cannot remove", segment.path);
  }
  if (!finding.never_begun.empty()) BLOTTER_TRY(sync_directory(io, directory));
  const Tail& tail = finding.tail;
  if (tail.kind != Tail::Kind::torn) return recovery;

  const std::string& path = finding.head.path;
  const File file(io.open(path.c_str(), O_WRONLY, 0));
  if (!file.is_open()) return system_failure("cannot open", path);
  const std::uint64_t segment_bytes = finding.head.segment.bytes;
  // From the back to the front: while anything is left, the first sector of the tail still shows it.
  const std::uint64_t end = tail.missing > 0 ? segment_bytes : tail.end;
  const std::vector<std::byte> zeros(256u << 10);
  for (std::uint64_t left = end - tail.begin; left > 0;) {
    const std::uint64_t piece = std::min<std::uint64_t>(left, zeros.size());
    left -= piece;
    BLOTTER_TRY(write_fully(io, file.fd(), {zeros.data(), piece}, tail.begin + left, path));
  }
  if (io.fsync(file.fd()) != 0) return system_failure("cannot sync", path);
  recovery.torn_bytes_cut = tail.end - tail.begin + tail.missing;
  recovery.torn_where = path + " at " + std::to_string(tail.begin);
  return recovery;
}

}  // namespace blotter::journal
