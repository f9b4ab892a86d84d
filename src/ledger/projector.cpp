#include "ledger/projector.h"

#include <algorithm>
#include <chrono>

#include "core/codec.h"
#include "ledger/recovery.h"

namespace blotter {
namespace {

constexpr int kIdleMs = 100;

// Only these pass by themselves. The others need a person, and trying on would bury the reason.
bool may_pass(Errc code) {
  return code == Errc::unavailable || code == Errc::in_doubt || code == Errc::stale || code == Errc::exhausted;
}

}  // namespace

Projector::Projector(const journal::Journal& journal, std::string book_id, const std::string& store_url)
    : Projector(
          journal, std::move(book_id), [store_url] { return open_store(store_url, StoreAccess::write); }, Pace{}) {}

Projector::Projector(const journal::Journal& journal, std::string book_id, OpenStore open, Pace pace)
    : journal_(journal), book_id_(std::move(book_id)), open_(std::move(open)), pace_(pace), thread_([this] {
        run();
      }) {}

Projector::~Projector() { stop(); }

void Projector::stop() {
  stopping_.store(true, std::memory_order_release);
  {
    const std::scoped_lock lock(mutex_);
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

std::string Projector::problem() const {
  const std::scoped_lock lock(mutex_);
  return problem_ ? problem_->message : std::string{};
}

void Projector::note_problem(const Error& error) {
  const std::scoped_lock lock(mutex_);
  problem_ = error;
  halted_ = !may_pass(error.code);
  changed_.notify_all();
}

Result<void> Projector::wait_stored(Seq seq, std::int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  const auto done = [&] { return stored() >= seq || halted_ || stopping_.load(std::memory_order_acquire); };
  if (timeout_ms < 0) {
    changed_.wait(lock, done);
  } else {
    changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), done);
  }
  if (stored() >= seq) return {};
  if (halted_) return fail(*problem_);
  // Whatever is in the way may pass: to the caller it is "not yet".
  const std::string behind = std::to_string(to_number(seq) - to_number(stored()));
  return fail(Errc::unavailable, "the store is " + behind + " events behind the journal" +
                                     (problem_ ? ": " + problem_->message : std::string()));
}

void Projector::run() {
  int retry_ms = pace_.retry_ms_min;
  while (!stopping_.load(std::memory_order_acquire)) {
    const std::uint64_t before = stored_.load();
    const Result<void> served = serve();
    store_.reset();
    projection_.reset();
    claimed_ = false;
    if (served) return;  // stopped
    note_problem(served.error());
    if (!may_pass(served.error().code)) return;
    // Progress since the last failure starts the back-off anew.
    retry_ms = stored_.load() > before ? pace_.retry_ms_min : std::min(retry_ms * 2, pace_.retry_ms_max);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(retry_ms),
                      [&] { return stopping_.load(std::memory_order_acquire); });
  }
}

Result<void> Projector::serve() {
  BLOTTER_ASSIGN(store_, open_());
  BLOTTER_TRY(start_from_cursor());
  std::uint64_t events_max = 1'000;
  while (!stopping_.load(std::memory_order_acquire)) {
    bool landed = false;
    BLOTTER_TRY(land_batch(events_max, landed));
    if (!landed) {
      events_max = 1'000;
      wait_for_events();
    } else if (to_number(journal_.durable()) - stored_.load() > events_max) {
      events_max = std::min(events_max * 2, kEventsMax);
    }
  }
  return {};
}

Result<void> Projector::start_from_cursor() {
  BLOTTER_ASSIGN(const Cursor cursor, store_->cursor(book_id_));
  const Seq durable = journal_.durable();
  if (cursor.applied > durable) {
    return fail(Errc::corrupt, "the store has event " + std::to_string(to_number(cursor.applied)) +
                                   " of a book whose journal ends at " + std::to_string(to_number(durable)) +
                                   ": they do not belong together, or the journal has lost its end");
  }
  if (cursor.epoch > journal_.epoch()) {
    return fail(Errc::fenced, "a newer writer (epoch " + std::to_string(to_number(cursor.epoch)) +
                                  ") lands this book; this one has epoch " +
                                  std::to_string(to_number(journal_.epoch())));
  }
  BLOTTER_ASSIGN(reader_, journal::open_reader(journal_.directory(), &journal_));
  Book book;
  if (to_number(cursor.applied) > 0) {
    BLOTTER_ASSIGN(const Recovered recovered, recover(journal_.directory(), *reader_, cursor.applied, book));
    static_cast<void>(recovered);
  }
  BLOTTER_TRY(reader_->seek(next(cursor.applied)));
  projection_.emplace(book_id_, std::move(book));
  const std::scoped_lock lock(mutex_);
  set_stored(cursor.applied);
  // Reading the cursor proves little: with something to land, the problem is over when that has landed.
  if (cursor.applied == durable) problem_.reset();
  return {};
}

void Projector::set_stored(Seq seq) {
  stored_.store(to_number(seq), std::memory_order_release);
  changed_.notify_all();
}

Result<void> Projector::land_batch(std::uint64_t events_max, bool& landed) {
  Event event;
  std::uint64_t count = 0;
  while (count < events_max) {
    BLOTTER_ASSIGN(const std::optional<journal::Record> record, reader_->next());
    if (!record) break;
    BLOTTER_TRY(decode(record->bytes, event));
    projection_->add(event, record->seq);
    ++count;
  }
  landed = count > 0;
  if (!landed) return {};
  if (!claimed_) {
    // Not before there is something to land: a run that records nothing new changes nothing.
    BLOTTER_ASSIGN(const Cursor cursor, store_->claim(book_id_, journal_.epoch()));
    if (to_number(cursor.applied) != stored_.load()) return fail(Errc::stale, "the store's cursor moved");
    claimed_ = true;
  }
  projection_->take(journal_.epoch(), batch_);
  BLOTTER_ASSIGN(const Seq applied, store_->apply(batch_));
  const std::scoped_lock lock(mutex_);
  problem_.reset();
  set_stored(applied);
  return {};
}

void Projector::wait_for_events() {
  if (!journal_.poisoned()) {
    static_cast<void>(journal_.wait_beyond(Seq{stored_.load()}, kIdleMs));
    return;
  }
  // Nothing will follow, and a poisoned journal lets nobody wait.
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopping_.load(std::memory_order_acquire); });
}

}  // namespace blotter
