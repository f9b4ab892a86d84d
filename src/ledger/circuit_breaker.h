// CircuitBreaker: keeps a server that fails again and again from costing anything.
//
//   closed ──(failures_max in a row, or trip)──► open ──(cool-down over: one trial)──► half_open
//      ▲                                          ▲                                        │
//      └─────────────── succeeded ────────────────┼──────────────── failed ◄───────────────┘
//
// Each time the trial fails the next cool-down is up to twice as long, up to a maximum; success forgets it all.
// Which failures count, what a trial is and how long retries wait while it is closed is the caller's business (ADR
// 0011).
//
// Unit       Milliseconds of any clock that does not go back; the breaker reads none.
// Threads    One caller at a time.
#pragma once

#include <cstdint>

#include "ledger/backoff.h"

namespace blotter {

enum class BreakerState : std::uint8_t {
  closed,     // attempts are made
  open,       // no attempt is made before the cool-down is over
  half_open,  // the one trial is under way; nothing else is attempted
};
const char* name_of(BreakerState state);

class CircuitBreaker {
 public:
  struct Options {
    int failures_max = 5;  // in a row, from 1
    std::int64_t cool_down_ms_min = 1'000;
    std::int64_t cool_down_ms_max = 30'000;
  };

  CircuitBreaker(Options options, std::uint64_t seed);

  BreakerState state() const { return state_; }
  // Failures since the last success.
  int failures() const { return failures_; }

  // Whether an attempt may be made now; the caller then makes it and reports how it ended. Grants one trial when the
  // cool-down is over.
  bool may_attempt(std::int64_t now_ms);
  // How long until may_attempt() can say yes; 0 when it does now. While the trial is under way: 0, ask its outcome.
  std::int64_t wait_ms(std::int64_t now_ms) const;

  void succeeded();
  void failed(std::int64_t now_ms);
  // As failed(), for a failure that soon trying again cannot mend: opens at once.
  void trip(std::int64_t now_ms);

 private:
  void open(std::int64_t now_ms);

  const int failures_max_;
  Backoff cool_down_;
  BreakerState state_ = BreakerState::closed;
  int failures_ = 0;
  std::int64_t open_until_ms_ = 0;
};

}  // namespace blotter
