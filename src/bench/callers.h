// Callers: threads that do the same thing over and over until the time is up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "bench/statistics.h"
#include "blotter/result.h"

namespace blotter::bench {

// One call by the given caller (0, 1, …). Durable when it returns.
using Call = std::function<Result<void>(std::size_t caller)>;

struct CallersResult {
  std::uint64_t calls = 0;
  double seconds = 0;
  Latencies latencies;
  double rate() const { return seconds > 0 ? static_cast<double>(calls) / seconds : 0; }
};

// Starts `callers` threads, lets them call for `seconds`, and waits for them. The first error of any of them.
Result<CallersResult> run_callers(std::size_t callers, double seconds, const Call& call);

// One call, timed. `latencies` gets its duration.
Result<void> timed(Latencies& latencies, const std::function<Result<void>()>& call);

}  // namespace blotter::bench
