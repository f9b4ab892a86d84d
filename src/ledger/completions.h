// Completions: calls back when events are durable.
//
// Bounded: a full queue makes post() wait, so that a caller cannot run away from the device. Only a callback that posts
// itself never waits.
// Threads    post() from any thread; callbacks come from one thread of its own, in order of posting.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "blotter/ledger.h"
#include "journal/journal.h"

namespace blotter {

class Completions {
 public:
  static constexpr std::size_t kPostedMax = 65'536;

  explicit Completions(journal::Journal& journal);
  ~Completions();  // calls back everything that was posted, then ends

  void post(Receipt receipt, Ledger::Callback callback);

 private:
  struct Posted {
    Receipt receipt;
    Ledger::Callback callback;
  };
  void run();

  journal::Journal& journal_;
  std::mutex mutex_;  // guards posted_ and stopping_
  std::condition_variable changed_;
  std::deque<Posted> posted_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace blotter
