#include "journal/cursor.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "journal/book_file.h"
#include "journal/lock.h"

namespace blotter::journal {
namespace {

// A writer of another process may be in the middle of the frame we look at: before calling it corrupt, we look again.
constexpr int kSecondLooks = 20;
constexpr auto kBetweenLooks = std::chrono::milliseconds(2);

}  // namespace

Result<bool> Cursor::move_to(Seq seq) {
  if (holds(seq)) return true;
  if (follow_ != nullptr && seq > follow_->durable()) return false;
  if (!scan_ || scan_->expected().first > seq) {
    BLOTTER_TRY(place_before(seq));
  } else if (frame_ && seq != Seq{to_number(frame_->header.last()) + 1}) {
    BLOTTER_TRY(place_before(seq));
  }
  while (!holds(seq)) {
    BLOTTER_ASSIGN(const bool loaded, load());
    if (!loaded) return false;
  }
  return true;
}

Result<void> Cursor::enter(const Catalog::Segment& segment) {
  BLOTTER_ASSIGN(Window window, Window::open(segment.path, Window::Source::page_cache));
  frame_.reset();
  scan_.reset();
  window_.emplace(std::move(window));
  scan_.emplace(*window_, expected_at_start(segment.header, Epoch{~0ull}));
  number_ = segment.header.number;
  return {};
}

// Goes to the last place known to lie at or before `seq`.
Result<void> Cursor::place_before(Seq seq) {
  BLOTTER_ASSIGN(Catalog::Segment* const segment, catalog_->holding(seq));
  const bool same = scan_ && number_ == segment->header.number;
  const bool behind_us = same && scan_->expected().first <= seq;
  const auto after = std::upper_bound(segment->frames.begin(), segment->frames.end(), seq,
                                      [](Seq wanted, const auto& frame) { return wanted < frame.first; });
  if (after == segment->frames.begin()) {
    if (behind_us) return {};
    return enter(*segment);
  }
  const auto [first, offset] = *std::prev(after);
  if (behind_us && scan_->expected().first >= first) return {};
  if (!same) BLOTTER_TRY(enter(*segment));
  frame_.reset();
  BLOTTER_ASSIGN(const auto block, window_->get(offset, kBlock));
  const auto header = decode_frame_header(block);
  if (!header) return corrupt_at(segment->path, offset, "not a frame header");
  Expected expected = expected_at_start(segment->header, Epoch{~0ull});
  expected.first = first;
  // Whoever read the frames before has checked what this one continues.
  expected.previous = header->previous;
  scan_->move_to(offset, expected);
  return {};
}

// The next frame, in this segment or a later one; false when there is none yet.
Result<bool> Cursor::load() {
  while (true) {
    BLOTTER_ASSIGN(const bool found, scan_on());
    if (found) return true;
    BLOTTER_ASSIGN(Catalog::Segment* const next, catalog_->find(number_ + 1));
    if (next != nullptr) {
      BLOTTER_ASSIGN(const bool loaded, go_on_behind(*next));
      if (loaded) return true;
      continue;
    }
    return explain_end();
  }
}

Result<bool> Cursor::scan_on() {
  const std::uint64_t offset = scan_->offset();
  frame_.reset();
  BLOTTER_ASSIGN(frame_, scan_->next());
  if (!frame_) {
    window_->forget();
    return false;
  }
  BLOTTER_ASSIGN(Catalog::Segment* const segment, catalog_->find(number_));
  if (segment != nullptr) Catalog::remember(*segment, frame_->header.first, offset, scan_->offset());
  return true;
}

// A later segment exists, so this one is complete: a frame that was written since our last look, or a proved end.
Result<bool> Cursor::go_on_behind(Catalog::Segment& next) {
  const SegmentHeader header = next.header;
  const Catalog::Segment copy{header, next.path, {}, kSegmentHeaderBytes};
  window_->distrust(scan_->offset(), kBlock);
  BLOTTER_ASSIGN(const bool found, scan_on());
  if (found) return true;
  if (proved_ != number_) {
    BLOTTER_ASSIGN(const Tail tail, judge_tail(*window_, *scan_));
    if (tail.kind != Tail::Kind::clean) {
      const char* problem =
          tail.kind == Tail::Kind::torn ? "invalid frame in a complete segment" : tail.problem.c_str();
      return corrupt_at(window_->path(), tail.begin, problem);
    }
  }
  if (scan_->expected().first != header.first || scan_->expected().previous != header.previous) {
    return corrupt_at(window_->path(), scan_->offset(), "the next segment does not continue here");
  }
  BLOTTER_TRY(enter(copy));
  return false;
}

// No valid frame and no later segment: the end so far, or something that should not be there.
Result<bool> Cursor::explain_end() {
  for (int look = 0; look < kSecondLooks; ++look) {
    const bool must_be_there = follow_ != nullptr && scan_->expected().first <= follow_->durable();
    if (!must_be_there && scan_->stop() != Scan::Stop::invalid && proved_ == number_) return false;
    if (!must_be_there) {
      BLOTTER_ASSIGN(const Tail tail, judge_tail(*window_, *scan_));
      window_->forget();
      if (tail.kind == Tail::Kind::clean) proved_ = number_;
      if (tail.kind != Tail::Kind::corrupt) return false;
    }
    // The first second look costs nothing and decides most races; the others only make sense beside a writer.
    if (look > 0 && !writer_is_active(catalog_->directory())) break;
    if (look > 0) std::this_thread::sleep_for(kBetweenLooks);
    window_->distrust(scan_->offset(), 0);
    BLOTTER_ASSIGN(const bool found, scan_on());
    if (found) return true;
    BLOTTER_ASSIGN(Catalog::Segment* const next, catalog_->find(number_ + 1));
    if (next != nullptr) return load();
  }
  BLOTTER_ASSIGN(const Tail tail, judge_tail(*window_, *scan_));
  if (tail.kind == Tail::Kind::corrupt) return corrupt_at(window_->path(), tail.bad_offset, tail.problem);
  return corrupt_at(window_->path(), scan_->offset(), "a durable frame is missing");
}

}  // namespace blotter::journal
