// ConnectionPool: connections that many threads share, and the three waits that come with them.
//
// Pool decides who gets what; it knows its members only as PoolMember, so its rules are tested without a server.
// ConnectionPool fills it with PostgreSQL connections. Connections are made when they are first needed.
//
// Invariant  open <= size. Whoever waits longest is served first. A connection in an unknown state, or inside a
//            transaction, is never handed out again. One that is older than its lifetime is replaced when it is lent
//            or given back, not while it is idle: a pool has no thread.
// Threads    Any. Connecting and checking happen outside of the mutex, which guards the lists alone.
// Failure    A server that is away costs each caller one attempt to connect.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "blotter/result.h"
#include "store/postgres/connection.h"

namespace blotter::postgres {

// How many connections a component may have when DATABASE_POOL_SIZE does not say (StoreOptions::pool_size).
int pool_size_of(Component component);

class PoolMember {
 public:
  virtual ~PoolMember() = default;
  // Whether the next one may have it: connected, outside of any transaction.
  virtual bool reusable() const = 0;
  // A round trip of at most so long.
  virtual Result<void> answer_within(std::int64_t ms_max) = 0;
};

struct PoolLimits {
  int size = 10;
  std::int64_t wait_ms_max = 5'000;
  std::int64_t recycle_ms_max = 5'000;
  std::int64_t lifetime_ms_max = 3'600'000;
  // A member that was idle longer proves that it answers before it is handed out.
  std::int64_t trusted_ms = 1'000;
};

struct PoolCounters {
  int open = 0;  // idle, lent and being made
  int idle = 0;
  int waiting = 0;
  // Since the pool was made.
  std::uint64_t created = 0;
  std::uint64_t discarded = 0;  // for whatever reason, the end of their lifetime included
};

class Pool {
 public:
  using Create = std::function<Result<std::unique_ptr<PoolMember>>()>;
  using Now = std::function<std::int64_t()>;  // milliseconds that never go back

  // `what` names the server in messages.
  Pool(std::string what, const PoolLimits& limits, Create create, Now now = steady_ms);
  ~Pool();  // every lease has been given back
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // A member and the duty to give it back.
  class Lease {
   public:
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();  // gives back what is reusable, discards the rest
    PoolMember& operator*() const { return *slot_->member; }
    // Different for every member that the pool has ever made.
    std::uint64_t number() const { return slot_->number; }
    // The member is not to be used again, whatever it says of itself.
    void discard() { discard_ = true; }

   private:
    friend class Pool;
    struct Slot {
      std::unique_ptr<PoolMember> member;
      std::uint64_t number = 0;
      std::int64_t dies_at_ms = 0;
      std::int64_t idle_since_ms = 0;
    };
    Lease(Pool& pool, std::unique_ptr<Slot> slot) : pool_(&pool), slot_(std::move(slot)) {}
    Pool* pool_;
    std::unique_ptr<Slot> slot_;
    bool discard_ = false;
  };

  // Errc: exhausted (none became free within wait_ms_max: the message names DATABASE_POOL_SIZE), and what creating
  // one answers.
  Result<Lease> lease();

  // One that nobody uses, without a proof that it still answers; nothing when there is none. Waits for nothing.
  std::optional<Lease> spare();

  PoolCounters counters() const;
  const PoolLimits& limits() const { return limits_; }

  static std::int64_t steady_ms();

 private:
  using Slot = Lease::Slot;
  // Someone in the queue. Served: it has a slot (maybe an unproven one), or, with none, the right to make one.
  struct Waiter {
    std::condition_variable wake;
    bool served = false;
    std::unique_ptr<Slot> slot;
  };

  Result<std::unique_ptr<Slot>> turn();  // a slot, or nullptr: make one
  Result<std::unique_ptr<Slot>> wait_for_turn(std::unique_lock<std::mutex>& lock);
  Result<std::unique_ptr<Slot>> make();  // with the right to
  bool proven(Slot& slot);
  void take_back(std::unique_ptr<Slot> slot, bool reusable);
  void give_up_right();                                         // with the mutex held
  void discard_idle(std::vector<std::unique_ptr<Slot>>& gone);  // with the mutex held
  Error timed_out() const;                                      // with the mutex held

  const std::string what_;
  const PoolLimits limits_;
  const Create create_;
  const Now now_;

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Slot>> idle_;  // the last one given back is the first one taken: it is the warmest
  std::list<Waiter*> queue_;
  int open_ = 0;
  std::uint64_t created_ = 0;
  std::uint64_t discarded_ = 0;
  std::string last_failure_;  // of creating, while nothing has been created since
};

// Pool over PostgreSQL connections.
class ConnectionPool {
 public:
  class Lease {
   public:
    Connection& operator*() const;
    Connection* operator->() const { return &**this; }
    std::uint64_t number() const { return lease_.number(); }
    void discard() { lease_.discard(); }

   private:
    friend class ConnectionPool;
    explicit Lease(Pool::Lease lease) : lease_(std::move(lease)) {}
    Pool::Lease lease_;
  };

  ConnectionPool(const ConnectionSettings& settings, const PoolLimits& limits);

  // Errc: as Pool::lease and Connection::connect.
  Result<Lease> lease();
  std::optional<Lease> spare();  // as Pool::spare
  PoolCounters counters() const { return pool_.counters(); }

 private:
  Pool pool_;
};

PoolLimits limits_of(const StoreOptions& options);

}  // namespace blotter::postgres
