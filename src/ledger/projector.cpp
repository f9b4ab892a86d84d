#include "ledger/projector.h"

#include <algorithm>
#include <chrono>
#include <random>

#include "ledger/cursor_proof.h"
#include "ledger/recovery.h"

namespace blotter {
namespace {

constexpr int kIdleMs = 100;
constexpr std::chrono::seconds kStopGrace{2};
constexpr int kFailuresOfABatchMax = 3;

std::int64_t steady_ms() {
  using std::chrono::steady_clock;
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now().time_since_epoch()).count();
}

// Processes that lose one server together must not come back together.
std::uint64_t fresh_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

// Only these pass by themselves.
bool may_pass(Errc code) {
  return code == Errc::unavailable || code == Errc::in_doubt || code == Errc::stale || code == Errc::exhausted;
}

std::string text(Seq seq) { return std::to_string(to_number(seq)); }

}  // namespace

Projector::Projector(const journal::Journal& journal, std::string book_id, const StoreOptions& store)
    : Projector(
          journal, std::move(book_id), [store] { return open_store_for_landing(store); },
          Pace{.retry = {}, .breaker = {}, .seed = fresh_seed()}) {}

Projector::Projector(const journal::Journal& journal, std::string book_id, OpenStore open, Pace pace)
    : journal_(journal),
      book_id_(std::move(book_id)),
      open_(std::move(open)),
      retry_(pace.retry, pace.seed),
      idle_look_ms_(pace.idle_look_ms),
      answer_ms_max_(pace.answer_ms_max),
      breaker_(pace.breaker, pace.seed + 1),
      thread_([this] { run(); }),
      watcher_([this] { watch(); }) {}

Projector::~Projector() { stop(); }

void Projector::stop() {
  stopping_.store(true, std::memory_order_release);
  {
    std::unique_lock lock(mutex_);
    changed_.notify_all();
    if (!changed_.wait_for(lock, kStopGrace, [&] { return ended_; }) && store_) store_->interrupt();
  }
  if (thread_.joinable()) thread_.join();
  if (watcher_.joinable()) watcher_.join();
}

template <class Call>
auto Projector::ask(Call&& call) {
  {
    const std::scoped_lock lock(mutex_);
    asked_at_ms_ = steady_ms();
  }
  auto answer = call(*store_);
  const std::scoped_lock lock(mutex_);
  asked_at_ms_ = 0;
  return answer;
}

// A frozen server keeps its connections and answers nothing. Whatever waits for it then waits for ever, unless the
// connection is cut: the next one may reach another server, or the same one thawed.
void Projector::watch() {
  std::unique_lock lock(mutex_);
  const auto interval = std::chrono::milliseconds(std::clamp<std::int64_t>(answer_ms_max_ / 10, 1, 1'000));
  while (!watch_over_.wait_for(lock, interval, [&] { return ended_; })) {
    if (asked_at_ms_ == 0 || steady_ms() - asked_at_ms_ < answer_ms_max_) continue;
    asked_at_ms_ = 0;
    store_->interrupt();
  }
}

std::string Projector::problem() const {
  const std::scoped_lock lock(mutex_);
  return problem_ ? problem_->message : std::string{};
}

BreakerState Projector::breaker() const {
  const std::scoped_lock lock(mutex_);
  return breaker_.state();
}

Result<void> Projector::wait_stored(Seq seq, std::int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  // Nobody should wait in silence for what a person has to do first.
  const auto blocked = [&] { return problem_ && remedy_ != Remedy::time; };
  const auto done = [&] { return stored() >= seq || blocked() || stopping_.load(std::memory_order_acquire); };
  if (timeout_ms < 0) {
    changed_.wait(lock, done);
  } else {
    changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), done);
  }
  if (stored() >= seq) return {};
  if (blocked()) return fail(*problem_);
  // Whatever is in the way may pass: to the caller it is "not yet".
  const std::string behind = std::to_string(to_number(seq) - to_number(stored()));
  return fail(Errc::unavailable, "the store is " + behind + " events behind the journal" +
                                     (problem_ ? ": " + problem_->message : std::string()));
}

