#include "store/postgres/replica_reader.h"

#include <algorithm>
#include <utility>

namespace blotter::postgres {
namespace {

constexpr std::int64_t kRecheckMs = 1'000;
// An attempt that took long (a host that swallows packets) is repeated the more rarely.
constexpr std::int64_t kPauseFactor = 10;

// Lag 0 only when everything received is replayed and somebody is there to receive more: a replica whose receiver is
// gone has replayed all it got and still falls behind. Only members of pg_read_all_stats see the receiver's status;
// the others see that there is one. The time of the last replayed transaction is the primary's clock, and grows old on
// a quiet primary too, which errs on the safe side.
constexpr const char* kAsk =
    "SELECT pg_catalog.pg_is_in_recovery(),"
    " (SELECT system_identifier FROM pg_catalog.pg_control_system()),"
    " CASE WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn()"
    "       AND EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver"
    "                   WHERE pid IS NOT NULL AND coalesce(status, 'streaming') = 'streaming') THEN 0"
    "      ELSE (EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) * 1000)"
    "           ::bigint END,"
    " (SELECT applied_seq FROM ledger.books WHERE book_id = $1)";

ConnectionSettings settings_of_replica(const StoreOptions& options) {
  StoreOptions replica = options;
  replica.url = options.replica_url;
  return settings_of(replica, Target::any);
}

}  // namespace

Result<ReplicaState> ask_replica(Connection& connection, std::string_view book_id) {
  BLOTTER_ASSIGN(const Rows rows, connection.query(kAsk, Parameters().add(book_id)));
  if (rows.size() != 1) return fail(Errc::unavailable, connection.server() + ": the replica answered nothing");
  ReplicaState state;
  state.standby = rows.boolean(0, 0);
  state.system_identifier = rows.integer(0, 1);
  // The primary's clock may be ahead of the replica's.
  if (!rows.is_null(0, 2)) state.lag_ms = std::max<std::int64_t>(rows.integer(0, 2), 0);
  if (!rows.is_null(0, 3)) state.applied = rows.integer(0, 3);
  return state;
}

ReplicaReader::ReplicaReader(const StoreOptions& options, std::int64_t system_identifier)
    : staleness_ms_max_(options.staleness_ms_max),
      read_after_(static_cast<std::int64_t>(to_number(options.read_after))),
      system_identifier_(system_identifier),
      url_(shown_url(options.replica_url)),
      pool_(settings_of_replica(options), limits_of(options)) {}

Result<ConnectionPool::Lease> ReplicaReader::lease_for(std::string_view book_id) {
  const std::int64_t began = Pool::steady_ms();
  if (auto refused = not_now(began)) return fail(std::move(*refused));
  auto lease = checked_lease(book_id);
  if (!lease) return fail(refuse(lease.error(), began));
  const std::lock_guard lock(mutex_);
  probing_ = false;
  not_before_ms_ = 0;
  ++counters_.lent;
  return lease;
}

std::optional<Error> ReplicaReader::not_now(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (not_before_ms_ == 0) return {};
  if (now_ms < not_before_ms_ || probing_) {
    ++counters_.refused;
    return last_refusal_;
  }
  probing_ = true;
  return {};
}

Error ReplicaReader::refuse(const Error& why, std::int64_t began_ms) {
  const std::int64_t now = Pool::steady_ms();
  const std::lock_guard lock(mutex_);
  probing_ = false;
  not_before_ms_ = now + std::max(kRecheckMs, kPauseFactor * (now - began_ms));
  last_refusal_ = why;
  counters_.last_refusal = why.message;
  ++counters_.refused;
  return why;
}

Result<ConnectionPool::Lease> ReplicaReader::checked_lease(std::string_view book_id) {
  BLOTTER_ASSIGN(ConnectionPool::Lease lease, pool_.lease());
  const std::int64_t asked = Pool::steady_ms();
  if (still_true(lease.number(), book_id, asked)) return lease;
  BLOTTER_ASSIGN(Seen seen, ask(*lease, book_id));
  // From before the question: what it says may be as old as that.
  seen.at_ms = asked;
  const Seen kept = seen;
  remember(lease.number(), std::move(seen));
  if (kept.lag_ms > staleness_ms_max_) {
    return fail(Errc::stale, url_ + ": " + std::to_string(kept.lag_ms) + " ms behind the primary, and at most " +
                                 std::to_string(staleness_ms_max_) + " are allowed");
  }
  if (kept.applied < read_after_) {
    return fail(Errc::stale, url_ + ": has applied event " + std::to_string(kept.applied) + " of book " + kept.book_id +
                                 " and " + std::to_string(read_after_) + " is asked for");
  }
  return lease;
}

bool ReplicaReader::still_true(std::uint64_t number, std::string_view book_id, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const auto found = seen_.find(number);
  if (found == seen_.end()) return false;
  const Seen& seen = found->second;
  const std::int64_t age = now_ms - seen.at_ms;
  // It may have stood still since.
  if (age >= kRecheckMs || seen.lag_ms > staleness_ms_max_ - age) return false;
  return read_after_ == 0 || (seen.book_id == book_id && seen.applied >= read_after_);
}

Result<ReplicaReader::Seen> ReplicaReader::ask(Connection& connection, std::string_view book_id) const {
  BLOTTER_ASSIGN(const ReplicaState state, ask_replica(connection, book_id));
  if (state.system_identifier != system_identifier_) {
    return fail(Errc::invalid, url_ +
                                   ": replicates another database system; DATABASE_REPLICA_URL has to name a replica "
                                   "of DATABASE_URL's server");
  }
  if (!state.standby) {
    return fail(Errc::invalid, url_ + ": is no replica any more (promoted); reads go to the primary");
  }
  if (!state.lag_ms) {
    return fail(Errc::stale, url_ + ": has replayed no transaction yet; nobody knows how far behind it is");
  }
  Seen seen;
  seen.lag_ms = *state.lag_ms;
  seen.book_id = book_id;
  seen.applied = state.applied;
  return seen;
}

void ReplicaReader::remember(std::uint64_t number, Seen seen) {
  const std::lock_guard lock(mutex_);
  // Connections come and go; what is older than a recheck is of no use to anyone.
  std::erase_if(seen_, [&](const auto& each) { return seen.at_ms - each.second.at_ms >= kRecheckMs; });
  seen_[number] = std::move(seen);
}

Result<void> ReplicaReader::check_setting() {
  auto lease = lease_for("");
  if (lease || lease.error().code != Errc::invalid) return {};
  return fail(lease.error());
}

ReplicaCounters ReplicaReader::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace blotter::postgres
