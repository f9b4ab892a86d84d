// The seed of a random test: new for every run, printed, and given back through BLOTTER_TEST_SEED to see a failure
// again.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace blotter {

inline std::uint64_t test_seed() {
  const char* const given = std::getenv("BLOTTER_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "BLOTTER_TEST_SEED=" << seed << '\n';
  return seed;
}

}  // namespace blotter
