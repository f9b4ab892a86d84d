#include "blotter/clock.h"

#include <ctime>

namespace blotter {
namespace {

class SystemClock final : public Clock {
 public:
  Timestamp now() override {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return {.ns = std::int64_t{now.tv_sec} * kNsPerSecond + now.tv_nsec};
  }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace blotter
