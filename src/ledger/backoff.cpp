#include "ledger/backoff.h"

#include <algorithm>

#include "blotter/assert.h"

namespace blotter {

Backoff::Backoff(Options options, std::uint64_t seed) : options_(options), ceiling_ms_(options.ms_min), random_(seed) {
  BLOTTER_ASSERT(1 <= options.ms_min && options.ms_min <= options.ms_max);
  BLOTTER_ASSERT(0 <= options.floor_percent && options.floor_percent <= 100);
}

std::int64_t Backoff::next() {
  const std::int64_t longest = ceiling_ms_;
  // Compared before it is doubled: the maximum may be as large as it likes.
  ceiling_ms_ = ceiling_ms_ > options_.ms_max / 2 ? options_.ms_max : ceiling_ms_ * 2;
  const std::int64_t shortest = longest / 100 * options_.floor_percent + longest % 100 * options_.floor_percent / 100;
  return std::uniform_int_distribution<std::int64_t>(shortest, longest)(random_);
}

}  // namespace blotter
