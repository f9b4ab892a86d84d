#include "journal/reader.h"

#include <deque>

#include "journal/cursor.h"
#include "journal/frame.h"

namespace blotter::journal {
namespace {

constexpr std::size_t kCacheBytes = 8u << 20;

// A frame kept for at(), with the places of its records.
struct CachedFrame {
  FrameHeader header;
  std::vector<std::byte> payload;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> records;  // offset, length

  explicit CachedFrame(const Frame& frame) : header(frame.header), payload(frame.payload.begin(), frame.payload.end()) {
    records.reserve(header.records);
    RecordWalk walk(payload);
    while (const auto record = walk.next()) {
      records.emplace_back(static_cast<std::uint32_t>(record->data() - payload.data()),
                           static_cast<std::uint32_t>(record->size()));
    }
  }
  bool holds(Seq seq) const { return header.first <= seq && seq <= header.last(); }
  Record record(Seq seq) const {
    const auto [offset, length] = records[to_number(seq) - to_number(header.first)];
    return {seq, header.epoch, std::span<const std::byte>(payload).subspan(offset, length)};
  }
};

class FileReader final : public Reader {
 public:
  FileReader(const std::string& directory, const std::string& book_id, const Journal* follow)
      : catalog_(directory, book_id), sequential_(catalog_, follow), random_(catalog_, follow) {}

  Result<void> start() {
    BLOTTER_TRY(catalog_.refresh());
    BLOTTER_ASSIGN(const Catalog::Segment* const first, catalog_.find(catalog_.first_number()));
    if (first == nullptr) return fail(Errc::corrupt, "the first segment was never begun");
    next_ = first->header.first;
    return {};
  }

  Result<std::optional<Record>> next() override {
    if (!walking_ || !sequential_.holds(next_)) {
      walking_ = false;
      BLOTTER_ASSIGN(const bool there, sequential_.move_to(next_));
      if (!there) return std::optional<Record>();
      const Frame& frame = sequential_.current();
      walk_ = RecordWalk(frame.payload);
      for (Seq skipped = frame.header.first; skipped < next_; skipped = blotter::next(skipped)) walk_.next();
      walking_ = true;
    }
    const auto bytes = walk_.next();
    BLOTTER_ASSERT(bytes.has_value());
    const Record record{next_, sequential_.current().header.epoch, *bytes};
    next_ = blotter::next(next_);
    return std::optional<Record>(record);
  }

  Result<void> seek(Seq seq) override {
    if (seq == Seq{0}) return fail(Errc::invalid, "events are counted from 1");
    if (seq == next_) return {};
    BLOTTER_TRY(catalog_.holding(seq));
    walking_ = false;
    next_ = seq;
    return {};
  }

  Result<Record> at(Seq seq) override {
    if (seq == Seq{0}) return fail(Errc::not_found, "events are counted from 1");
    for (auto frame = cache_.begin(); frame != cache_.end(); ++frame) {
      if (!frame->holds(seq)) continue;
      if (frame != cache_.begin()) {
        CachedFrame used = std::move(*frame);
        cache_.erase(frame);
        cache_.push_front(std::move(used));
      }
      return cache_.front().record(seq);
    }
    BLOTTER_ASSIGN(const bool there, random_.move_to(seq));
    if (!there) return fail(Errc::not_found, "no event " + std::to_string(to_number(seq)) + " yet");
    cache_.emplace_front(random_.current());
    cached_bytes_ += cache_.front().payload.size();
    while (cached_bytes_ > kCacheBytes && cache_.size() > 1) {
      cached_bytes_ -= cache_.back().payload.size();
      cache_.pop_back();
    }
    return cache_.front().record(seq);
  }

 private:
  Catalog catalog_;
  Cursor sequential_;
  Cursor random_;  // at() has its own, so that it does not disturb next()
  RecordWalk walk_;
  bool walking_ = false;  // walk_ stands at next_ in the frame of sequential_
  Seq next_{1};
  std::deque<CachedFrame> cache_;  // most recently used first
  std::size_t cached_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<Reader>> open_reader(const std::string& directory, const Journal* follow) {
  BLOTTER_ASSIGN(const BookFile book, read_book_file(directory));
  auto reader = std::make_unique<FileReader>(directory, book.book_id, follow);
  BLOTTER_TRY(reader->start());
  return std::unique_ptr<Reader>(std::move(reader));
}

}  // namespace blotter::journal
