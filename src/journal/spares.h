// Spares: zero-filled segment files made ahead by a thread of their own, so that a roll only renames one.
//
// A spare is `spare-N.tmp`: full size, all zero, fsynced. While it is being filled it is `filling.tmp`. Spares that an
// earlier writer left are used again once they are proved to be whole and zero.
//
// Failure    When a spare cannot be made (disk full, mostly), starved() turns true and the thread tries again from
//            time to time; it turns false once all spares are there again.
// Threads    The maker thread and any number of callers; guarded by the mutex and the listener given to it: it belongs
// to
//            the writer, whose admission of records depends on the count.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "blotter/result.h"
#include "journal/io.h"

namespace blotter::journal {

class Spares {
 public:
  struct Settings {
    std::string directory;
    std::uint64_t segment_bytes = 0;
    int target = 2;
    std::chrono::milliseconds retry{1000};
  };

  // `changed` is called by the maker thread, without a lock, whenever count() or starved() has changed.
  Spares(Io& io, Settings settings, std::function<void()> changed);
  ~Spares();
  Spares(const Spares&) = delete;
  Spares& operator=(const Spares&) = delete;

  int count() const { return count_.load(std::memory_order_acquire); }
  bool starved() const { return starved_.load(std::memory_order_acquire); }
  std::string why_starved() const;
  // The path of a spare, which is the caller's from now on; nothing when there is none.
  std::optional<std::string> take();

 private:
  void run();
  Result<std::string> make();
  Result<std::string> fill(const std::string& path);
  std::optional<std::string> adopt();
  bool stopping() const;

  Io& io_;
  const Settings settings_;
  const std::function<void()> changed_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::deque<std::string> ready_;
  std::deque<std::string> leftovers_;
  std::uint64_t next_name_ = 1;
  std::string why_;
  std::atomic<int> count_{0};
  std::atomic<bool> starved_{false};
  std::thread maker_;
};

}  // namespace blotter::journal
