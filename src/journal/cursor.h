// Cursor: a place in the journal that moves from frame to frame, across segments, beside a writer that goes on.
//
// Threads    One caller at a time.
#pragma once

#include <optional>
#include <string>

#include "journal/catalog.h"
#include "journal/journal.h"
#include "journal/scan.h"

namespace blotter::journal {

class Cursor {
 public:
  // Both outlive the cursor; `follow` may be null.
  Cursor(Catalog& catalog, const Journal* follow) : catalog_(&catalog), follow_(follow) {}

  // Makes current() the frame that holds `seq`; false when it is not there yet. Errc: not_found (retired), corrupt,
  // unavailable.
  Result<bool> move_to(Seq seq);

  // The frame of the last successful move_to(). Valid until the next one.
  const Frame& current() const { return *frame_; }
  bool holds(Seq seq) const { return frame_ && frame_->header.first <= seq && seq <= frame_->header.last(); }

 private:
  Result<void> enter(const Catalog::Segment& segment);
  Result<void> place_before(Seq seq);
  Result<bool> load();
  Result<bool> scan_on();
  Result<bool> go_on_behind(Catalog::Segment& next);
  Result<bool> explain_end();

  Catalog* catalog_;
  const Journal* follow_;
  std::optional<Window> window_;
  std::optional<Scan> scan_;
  std::uint64_t number_ = 0;  // of the segment the window is open on
  // The last segment whose rest was found zero behind its frames: looked at once, since the writer only appends.
  std::uint64_t proved_ = 0;
  std::optional<Frame> frame_;
};

}  // namespace blotter::journal
