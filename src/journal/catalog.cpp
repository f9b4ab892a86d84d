#include "journal/catalog.h"

#include <unistd.h>

namespace blotter::journal {
namespace {

// At 4096 bytes a frame an index of a default segment takes 256 KiB.
constexpr std::size_t kKnownMax = 32;

}  // namespace

Result<void> Catalog::refresh() {
  BLOTTER_ASSIGN(const auto segments, list_segments(directory_));
  if (segments.empty()) return fail(Errc::corrupt, directory_ + ": no segment");
  first_number_ = segments.front().number;
  last_number_ = segments.back().number;
  known_.erase(known_.begin(), known_.lower_bound(first_number_));
  return {};
}

Result<Catalog::Segment*> Catalog::find(std::uint64_t number) {
  if (const auto at = known_.find(number); at != known_.end()) return &at->second;
  const std::string path = segment_path(directory_, number);
  if (::access(path.c_str(), F_OK) != 0) return static_cast<Segment*>(nullptr);
  BLOTTER_ASSIGN(auto header, read_segment_header({number, path}, book_id_));
  if (!header) return static_cast<Segment*>(nullptr);
  if (known_.size() >= kKnownMax) known_.clear();
  const auto [at, added] = known_.emplace(number, Segment{std::move(*header), path, {}, kSegmentHeaderBytes});
  return &at->second;
}

Result<Catalog::Segment*> Catalog::holding(Seq seq) {
  BLOTTER_TRY(refresh());
  std::uint64_t low = first_number_;
  std::uint64_t high = last_number_;
  while (low < high) {
    const std::uint64_t middle = high - (high - low) / 2;
    BLOTTER_ASSIGN(const Segment* const segment, find(middle));
    if (segment != nullptr && segment->header.first <= seq) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  BLOTTER_ASSIGN(Segment* const segment, find(low));
  if (segment == nullptr) return fail(Errc::not_found, segment_path(directory_, low) + " is gone");
  if (segment->header.first > seq) {
    return fail(Errc::not_found, "event " + std::to_string(to_number(seq)) + " was retired; the first is " +
                                     std::to_string(to_number(segment->header.first)));
  }
  return segment;
}

void Catalog::remember(Segment& segment, Seq first, std::uint64_t offset, std::uint64_t next_offset) {
  if (offset != segment.indexed_to) return;
  segment.frames.emplace_back(first, offset);
  segment.indexed_to = next_offset;
}

}  // namespace blotter::journal
