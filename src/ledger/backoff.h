// Backoff: how long to wait before trying again, longer after each failure and never the same for two who failed
// together.
//
// Unit       Milliseconds. Chance comes from a seeded generator: the same seed gives the same waits.
// Threads    One caller at a time.
#pragma once

#include <cstdint>
#include <random>

namespace blotter {

class Backoff {
 public:
  struct Options {
    std::int64_t ms_min = 50;     // the longest first wait; each further one may be twice as long
    std::int64_t ms_max = 5'000;  // the longest of all
    // The shortest wait in percent of the longest: 0 spreads retries best, 50 promises a rest.
    int floor_percent = 0;
  };

  // 1 <= ms_min <= ms_max, 0 <= floor_percent <= 100.
  Backoff(Options options, std::uint64_t seed);

  // The wait before the next attempt.
  std::int64_t next();
  // The next wait is a first one again.
  void reset() { ceiling_ms_ = options_.ms_min; }

 private:
  Options options_;
  std::int64_t ceiling_ms_;
  std::mt19937_64 random_;
};

}  // namespace blotter