void Projector::run() {
  while (wait_for_attempt() && attempt()) {
  }
  batcher_.reset();  // it reads the journal, which may be closed before the projector is gone
  const std::scoped_lock lock(mutex_);
  ended_ = true;
  changed_.notify_all();
  watch_over_.notify_all();
}

bool Projector::attempt() {
  reached_ = false;
  claimed_ = false;
  auto opened = open_();
  if (opened) {
    const std::scoped_lock lock(mutex_);
    if (stopping_.load(std::memory_order_acquire)) return false;
    store_ = std::move(*opened);
  }
  const Result<void> served = opened ? serve() : Result<void>(fail(opened.error()));
  drop_store();
  if (served) return false;  // stopped
  const Errc code = served.error().code;
  // A store that cannot be opened as it stands (its password, rights, schema, even its URL's database) can be put
  // right while we run; a batch that makes no sense cannot.
  const bool mendable = code == Errc::not_found || (code == Errc::invalid && !reached_);
  const Remedy remedy = may_pass(code) ? Remedy::time : mendable ? Remedy::person : Remedy::none;
  note_failure(served.error(), remedy);
  return remedy != Remedy::none;
}

void Projector::drop_store() {
  std::unique_ptr<Store> store;
  const std::scoped_lock lock(mutex_);
  store.swap(store_);
}

bool Projector::wait_for_attempt() {
  const auto stopping = [&] { return stopping_.load(std::memory_order_acquire); };
  std::unique_lock lock(mutex_);
  // A retry's own wait; the breaker's when it is open.
  if (breaker_.state() == BreakerState::closed && breaker_.failures() > 0) {
    changed_.wait_for(lock, std::chrono::milliseconds(retry_.next()), stopping);
  }
  while (!stopping() && !breaker_.may_attempt(steady_ms())) {
    changed_.wait_for(lock, std::chrono::milliseconds(breaker_.wait_ms(steady_ms())), stopping);
  }
  return !stopping();
}

void Projector::note_failure(const Error& error, Remedy remedy) {
  const std::scoped_lock lock(mutex_);
  problem_ = error;
  remedy_ = remedy;
  if (remedy == Remedy::time) {
    breaker_.failed(steady_ms());
  } else {
    breaker_.trip(steady_ms());
  }
  changed_.notify_all();
}

void Projector::progressed(Seq seq) {
  const std::scoped_lock lock(mutex_);
  problem_.reset();
  breaker_.succeeded();
  retry_.reset();
  stored_.store(to_number(seq), std::memory_order_release);
  changed_.notify_all();
}

Result<void> Projector::serve() {
  BLOTTER_TRY(start_from_cursor());
  std::int64_t looked_at = steady_ms();
  while (!stopping_.load(std::memory_order_acquire)) {
    if (!in_hand_) {
      const Result<bool> made = batcher_->next(batch_, kIdleMs);
      if (!made) {
        batcher_.reset();
        return fail(made.error());
      }
      in_hand_ = *made;
    }
    if (in_hand_) {
      BLOTTER_TRY(land());
      looked_at = steady_ms();
    } else if (steady_ms() - looked_at >= idle_look_ms_) {
      BLOTTER_TRY(look_at_cursor());
      looked_at = steady_ms();
    }
  }
  return {};
}

Result<void> Projector::look_at_cursor() {
  BLOTTER_ASSIGN(const Cursor cursor, ask([&](Store& store) { return store.cursor(book_id_); }));
  if (cursor.applied == stored() && cursor.epoch <= journal_.epoch()) return {};
  return fail(Errc::stale, "the store is at event " + text(cursor.applied) + " and was at " + text(stored()));
}

// Right before the batch in hand, or right behind it: then its COMMIT had arrived.
bool Projector::continues_at(const Cursor& cursor) {
  if (!batcher_) return false;
  if (!in_hand_) return cursor.applied == stored();
  if (next(cursor.applied) == batch_.first) return true;
  in_hand_ = false;
  failures_in_hand_ = 0;
  return cursor.applied == batch_.last && cursor.applied_hash == batch_.last_hash;
}

