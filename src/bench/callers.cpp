#include "bench/callers.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace blotter::bench {
namespace {

std::uint32_t ns_since(SteadyClock::time_point start) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(SteadyClock::now() - start).count());
}

}  // namespace

Result<void> timed(Latencies& latencies, const std::function<Result<void>()>& call) {
  const SteadyClock::time_point start = SteadyClock::now();
  BLOTTER_TRY(call());
  latencies.add(ns_since(start));
  return {};
}

Result<CallersResult> run_callers(std::size_t callers, double seconds, const Call& call) {
  std::atomic<bool> go{false};
  std::atomic<bool> stop{false};
  std::mutex mutex;  // guards what the threads leave behind when they end
  CallersResult total;
  std::optional<Error> trouble;
  std::vector<std::thread> threads;
  for (std::size_t caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, caller] {
      go.wait(false);
      Latencies latencies;
      std::optional<Error> mine;
      while (!mine && !stop.load(std::memory_order_relaxed)) {
        const SteadyClock::time_point start = SteadyClock::now();
        if (const Result<void> done = call(caller); !done) mine = done.error();
        latencies.add(ns_since(start));
      }
      const std::scoped_lock lock(mutex);
      total.calls += latencies.size();
      total.latencies.add_all(latencies);
      if (mine && !trouble) trouble = std::move(mine);
    });
  }
  const SteadyClock::time_point start = SteadyClock::now();
  go.store(true);
  go.notify_all();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop.store(true);
  for (std::thread& thread : threads) thread.join();
  total.seconds = seconds_since(start);
  if (trouble) return fail(*trouble);
  return total;
}

}  // namespace blotter::bench
