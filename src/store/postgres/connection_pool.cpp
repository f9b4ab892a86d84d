#include "store/postgres/connection_pool.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "blotter/assert.h"

namespace blotter::postgres {
namespace {

// The lifetimes of members made together are spread over their last fifth, evenly and without chance, so that a pool
// never reconnects all at once: multiples of the golden ratio never cluster. In 1/1024.
std::int64_t lifetime_of(std::uint64_t number, std::int64_t lifetime_ms_max) {
  const auto place = static_cast<std::int64_t>((number * 633) % 1024);
  return lifetime_ms_max - (lifetime_ms_max / 5) * place / 1024;
}

// Before this moment nobody trusted anybody: idle since then means that proof is due.
constexpr std::int64_t kSuspect = INT64_MIN / 2;

class PooledConnection final : public PoolMember {
 public:
  explicit PooledConnection(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
  bool reusable() const override { return connection_->usable(); }
  Result<void> answer_within(std::int64_t ms_max) override { return connection_->answer_within(ms_max); }
  Connection& connection() const { return *connection_; }

 private:
  std::unique_ptr<Connection> connection_;
};

}  // namespace

// The table "Pool Configuration by Component" of the requirements: 22 of PostgreSQL's default of 100 connections.
int pool_size_of(Component component) {
  switch (component) {
    case Component::execution:
      return 5;
    case Component::risk:
      return 3;
    case Component::market_data:
    case Component::audit:
      return 2;
    case Component::analytics:
      return 10;
  }
  return 10;
}

// ---- the lease ----

Pool::Lease::Lease(Lease&& other) noexcept
    : pool_(other.pool_), slot_(std::move(other.slot_)), discard_(other.discard_) {}

Pool::Lease::~Lease() {
  if (!slot_) return;
  const bool reusable = !discard_ && slot_->member->reusable();
  pool_->take_back(std::move(slot_), reusable);
}

// ---- the pool ----

Pool::Pool(std::string what, const PoolLimits& limits, Create create, Now now)
    : what_(std::move(what)), limits_(limits), create_(std::move(create)), now_(std::move(now)) {
  BLOTTER_ASSERT(limits_.size > 0);
}

Pool::~Pool() {
  const std::lock_guard lock(mutex_);
  BLOTTER_ASSERT(queue_.empty() && open_ == static_cast<int>(idle_.size()));
}

std::int64_t Pool::steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

Result<Pool::Lease> Pool::lease() {
  BLOTTER_ASSIGN(std::unique_ptr<Slot> slot, turn());
  if (slot && !proven(*slot)) slot.reset();
  if (!slot) {
    BLOTTER_ASSIGN(slot, make());
  }
  return Lease(*this, std::move(slot));
}

std::optional<Pool::Lease> Pool::spare() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return {};
  std::unique_ptr<Slot> slot = std::move(idle_.back());
  idle_.pop_back();
  return Lease(*this, std::move(slot));
}

Result<std::unique_ptr<Pool::Slot>> Pool::turn() {
  std::unique_lock lock(mutex_);
  // What becomes free goes to the queue first, so an idle member or a right to make one means that nobody waits.
  if (!idle_.empty()) {
    std::unique_ptr<Slot> slot = std::move(idle_.back());
    idle_.pop_back();
    return slot;
  }
  if (open_ < limits_.size) {
    ++open_;
    return std::unique_ptr<Slot>();
  }
  return wait_for_turn(lock);
}

Result<std::unique_ptr<Pool::Slot>> Pool::wait_for_turn(std::unique_lock<std::mutex>& lock) {
  Waiter waiter;
  const auto place = queue_.insert(queue_.end(), &waiter);
  // One condition for each waiter, because a shared one would wake them in no order.
  waiter.wake.wait_for(lock, std::chrono::milliseconds(limits_.wait_ms_max), [&] { return waiter.served; });
  if (!waiter.served) {
    queue_.erase(place);
    return fail(timed_out());
  }
  return std::move(waiter.slot);
}

Error Pool::timed_out() const {
  const std::string waited = " within " + std::to_string(limits_.wait_ms_max) + " ms";
  if (!last_failure_.empty()) {
    return {Errc::unavailable, what_ + ": no connection" + waited + "; the last attempt: " + last_failure_};
  }
  return {Errc::exhausted, what_ + ": all " + std::to_string(limits_.size) + " connections are in use and none became" +
                               " free" + waited + "; raise DATABASE_POOL_SIZE or ask less at once"};
}

// Connecting takes its time, so nobody else waits for it: the mutex is not held.
Result<std::unique_ptr<Pool::Slot>> Pool::make() {
  Result<std::unique_ptr<PoolMember>> member = create_();
  const std::lock_guard lock(mutex_);
  if (!member) {
    last_failure_ = member.error().message;
    give_up_right();
    return fail(member.error());
  }
  last_failure_.clear();
  auto slot = std::make_unique<Slot>();
  slot->member = std::move(*member);
  slot->number = ++created_;
  slot->dies_at_ms = now_() + lifetime_of(slot->number, limits_.lifetime_ms_max);
  return slot;
}

bool Pool::proven(Slot& slot) {
  const std::int64_t now = now_();
  const bool old = now >= slot.dies_at_ms;
  if (!old && now - slot.idle_since_ms < limits_.trusted_ms) return true;
  if (!old && slot.member->answer_within(limits_.recycle_ms_max)) return true;
  std::vector<std::unique_ptr<Slot>> gone;
  const std::lock_guard lock(mutex_);
  ++discarded_;
  // One that does not answer has been cut off with the others that were idle beside it: proving each of them in turn
  // could cost recycle_ms_max every time.
  if (!old) discard_idle(gone);
  return false;
}

void Pool::discard_idle(std::vector<std::unique_ptr<Slot>>& gone) {
  gone.swap(idle_);
  open_ -= static_cast<int>(gone.size());
  discarded_ += gone.size();
}

void Pool::take_back(std::unique_ptr<Slot> slot, bool reusable) {
  const std::int64_t now = now_();
  const bool stays = reusable && now < slot->dies_at_ms;
  if (!stays) slot->member.reset();  // before the mutex: closing talks to the server
  const std::lock_guard lock(mutex_);
  if (!stays) {
    ++discarded_;
    // Whatever ended this one may have ended the idle ones too.
    if (!reusable) {
      for (const auto& each : idle_) each->idle_since_ms = kSuspect;
    }
    give_up_right();
    return;
  }
  slot->idle_since_ms = now;
  if (queue_.empty()) {
    idle_.push_back(std::move(slot));
    return;
  }
  Waiter& first = *queue_.front();
  queue_.pop_front();
  first.slot = std::move(slot);
  first.served = true;
  first.wake.notify_one();
}

void Pool::give_up_right() {
  if (queue_.empty()) {
    --open_;
    return;
  }
  Waiter& first = *queue_.front();
  queue_.pop_front();
  first.served = true;
  first.wake.notify_one();
}

PoolCounters Pool::counters() const {
  const std::lock_guard lock(mutex_);
  return {.open = open_,
          .idle = static_cast<int>(idle_.size()),
          .waiting = static_cast<int>(queue_.size()),
          .created = created_,
          .discarded = discarded_};
}

// ---- connections ----

Connection& ConnectionPool::Lease::operator*() const { return static_cast<PooledConnection&>(*lease_).connection(); }

ConnectionPool::ConnectionPool(const ConnectionSettings& settings, const PoolLimits& limits)
    : pool_(shown_url(settings.url), limits, [settings]() -> Result<std::unique_ptr<PoolMember>> {
        BLOTTER_ASSIGN(std::unique_ptr<Connection> connection, Connection::connect(settings));
        return std::unique_ptr<PoolMember>(std::make_unique<PooledConnection>(std::move(connection)));
      }) {}

Result<ConnectionPool::Lease> ConnectionPool::lease() {
  BLOTTER_ASSIGN(Pool::Lease lease, pool_.lease());
  return Lease(std::move(lease));
}

std::optional<ConnectionPool::Lease> ConnectionPool::spare() {
  auto spare = pool_.spare();
  if (!spare) return {};
  return Lease(std::move(*spare));
}

PoolLimits limits_of(const StoreOptions& options) {
  return {.size = options.pool_size > 0 ? options.pool_size : pool_size_of(options.component),
          .wait_ms_max = options.wait_ms_max,
          .recycle_ms_max = options.recycle_ms_max,
          .lifetime_ms_max = options.lifetime_ms_max};
}

}  // namespace blotter::postgres
