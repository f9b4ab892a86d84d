#include "ledger/circuit_breaker.h"

#include <algorithm>
#include <limits>

#include "blotter/assert.h"

namespace blotter {

const char* name_of(BreakerState state) {
  switch (state) {
    case BreakerState::closed:
      return "closed";
    case BreakerState::open:
      return "open";
    case BreakerState::half_open:
      return "half_open";
  }
  return "";
}

// A cool-down is at least half as long as it may be: it has to be a rest.
CircuitBreaker::CircuitBreaker(Options options, std::uint64_t seed)
    : failures_max_(options.failures_max),
      cool_down_({.ms_min = options.cool_down_ms_min, .ms_max = options.cool_down_ms_max, .floor_percent = 50}, seed) {
  BLOTTER_ASSERT(failures_max_ >= 1);
}

bool CircuitBreaker::may_attempt(std::int64_t now_ms) {
  if (state_ == BreakerState::half_open) return false;
  if (state_ == BreakerState::open) {
    if (now_ms < open_until_ms_) return false;
    state_ = BreakerState::half_open;
  }
  return true;
}

std::int64_t CircuitBreaker::wait_ms(std::int64_t now_ms) const {
  return state_ == BreakerState::open ? std::max<std::int64_t>(open_until_ms_ - now_ms, 0) : 0;
}

void CircuitBreaker::succeeded() {
  state_ = BreakerState::closed;
  failures_ = 0;
  cool_down_.reset();
}

void CircuitBreaker::failed(std::int64_t now_ms) {
  if (failures_ < std::numeric_limits<int>::max()) ++failures_;
  if (state_ == BreakerState::half_open || failures_ >= failures_max_) open(now_ms);
}

void CircuitBreaker::trip(std::int64_t now_ms) {
  if (failures_ < std::numeric_limits<int>::max()) ++failures_;
  open(now_ms);
}

void CircuitBreaker::open(std::int64_t now_ms) {
  state_ = BreakerState::open;
  open_until_ms_ = now_ms + cool_down_.next();
}

}  // namespace blotter
