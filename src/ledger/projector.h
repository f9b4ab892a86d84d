// Projector: carries durable events into the store, exactly once.
//
// One thread. Reads the journal from the store's cursor, folds a Projection, applies batches; the store moves rows and
// cursor in one transaction. After any doubt the cursor is read again and the projection goes on from there: a batch is
// never repeated blindly. A cursor that went back is normal (a restored or rebuilt store): the journal fills the gap.
// Batches grow with the backlog, up to kEventsMax, and are as small as one event without one.
// Threads    Public functions may be called from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "blotter/store.h"
#include "journal/reader.h"
#include "ledger/projection.h"

namespace blotter {

class Projector {
 public:
  static constexpr std::uint64_t kEventsMax = 10'000;

  using OpenStore = std::function<Result<std::unique_ptr<Store>>()>;
  // How long it waits after a failure: twice as long after each one without progress between.
  struct Pace {
    int retry_ms_min = 50;
    int retry_ms_max = 5'000;
  };

  // `journal` outlives the projector. Opens the store itself, and keeps trying when it cannot.
  Projector(const journal::Journal& journal, std::string book_id, const std::string& store_url);
  // `open` is called by the projector's thread alone.
  Projector(const journal::Journal& journal, std::string book_id, OpenStore open, Pace pace);
  ~Projector();  // stops after the batch in hand

  Seq stored() const { return Seq{stored_.load(std::memory_order_acquire)}; }
  // Why it is not making progress; empty when it is.
  std::string problem() const;
  // Errc: unavailable (not yet: the time is up, or it was stopped; says what is in the way), fenced, corrupt, invalid
  // (landing has stopped for good; says why).
  Result<void> wait_stored(Seq seq, std::int64_t timeout_ms);
  void stop();

 private:
  void run();
  // One life with one store object, until an error or stop().
  Result<void> serve();
  Result<void> start_from_cursor();
  Result<void> land_batch(std::uint64_t events_max, bool& landed);
  void wait_for_events();
  void set_stored(Seq seq);
  void note_problem(const Error& error);

  const journal::Journal& journal_;
  const std::string book_id_;
  const OpenStore open_;
  const Pace pace_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<journal::Reader> reader_;
  std::optional<Projection> projection_;
  Batch batch_;
  bool claimed_ = false;

  std::atomic<std::uint64_t> stored_{0};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;  // guards problem_, halted_ and the waits; the thread's work needs none
  std::condition_variable changed_;
  std::optional<Error> problem_;
  bool halted_ = false;
  std::thread thread_;
};

}  // namespace blotter
