#include "ledger/batcher.h"

#include <algorithm>
#include <chrono>

#include "core/codec.h"
#include "ledger/cursor_proof.h"

namespace blotter {
namespace {

// How long it takes at most until it notices that it is to end.
constexpr int kIdleMs = 50;

}  // namespace

Batcher::Batcher(const journal::Journal& journal, std::unique_ptr<journal::Reader> reader, const std::string& book_id,
                 Book book, std::uint64_t events_max)
    : journal_(journal),
      reader_(std::move(reader)),
      projection_(book_id, std::move(book)),
      limit_(events_max),
      thread_([this] { run(); }) {}

Batcher::~Batcher() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_.store(true, std::memory_order_release);
  }
  changed_.notify_all();
  thread_.join();
}

Result<bool> Batcher::next(Batch& batch, int timeout_ms) {
  std::unique_lock lock(mutex_);
  wanted_ = true;
  changed_.notify_all();
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return ready_ || error_; });
  wanted_ = false;
  // What was made before the journal failed is as good as ever.
  if (!ready_) return error_ ? Result<bool>(fail(*error_)) : Result<bool>(false);
  std::swap(batch, slot_);
  ready_ = false;
  changed_.notify_all();
  return true;
}

void Batcher::run() {
  const Result<void> made = make_batches();
  if (made) return;
  const std::scoped_lock lock(mutex_);
  error_ = made.error();
  changed_.notify_all();
}

Result<void> Batcher::make_batches() {
  std::uint64_t events_max = kEventsMin;
  while (!stopping_.load(std::memory_order_acquire)) {
    BLOTTER_ASSIGN(const bool full, fold(events_max));
    if (folded_ == 0) {
      events_max = kEventsMin;
      limit_ = kEventsMax;
      wait_for_events();
      continue;
    }
    if (full) {
      events_max = std::min(events_max * 2, limit_);
    } else {
      // The journal's end. A small batch that waited for the store would only make a second small one wait behind it:
      // what becomes durable until the store is ready goes with this one.
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return (wanted_ && !ready_) || stopping_.load(std::memory_order_acquire); });
      lock.unlock();
      BLOTTER_TRY(fold(events_max));
    }
    hand_over();
  }
  return {};
}

Result<bool> Batcher::fold(std::uint64_t events_max) {
  Event event;
  for (; folded_ < events_max && bytes_ < kBytesMax; ++folded_) {
    BLOTTER_ASSIGN(const std::optional<journal::Record> record, reader_->next());
    if (!record) return false;
    BLOTTER_TRY(decode(record->bytes, event));
    projection_.add(event, record->seq);
    last_hash_ = hash_of(*record);
    bytes_ += record->bytes.size();
  }
  return true;
}

void Batcher::hand_over() {
  projection_.take(journal_.epoch(), made_);
  made_.last_hash = last_hash_;
  folded_ = 0;
  bytes_ = 0;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !ready_ || stopping_.load(std::memory_order_acquire); });
  if (ready_) return;
  std::swap(made_, slot_);
  ready_ = true;
  changed_.notify_all();
}

void Batcher::wait_for_events() {
  if (!journal_.poisoned()) {
    static_cast<void>(journal_.wait_beyond(projection_.book().seq(), kIdleMs));
    return;
  }
  // Nothing will follow, and a poisoned journal lets nobody wait.
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopping_.load(std::memory_order_acquire); });
}

}  // namespace blotter
