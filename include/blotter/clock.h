// Clock: where instants come from. The core reads no clock; whoever composes the program passes one in.
#pragma once

#include "blotter/time.h"

namespace blotter {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, UTC. May step; nothing orders by it.
  virtual Timestamp now() = 0;
};

// CLOCK_REALTIME. Thread-safe.
Clock& system_clock();

}  // namespace blotter
