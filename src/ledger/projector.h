// Projector: carries durable events into the store, exactly once.
//
// Starts from the store's cursor; a Batcher folds the journal into batches, the projector applies them, and the store
// moves rows and cursor in one transaction. After any doubt the cursor is read again: what was folded goes on only when
// it continues exactly there, else it is dropped and folded anew. A batch is never repeated blindly. A cursor that went
// back is normal (a restored or rebuilt store): the journal fills the gap.
// A store that is away is tried again after waits that grow, with jitter; after several failures in a row a circuit
// breaker lets nothing through but one trial now and then. What only a person can mend (a password, a right, a schema)
// is tried again slowly, so that it heals without a restart. Fenced and corrupt end it for good (ADR 0011).
// A row that the schema refuses goes to refused_rows while everything else lands.
// Nothing is taken for granted in silence: with nothing to land the cursor is looked at now and then, so that a store
// that went away or back shows and heals; and a store that does not answer at all is given up and opened anew. Threads
// Public functions may be called from any thread. One thread talks to the store, the batcher's folds, and one
//            watches how long the store takes.
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
#include "journal/journal.h"
#include "ledger/batcher.h"
#include "ledger/circuit_breaker.h"

namespace blotter {

class Projector {
 public:
  static constexpr std::uint64_t kEventsMax = Batcher::kEventsMax;  // in one batch

  using OpenStore = std::function<Result<std::unique_ptr<Store>>()>;
  // How long it waits.
  struct Pace {
    Backoff::Options retry;  // after a failure, while the breaker is closed
    CircuitBreaker::Options breaker;
    std::uint64_t seed = 1;                // of the jitter
    std::int64_t idle_look_ms = 5'000;     // with nothing to land, between two looks at the cursor
    std::int64_t answer_ms_max = 120'000;  // for one answer of the store
  };

  // `journal` outlives the projector. Opens the store itself, and keeps trying when it cannot.
  Projector(const journal::Journal& journal, std::string book_id, const StoreOptions& store);
  // `open` is called by the projector's thread alone, and cannot be interrupted: it should leave waiting to the store.
  Projector(const journal::Journal& journal, std::string book_id, OpenStore open, Pace pace);
  ~Projector();  // as stop()

  Seq stored() const { return Seq{stored_.load(std::memory_order_acquire)}; }
  // Why it is not making progress; empty when it is.
  std::string problem() const;
  // Rows of the book that lie in the store's refused_rows, each with its reason.
  std::uint64_t refused() const { return refused_.load(std::memory_order_acquire); }
  BreakerState breaker() const;
  // Errc: unavailable (not yet: the time is up, or it was stopped; says what is in the way), not_found or invalid (a
  // person has to act, the message says how; landing goes on when it is done), fenced, corrupt, invalid (landing has
  // stopped for good; says why).
  Result<void> wait_stored(Seq seq, std::int64_t timeout_ms);
  // Lets the batch in hand land, for two seconds; then interrupts the store.
  void stop();

 private:
  // What a failure waits for.
  enum class Remedy : std::uint8_t { time, person, none };

  void run();
  // Waits until the breaker allows an attempt; false when it is to stop.
  bool wait_for_attempt();
  // Opens the store and carries into it until an error or stop(); whether another attempt makes sense.
  bool attempt();
  // One life with one store object, until an error or stop().
  Result<void> serve();
  Result<void> start_from_cursor();
  // With nothing to land. Errc: stale (the store is not where it was), and what the store answers.
  Result<void> look_at_cursor();
  // One call of the store, under the eyes of watch().
  template <class Call>
  auto ask(Call&& call);
  void watch();
  // Whether what is folded already goes on at the cursor.
  bool continues_at(const Cursor& cursor);
  Result<void> fold_from(std::unique_ptr<journal::Reader> reader, Seq applied);
  Result<void> land();
  // Another failure of the batch in hand. One that fails again and again may be too large for a time limit or a line:
  // it is dropped, and what is folded anew comes in smaller ones.
  void note_failed_batch();
  Result<void> count_refused();
  void progressed(Seq seq);
  void note_failure(const Error& error, Remedy remedy);
  void drop_store();

  const journal::Journal& journal_;
  const std::string book_id_;
  const OpenStore open_;
  // Of the thread alone.
  Backoff retry_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Batcher> batcher_;
  Batch batch_;
  bool in_hand_ = false;                   // batch_ has been folded and is not known to have landed
  int failures_in_hand_ = 0;               // of its landing
  std::uint64_t events_max_ = kEventsMax;  // of a batch of the next batcher
  bool reached_ = false;                   // the store has told its cursor
  bool claimed_ = false;

  std::atomic<std::uint64_t> stored_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<bool> stopping_{false};
  // Guards what follows, the waits, and which store store_ points to: stop() interrupts it.
  mutable std::mutex mutex_;
  bool ended_ = false;  // the thread's work
  std::condition_variable changed_;
  std::condition_variable watch_over_;
  std::int64_t asked_at_ms_ = 0;  // when the call under way began; 0: none is
  const std::int64_t idle_look_ms_;
  const std::int64_t answer_ms_max_;
  CircuitBreaker breaker_;
  std::optional<Error> problem_;
  Remedy remedy_ = Remedy::time;  // of problem_
  std::thread thread_;
  std::thread watcher_;
};

}  // namespace blotter
