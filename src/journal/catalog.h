// Catalog: which segments there are and where their frames lie, as far as somebody has looked.
//
// Threads    One caller at a time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "journal/segment.h"

namespace blotter::journal {

class Catalog {
 public:
  struct Segment {
    SegmentHeader header;
    std::string path;
    // First seq and offset of the frames up to `indexed_to`, in order.
    std::vector<std::pair<Seq, std::uint64_t>> frames;
    std::uint64_t indexed_to = kSegmentHeaderBytes;
  };

  Catalog(std::string directory, std::string book_id)
      : directory_(std::move(directory)), book_id_(std::move(book_id)) {}

  // Looks at the directory again. Errc: not_found, corrupt.
  Result<void> refresh();
  std::uint64_t first_number() const { return first_number_; }
  const std::string& directory() const { return directory_; }

  // The segment, or nothing when it does not exist or was not begun yet. The pointer lives until the next call.
  // Errc: corrupt, unavailable.
  Result<Segment*> find(std::uint64_t number);

  // The segment in which `seq` is or will be. Errc: not_found (retired), corrupt, unavailable.
  Result<Segment*> holding(Seq seq);

  // Remembers a frame, when everything before it in its segment is remembered.
  static void remember(Segment& segment, Seq first, std::uint64_t offset, std::uint64_t next_offset);

 private:
  const std::string directory_;
  const std::string book_id_;
  std::uint64_t first_number_ = 0;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, Segment> known_;
};

}  // namespace blotter::journal
