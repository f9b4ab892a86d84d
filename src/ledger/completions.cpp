#include "ledger/completions.h"

namespace blotter {

Completions::Completions(journal::Journal& journal) : journal_(journal), thread_([this] { run(); }) {}

Completions::~Completions() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Completions::post(Receipt receipt, Ledger::Callback callback) {
  std::unique_lock lock(mutex_);
  // A callback that posts cannot wait for the thread it runs on.
  const bool may_wait = std::this_thread::get_id() != thread_.get_id();
  if (may_wait) changed_.wait(lock, [this] { return posted_.size() < kPostedMax; });
  posted_.push_back({.receipt = std::move(receipt), .callback = std::move(callback)});
  changed_.notify_all();
}

void Completions::run() {
  while (true) {
    std::deque<Posted> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !posted_.empty(); });
      if (posted_.empty()) return;
      batch.swap(posted_);
      changed_.notify_all();
    }
    for (Posted& posted : batch) {
      const Result<void> durable = journal_.wait_durable(posted.receipt.seq);
      if (durable) {
        posted.callback(std::move(posted.receipt));
      } else {
        posted.callback(fail(durable.error()));
      }
    }
  }
}

}  // namespace blotter
