// ReplicaReader: lends connections of a replica while what it would answer is good enough.
//
// Good enough: it replays this database system, it is at most staleness_ms_max behind, and it has applied the event
// that the reader wants to see (read_after). Otherwise the caller asks the primary. docs/adr/0014 says how the lag is
// measured, and why.
//
// Threads    Any.
// Failure    A replica that is away costs one caller the attempt to connect, at most once a second and a tenth of the
//            time; everybody else is sent to the primary meanwhile.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/postgres/connection_pool.h"
#include "store/postgres/primary_position.h"

namespace blotter::postgres {

// What a server says of itself.
struct ReplicaState {
  bool standby = false;
  std::int64_t system_identifier = 0;
  std::int64_t replayed = 0;           // how far it is in the log, as PrimaryPosition counts
  bool streams = false;                // somebody is there to receive more
  std::optional<std::int64_t> age_ms;  // of the last transaction that it replayed; nothing: none yet
  // By its own account: 0 when it has replayed all that it received and streams, else the age. It does not know of a
  // cut without a word.
  std::optional<std::int64_t> lag_ms;
  std::int64_t applied = 0;  // of the book that was asked for; 0 when it does not know the book
};
// Errc: as Connection::query.
Result<ReplicaState> ask_replica(Connection& connection, std::string_view book_id);
inline constexpr const char* kSystemIdentifier = "SELECT system_identifier FROM pg_catalog.pg_control_system()";

class ReplicaReader {
 public:
  // `system_identifier` is the primary's (pg_control_system), and `primary` its pool, which outlives this.
  ReplicaReader(const StoreOptions& options, std::int64_t system_identifier, ConnectionPool& primary);

  // A connection for a read of the book. Errc: stale (behind), unavailable (away, or promoted), exhausted (all
  // connections are in use), and what else a server may say; in each case the primary is to be asked.
  Result<ConnectionPool::Lease> lease_for(std::string_view book_id);

  // Looks whether the setting is right, before the first read: whether it can be reached and what it is, not how far
  // behind. Errc: as lease_for(): reads go to the primary until that passes; invalid (it replays another system: the
  // setting is wrong).
  Result<void> check_setting();

  std::string last_refusal() const;  // why a read was sent to the primary; empty: never

 private:
  // What a connection's server said of itself. Kept for each connection, because a URL may lead to several servers.
  struct Seen {
    std::int64_t at_ms = 0;
    std::int64_t lag_ms = 0;
    std::string book_id;
    std::int64_t applied = 0;  // of that book
  };

  std::optional<Error> not_now(std::int64_t now_ms);
  Result<ConnectionPool::Lease> lease();
  Result<void> check(ConnectionPool::Lease& lease, std::string_view book_id, std::int64_t now_ms);
  bool still_true(std::uint64_t number, std::string_view book_id, std::int64_t now_ms);
  Result<ReplicaState> ask(Connection& connection, std::string_view book_id) const;
  std::optional<std::int64_t> lag_of(const ReplicaState& state, std::int64_t asked_ms) const;
  void remember(std::uint64_t number, Seen seen);
  Error refuse(const Error& why, std::int64_t began_ms);

  const std::int64_t staleness_ms_max_;
  const std::int64_t read_after_;
  const std::int64_t system_identifier_;
  const std::string url_;  // without the password
  ConnectionPool pool_;
  PrimaryPosition position_;

  mutable std::mutex mutex_;  // guards what follows; never held while the replica is asked
  std::int64_t not_before_ms_ = 0;
  bool probing_ = false;  // after a refusal one caller looks whether it still holds
  std::unordered_map<std::uint64_t, Seen> seen_;
  Error last_refusal_;
};

}  // namespace blotter::postgres
