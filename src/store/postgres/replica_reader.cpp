#include "store/postgres/replica_reader.h"

#include <algorithm>
#include <utility>

namespace blotter::postgres {
namespace {

constexpr std::int64_t kRecheckMs = 1'000;

// Only members of pg_read_all_stats see the receiver's status; the others see that there is one. The time of the last
// replayed transaction is the primary's clock, and grows old on a quiet primary too, which errs on the safe side.
constexpr const char* kAsk =
    "SELECT pg_catalog.pg_is_in_recovery(),"
    " (SELECT system_identifier FROM pg_catalog.pg_control_system()),"
    " coalesce(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_replay_lsn(), '0/0'), 0)::bigint,"
    " coalesce(pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn(), false),"
    " EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver"
    "         WHERE pid IS NOT NULL AND coalesce(status, 'streaming') = 'streaming'),"
    " (EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) * 1000)::bigint,"
    " (SELECT applied_seq FROM ledger.books WHERE book_id = $1)";

ConnectionSettings settings_of_replica(const StoreOptions& options) {
  StoreOptions replica = options;
  replica.url = options.replica_url;
  ConnectionSettings settings = settings_of(replica, Target::any);
  settings.connect_ms_max = std::min(settings.connect_ms_max, kConnectMsMax);
  return settings;
}

// What a connection says names the setting of the primary.
Error of_replica(Error error) {
  constexpr std::string_view kOther = "DATABASE_URL";
  constexpr std::string_view kOurs = "DATABASE_REPLICA_URL";
  for (std::size_t at = error.message.find(kOther); at != std::string::npos;
       at = error.message.find(kOther, at + kOurs.size())) {
    error.message.replace(at, kOther.size(), kOurs);
  }
  return error;
}

}  // namespace

Result<ReplicaState> ask_replica(Connection& connection, std::string_view book_id) {
  BLOTTER_ASSIGN(const Rows rows, connection.query(kAsk, Parameters().add(book_id)));
  if (rows.size() != 1) return fail(Errc::unavailable, connection.server() + ": the replica answered nothing");
  ReplicaState state;
  state.standby = rows.boolean(0, 0);
  state.system_identifier = rows.integer(0, 1);
  state.replayed = rows.integer(0, 2);
  state.streams = rows.boolean(0, 4);
  // The primary's clock may be ahead of the replica's.
  if (!rows.is_null(0, 5)) state.age_ms = std::max<std::int64_t>(rows.integer(0, 5), 0);
  state.lag_ms = rows.boolean(0, 3) && state.streams ? 0 : state.age_ms;
  if (!rows.is_null(0, 6)) state.applied = rows.integer(0, 6);
  return state;
}

// A bound below two seconds needs notes that are fresher than a second: with the one before, they reach back to it.
ReplicaReader::ReplicaReader(const StoreOptions& options, std::int64_t system_identifier, ConnectionPool& primary)
    : staleness_ms_max_(options.staleness_ms_max),
      read_after_(static_cast<std::int64_t>(to_number(options.read_after))),
      system_identifier_(system_identifier),
      url_(shown_url(options.replica_url)),
      pool_(settings_of_replica(options), limits_of(options)),
      position_(options, primary, std::min(kRecheckMs, options.staleness_ms_max / 2)) {}

Result<ConnectionPool::Lease> ReplicaReader::lease_for(std::string_view book_id) {
  const std::int64_t began = Pool::steady_ms();
  if (auto refused = not_now(began)) return fail(std::move(*refused));
  auto lease = this->lease();
  if (!lease && lease.error().code == Errc::exhausted) {
    // It is there: our other reads have it.
    const std::lock_guard lock(mutex_);
    probing_ = false;
    return lease;
  }
  if (!lease) return fail(refuse(lease.error(), began));
  if (!still_true(lease->number(), book_id, Pool::steady_ms())) {
    position_.note();
    // Neither the wait for a free connection nor the primary's answer is the replica's slowness.
    const std::int64_t asked = Pool::steady_ms();
    if (const auto good = check(*lease, book_id, asked); !good) return fail(refuse(good.error(), asked));
  }
  const std::lock_guard lock(mutex_);
  probing_ = false;
  not_before_ms_ = 0;
  return lease;
}

Result<void> ReplicaReader::check_setting() {
  const std::int64_t began = Pool::steady_ms();
  const auto checked = [&]() -> Result<void> {
    BLOTTER_ASSIGN(ConnectionPool::Lease lease, this->lease());
    BLOTTER_TRY(ask(*lease, {}));
    return {};
  }();
  if (!checked) return fail(refuse(checked.error(), began));
  // Once before the first reads, which may come together.
  position_.note();
  return {};
}

std::optional<Error> ReplicaReader::not_now(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (not_before_ms_ == 0) return {};
  if (now_ms < not_before_ms_ || probing_) return last_refusal_;
  probing_ = true;
  return {};
}

Error ReplicaReader::refuse(const Error& why, std::int64_t began_ms) {
  const std::int64_t now = Pool::steady_ms();
  const std::lock_guard lock(mutex_);
  probing_ = false;
  not_before_ms_ = now + std::max(kRecheckMs, kPauseFactor * (now - began_ms));
  last_refusal_ = why;
  return why;
}

Result<ConnectionPool::Lease> ReplicaReader::lease() {
  auto lease = pool_.lease();
  if (!lease) return fail(of_replica(lease.error()));
  return lease;
}

Result<void> ReplicaReader::check(ConnectionPool::Lease& lease, std::string_view book_id, std::int64_t asked_ms) {
  BLOTTER_ASSIGN(const ReplicaState state, ask(*lease, book_id));
  const std::optional<std::int64_t> lag = lag_of(state, asked_ms);
  if (!lag) {
    return fail(Errc::stale, url_ + ": has replayed no transaction yet; nobody knows how far behind it is");
  }
  // From before the question: what it says may be as old as that.
  remember(lease.number(),
           {.at_ms = asked_ms, .lag_ms = *lag, .book_id = std::string(book_id), .applied = state.applied});
  if (*lag > staleness_ms_max_) {
    return fail(Errc::stale, url_ + ": " + std::to_string(*lag) + " ms behind the primary, and at most " +
                                 std::to_string(staleness_ms_max_) + " are allowed");
  }
  if (state.applied < read_after_) {
    return fail(Errc::stale, url_ + ": has applied event " + std::to_string(state.applied) + " of book " +
                                 std::string(book_id) + " and " + std::to_string(read_after_) + " is asked for");
  }
  return {};
}

// Two bounds, and the better one counts: what it shows is at least as new as its last transaction, and as the last
// noted position that it has passed. The second is believed only of one that streams: after a failover the log of one
// that was left behind may be longer, and another.
std::optional<std::int64_t> ReplicaReader::lag_of(const ReplicaState& state, std::int64_t asked_ms) const {
  const auto passed = state.streams ? position_.age_of_passed(state.replayed, asked_ms) : std::nullopt;
  if (!passed || !state.age_ms) return passed ? passed : state.age_ms;
  return std::min(*passed, *state.age_ms);
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

Result<ReplicaState> ReplicaReader::ask(Connection& connection, std::string_view book_id) const {
  auto state = ask_replica(connection, book_id);
  if (!state) return fail(of_replica(state.error()));
  if (state->system_identifier != system_identifier_) {
    return fail(Errc::invalid, url_ +
                                   ": replicates another database system; DATABASE_REPLICA_URL has to name a replica "
                                   "of DATABASE_URL's server");
  }
  // A failover under way, perhaps: that is no wrong setting.
  if (!state->standby) {
    return fail(Errc::unavailable, url_ + ": is no replica, or was promoted; DATABASE_REPLICA_URL has to name one");
  }
  return state;
}

void ReplicaReader::remember(std::uint64_t number, Seen seen) {
  const std::lock_guard lock(mutex_);
  // Connections come and go; what is older than a recheck is of no use to anyone.
  std::erase_if(seen_, [&](const auto& each) { return seen.at_ms - each.second.at_ms >= kRecheckMs; });
  seen_[number] = std::move(seen);
}

std::string ReplicaReader::last_refusal() const {
  const std::lock_guard lock(mutex_);
  return last_refusal_.message;
}

}  // namespace blotter::postgres
