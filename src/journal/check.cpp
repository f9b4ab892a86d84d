// check_journal(): reads every byte of every file and proves it.
#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "journal/book_file.h"
#include "journal/lock.h"
#include "journal/reader.h"
#include "journal/scan.h"
#include "journal/segment.h"
#include "journal/snapshot_file.h"

namespace blotter::journal {
namespace {

// A writer may be in the middle of what we look at: before calling it corrupt, we look again.
constexpr int kSecondLooks = 5;
constexpr auto kBetweenLooks = std::chrono::milliseconds(5);

class Checker {
 public:
  explicit Checker(const std::string& directory) : directory_(directory) {}

  Result<Check> run() {
    BLOTTER_ASSIGN(const BookFile book, read_book_file(directory_));
    BLOTTER_ASSIGN(const auto segments, list_segments(directory_));
    if (segments.empty()) return fail(Errc::corrupt, directory_ + ": no segment");
    for (std::size_t i = 0; i < segments.size(); ++i) {
      BLOTTER_TRY(check_segment(book, segments[i], i + 1 == segments.size()));
    }
    BLOTTER_TRY(check_epochs());
    BLOTTER_TRY(check_snapshots(book));
    BLOTTER_TRY(check_spares());
    return check_;
  }

 private:
  Result<void> check_segment(const BookFile& book, const SegmentFile& file, bool is_last) {
    BLOTTER_ASSIGN(const auto header, read_segment_header(file, book.book_id));
    if (!header) {
      // A crash while a roll was under way; only the last can be like that.
      if (is_last && file.number > 1) return {};
      return corrupt_at(file.path, 0, "segment header is missing");
    }
    BLOTTER_TRY(check_header(book, file, *header));
    BLOTTER_ASSIGN(Window window, Window::open(file.path, Window::Source::device));
    // Epochs are compared with the book file at the end: a writer may have begun a new one meanwhile.
    Scan scan(window, expected_at_start(*header, Epoch{~0ull}));
    BLOTTER_ASSIGN(const Tail tail, walk(window, scan));
    if (tail.kind == Tail::Kind::torn) {
      if (!is_last) return corrupt_at(file.path, tail.begin, "invalid frame, though a later segment was begun");
      check_.torn_bytes = tail.end - tail.begin + tail.missing;
      check_.torn_where = file.path + " at " + std::to_string(tail.begin);
    }
    ++check_.segments;
    check_.bytes += header->bytes;
    next_ = scan.expected();
    last_path_ = file.path;
    last_offset_ = scan.offset();
    return {};
  }

  Result<void> check_header(const BookFile& book, const SegmentFile& file, const SegmentHeader& header) {
    if (!next_) {
      check_.first = header.first;
      if (header.number == 1 && (header.first != Seq{1} || header.previous != hash_of_book(book.book_id))) {
        return corrupt_at(file.path, 0, "the first segment does not begin at the beginning");
      }
      check_.last = Seq{to_number(header.first) - 1};
      epoch_ = header.epoch;
      return {};
    }
    if (header.first != next_->first || header.previous != next_->previous) {
      return corrupt_at(last_path_, last_offset_, "the next segment does not continue here");
    }
    if (header.epoch < next_->epoch_min) return corrupt_at(file.path, 0, "epoch went back");
    epoch_ = header.epoch;
    return {};
  }

  // Walks to the end of the valid frames and judges the rest.
  Result<Tail> walk(Window& window, Scan& scan) {
    Tail tail;
    for (int look = 0; look < kSecondLooks; ++look) {
      if (look > 0 && !writer_is_active(directory_)) break;
      if (look > 0) std::this_thread::sleep_for(kBetweenLooks);
      window.distrust(scan.offset(), 0);
      while (true) {
        BLOTTER_ASSIGN(const auto frame, scan.next());
        if (!frame) break;
        ++check_.frames;
        check_.records += frame->header.records;
        check_.last = frame->header.last();
        epoch_ = frame->header.epoch;
      }
      BLOTTER_ASSIGN(tail, judge_tail(window, scan));
      if (tail.kind == Tail::Kind::clean) return tail;
    }
    if (tail.kind == Tail::Kind::corrupt) return corrupt_at(window.path(), tail.bad_offset, tail.problem);
    return tail;
  }

  Result<void> check_epochs() {
    BLOTTER_ASSIGN(const BookFile book, read_book_file(directory_));
    if (epoch_ <= book.epoch) return {};
    return corrupt_at(directory_ + "/" + kBookFileName, 0, "the journal holds a later epoch than its book file");
  }

  Result<void> check_snapshots(const BookFile& book) {
    for (const SnapshotFile& file : list_snapshots(directory_)) {
      const auto snapshot = read_snapshot(file, hash_of_book(book.book_id));
      // A writer may have pruned it meanwhile.
      if (!snapshot && snapshot.error().code != Errc::not_found) return fail(snapshot.error());
    }
    return {};
  }

  // A spare that is not zero would put old bytes behind new frames.
  Result<void> check_spares() {
    std::error_code code;
    std::filesystem::directory_iterator entries(directory_, code);
    for (; !code && entries != std::filesystem::directory_iterator(); entries.increment(code)) {
      const std::string path = entries->path().string();
      if (!entries->path().filename().string().starts_with("spare-")) continue;
      BLOTTER_TRY(check_spare(path));
    }
    return {};
  }

  Result<void> check_spare(const std::string& path) {
    auto window = Window::open(path, Window::Source::device);
    if (!window) return window.error().code == Errc::not_found ? Result<void>() : fail(window.error());
    BLOTTER_ASSIGN(const std::uint64_t size, window->file_bytes());
    for (std::uint64_t offset = 0; offset < size; offset += kBlock) {
      BLOTTER_ASSIGN(const auto block, window->get(offset, kBlock));
      if (all_zero(block)) continue;
      // A roll writes the header first and renames then, and it may have died, or be at work, in between.
      if (offset == 0 && decode_segment_header(block, path).has_value()) continue;
      if (!std::filesystem::exists(path)) return {};
      return corrupt_at(path, offset, "a spare segment is not zero");
    }
    return {};
  }

  const std::string directory_;
  Check check_;
  std::optional<Expected> next_;  // what the next segment must continue
  Epoch epoch_{0};
  std::string last_path_;
  std::uint64_t last_offset_ = 0;
};

}  // namespace

Result<Check> check_journal(const std::string& directory) { return Checker(directory).run(); }

}  // namespace blotter::journal