Result<void> Projector::start_from_cursor() {
  BLOTTER_ASSIGN(const Cursor cursor, ask([&](Store& store) { return store.cursor(book_id_); }));
  reached_ = true;
  const Seq durable = journal_.durable();
  if (cursor.applied > durable) {
    return fail(Errc::corrupt, "the store has event " + text(cursor.applied) + " of a book whose journal ends at " +
                                   text(durable) + ": they do not belong together, or the journal has lost its end");
  }
  if (cursor.epoch > journal_.epoch()) {
    return fail(Errc::fenced, "a newer writer (epoch " + std::to_string(to_number(cursor.epoch)) +
                                  ") lands this book; this one has epoch " +
                                  std::to_string(to_number(journal_.epoch())));
  }
  BLOTTER_ASSIGN(auto reader, journal::open_reader(journal_.directory(), &journal_));
  BLOTTER_TRY(prove_cursor(*reader, cursor));
  BLOTTER_TRY(count_refused());
  if (!continues_at(cursor)) BLOTTER_TRY(fold_from(std::move(reader), cursor.applied));
  // Reading the cursor proves little: with something to land, the problem is over when that has landed.
  if (cursor.applied == durable) {
    progressed(cursor.applied);
    return {};
  }
  const std::scoped_lock lock(mutex_);
  stored_.store(to_number(cursor.applied), std::memory_order_release);
  changed_.notify_all();
  return {};
}

Result<void> Projector::fold_from(std::unique_ptr<journal::Reader> reader, Seq applied) {
  batcher_.reset();
  in_hand_ = false;
  failures_in_hand_ = 0;
  Book book;
  if (to_number(applied) > 0) {
    BLOTTER_ASSIGN(const Recovered recovered, recover(journal_.directory(), *reader, applied, book));
    static_cast<void>(recovered);
  }
  BLOTTER_TRY(reader->seek(next(applied)));
  batcher_ = std::make_unique<Batcher>(journal_, std::move(reader), book_id_, std::move(book),
                                       std::exchange(events_max_, kEventsMax));
  return {};
}

Result<void> Projector::land() {
  if (!claimed_) {
    // Not before there is something to land: a run that records nothing new changes nothing.
    BLOTTER_ASSIGN(const Cursor cursor, ask([&](Store& store) { return store.claim(book_id_, journal_.epoch()); }));
    if (cursor.applied != stored()) return fail(Errc::stale, "the store's cursor moved");
    claimed_ = true;
  }
  Result<Seq> applied = ask([&](Store& store) { return store.apply(batch_); });
  const bool refused = !applied && applied.error().code == Errc::invalid;
  if (refused) applied = ask([&](Store& store) { return store.apply_setting_aside(batch_); });
  if (applied && *applied != batch_.last) applied = fail(Errc::stale, "the store's cursor moved");
  if (!applied) {
    note_failed_batch();
    return fail(applied.error());
  }
  in_hand_ = false;
  failures_in_hand_ = 0;
  Result<void> counted = refused ? count_refused() : Result<void>{};
  progressed(*applied);
  return counted;
}

void Projector::note_failed_batch() {
  const std::uint64_t events = to_number(batch_.last) - to_number(batch_.first) + 1;
  if (++failures_in_hand_ < kFailuresOfABatchMax || events <= Batcher::kEventsMin) return;
  events_max_ = std::max(events / 2, Batcher::kEventsMin);
  batcher_.reset();
}

// All of them, since a refused change carries the seq of the row that it would have changed. There are none, but for a
// schema that disagrees with this program.
Result<void> Projector::count_refused() {
  Select select;
  select.table = Table::refused_rows;
  select.book_id = book_id_;
  select.columns = {"seq"};
  std::uint64_t count = 0;
  const auto one_more = [&](const std::vector<Cell>&) -> Result<void> {
    ++count;
    return {};
  };
  BLOTTER_TRY(ask([&](Store& store) { return store.select(select, one_more); }));
  refused_.store(count, std::memory_order_release);
  return {};
}

}  // namespace blotter
