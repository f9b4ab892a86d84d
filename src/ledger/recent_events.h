// RecentEvents: the records appended last, so that a late fact about something recent (a fee, a bust, a correction) is
// decided without reading back what was written a moment ago.
//
// Memory     kKept records; about 6 MiB.
// Threads    One caller at a time.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "blotter/ids.h"

namespace blotter {

class RecentEvents {
 public:
  static constexpr std::size_t kKept = 32'768;

  void add(Seq seq, std::span<const std::byte> record) {
    if (slots_.empty()) slots_.resize(kKept);
    Slot& slot = slots_[to_number(seq) % kKept];
    slot.seq = seq;
    slot.record.assign(record.begin(), record.end());
  }

  // The record, or nothing when it is not among the recent ones. Valid until the next add().
  std::span<const std::byte> find(Seq seq) const {
    if (slots_.empty()) return {};
    const Slot& slot = slots_[to_number(seq) % kKept];
    return slot.seq == seq ? std::span<const std::byte>(slot.record) : std::span<const std::byte>{};
  }

 private:
  struct Slot {
    Seq seq{0};
    std::vector<std::byte> record;
  };
  std::vector<Slot> slots_;
};

}  // namespace blotter
