// Snapshotter: writes a snapshot every so many events, so that the time of a restart stays bounded.
//
// A reader like the others: it folds the journal by itself (from the last snapshot on), so the accepting side never
// stops for it. The price is a second state in memory while it works.
// Threads    One thread of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "journal/journal.h"

namespace blotter {

class Snapshotter {
 public:
  // `last`: the newest snapshot there is. `journal` outlives the snapshotter.
  Snapshotter(const journal::Journal& journal, Seq last, std::uint64_t every);
  ~Snapshotter();

 private:
  void run();

  const journal::Journal& journal_;
  const std::uint64_t every_;
  std::uint64_t last_;
  std::mutex mutex_;  // for the condition only
  std::condition_variable stop_requested_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace blotter
