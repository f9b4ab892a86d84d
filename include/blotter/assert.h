// BLOTTER_ASSERT: states an invariant of our own code; on in every build.
//
// A false one is a bug of ours, never bad input: the process says where and aborts, and recovery takes over from the
// last durable event.
#pragma once

namespace blotter {

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace blotter

#define BLOTTER_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::blotter::assertion_failed(#expression, __FILE__, __LINE__))
