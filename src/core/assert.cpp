#include "blotter/assert.h"

// The only place of the core that writes anywhere: a process that is about to abort has no caller left to tell, so
// the last words go to standard error directly.
#include <cstdio>
#include <cstdlib>

namespace blotter {

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: this must hold and does not: %s\n", file, line, expression);
  std::fflush(stderr);
  std::abort();
}

}  // namespace blotter
