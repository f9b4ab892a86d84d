// What the measures count with. Durations are in nanoseconds until a row is made.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"

namespace blotter::bench {

using SteadyClock = std::chrono::steady_clock;

inline double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// The durations of single calls.
class Latencies {
 public:
  void reserve(std::size_t count) { ns_.reserve(count); }
  void add(std::uint32_t ns) { ns_.push_back(ns); }
  void add_all(const Latencies& other) { ns_.insert(ns_.end(), other.ns_.begin(), other.ns_.end()); }
  bool empty() const { return ns_.empty(); }
  std::size_t size() const { return ns_.size(); }
  // share 0.5: the median. 0 when there are none. Reorders the samples.
  double us_at(double share);

 private:
  std::vector<std::uint32_t> ns_;
};

// 0 of none.
double median(std::vector<double> values);

// The two sides of one comparison, round by round.
struct Rounds {
  std::vector<double> ours;
  std::vector<double> ceiling;
  // The median of the rounds' own ratios: what drifts from round to round drops out.
  double ratio() const;
};

BenchRow row_of(std::string name, std::string unit, const Rounds& rounds, std::string conditions);
void add_percentiles(BenchRow& row, Latencies& latencies);

// 1,234,567
std::string with_commas(std::uint64_t number);

}  // namespace blotter::bench
