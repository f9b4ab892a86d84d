// Event words: sleep until somebody has counted the word up. Linux futexes, private to the process.
//
// A condition variable would make every woken waiter take the mutex again; these let a whole group return without it.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>
#include <ctime>

namespace blotter::journal {

using EventWord = std::atomic<std::uint32_t>;
static_assert(sizeof(EventWord) == sizeof(std::uint32_t) && EventWord::is_always_lock_free);

// Returns when the word is not `seen` any more, when woken, on a signal, or after timeout_ms (< 0: never). The caller
// looks again at what it waits for.
inline void sleep_while(const EventWord& word, std::uint32_t seen, int timeout_ms = -1) {
  timespec timeout{timeout_ms / 1000, (timeout_ms % 1000) * 1'000'000L};
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, seen, timeout_ms < 0 ? nullptr : &timeout, nullptr, 0);
}

inline void wake(const EventWord& word, int sleepers = INT_MAX) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, sleepers, nullptr, nullptr, 0);
}

}  // namespace blotter::journal
