// Batcher: the first half of landing: durable events in, batches out.
//
// A thread of its own reads, decodes and folds the journal, so that the next batch is made while the store applies the
// one before. Whatever is made lies in memory only: when the store's cursor turns out to be elsewhere, the batcher is
// thrown away, and a new one starts from there.
// Batches    As small as one event without a backlog: then the batch grows until the store can take it. With a backlog
//            full ones, each twice as large as the last, up to kEventsMax, or to the limit given until the backlog is
//            gone.
// Memory     At most one finished batch waits beside the one being made; with the one being applied that is three, of
//            kBytesMax of the journal each: events may be large.
// Threads    next() from one thread. The thread ends with the batcher.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "blotter/store.h"
#include "journal/reader.h"
#include "ledger/projection.h"

namespace blotter {

class Batcher {
 public:
  static constexpr std::uint64_t kEventsMin = 1'000;
  static constexpr std::uint64_t kEventsMax = 20'000;
  static constexpr std::uint64_t kBytesMax = std::uint64_t{32} << 20;  // of a batch's events, give or take the last

  // `reader` stands right behind the events in `book`. `journal` outlives the batcher.
  Batcher(const journal::Journal& journal, std::unique_ptr<journal::Reader> reader, const std::string& book_id,
          Book book, std::uint64_t events_max = kEventsMax);
  ~Batcher();  // what was made and not taken is dropped

  // Puts the next batch into `batch`, whose memory is used again; false when there is none within the time.
  // Errc: corrupt, unavailable (the journal cannot be read on; nothing follows).
  Result<bool> next(Batch& batch, int timeout_ms);

 private:
  void run();
  Result<void> make_batches();
  // Until the batch is full; false when the journal ended first.
  Result<bool> fold(std::uint64_t events_max);
  void hand_over();
  void wait_for_events();

  const journal::Journal& journal_;
  // Of the thread alone.
  std::unique_ptr<journal::Reader> reader_;
  Projection projection_;
  std::uint64_t limit_;       // of a batch
  std::uint64_t folded_ = 0;  // events since the last take()
  std::uint64_t bytes_ = 0;   // of them
  std::uint64_t last_hash_ = 0;
  Batch made_;

  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // guards the hand-over, which is all that the two threads share
  std::condition_variable changed_;
  bool wanted_ = false;  // next() waits
  bool ready_ = false;   // slot_ holds a batch
  Batch slot_;
  std::optional<Error> error_;
  std::thread thread_;
};

}  // namespace blotter
