#include "bench/statistics.h"

#include <algorithm>

namespace blotter::bench {

double Latencies::us_at(double share) {
  if (ns_.empty()) return 0;
  const auto last = static_cast<double>(ns_.size() - 1);
  const auto place = static_cast<std::ptrdiff_t>(last * share + 0.5);
  std::nth_element(ns_.begin(), ns_.begin() + place, ns_.end());
  return static_cast<double>(ns_[static_cast<std::size_t>(place)]) / 1'000.0;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Rounds::ratio() const {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(ours.size(), ceiling.size()); ++i) {
    if (ceiling[i] > 0) ratios.push_back(ours[i] / ceiling[i]);
  }
  return median(std::move(ratios));
}

BenchRow row_of(std::string name, std::string unit, const Rounds& rounds, std::string conditions) {
  BenchRow row;
  row.name = std::move(name);
  row.unit = std::move(unit);
  row.ours = median(rounds.ours);
  if (!rounds.ceiling.empty()) {
    row.ceiling = median(rounds.ceiling);
    row.ratio = rounds.ratio();
  }
  row.conditions = std::move(conditions);
  return row;
}

void add_percentiles(BenchRow& row, Latencies& latencies) {
  if (latencies.empty()) return;
  row.p50 = latencies.us_at(0.5);
  row.p99 = latencies.us_at(0.99);
  row.p99_9 = latencies.us_at(0.999);
}

std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, ",");
  return text;
}

}  // namespace blotter::bench
