#include "store/postgres/primary_position.h"

#include <algorithm>

namespace blotter::postgres {
namespace {

constexpr std::int64_t kAnswerMsMax = 1'000;

// Of what is flushed, because nothing else is sent to replicas. Anybody may ask, through PgBouncer too. A standby has
// no such position.
constexpr const char* kPosition =
    "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL"
    " ELSE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_flush_lsn(), '0/0')::bigint END";

Result<std::int64_t> position_of(Connection& connection) {
  BLOTTER_ASSIGN(const Rows rows, connection.query(kPosition));
  if (rows.size() == 1 && !rows.is_null(0, 0)) return rows.integer(0, 0);
  return fail(Errc::unavailable, connection.server() + ": is a standby itself and knows no position of its own");
}

ConnectionSettings settings_of_primary(const StoreOptions& options) {
  ConnectionSettings settings = settings_of(options, Target::primary);
  settings.connect_ms_max = std::min(settings.connect_ms_max, kConnectMsMax);
  return settings;
}

}  // namespace

PrimaryPosition::PrimaryPosition(const StoreOptions& options, ConnectionPool& pool, std::int64_t every_ms)
    : settings_(settings_of_primary(options)), pool_(pool), every_ms_(every_ms) {}

void PrimaryPosition::note() {
  if (!is_due()) return;
  const std::lock_guard turn(asking_);
  if (!is_due()) return;  // somebody else has just asked
  const std::int64_t began = Pool::steady_ms();
  const Result<std::int64_t> position = ask();
  const std::int64_t now = Pool::steady_ms();
  const std::lock_guard lock(mutex_);
  if (!position) {
    not_before_ms_ = now + std::max(every_ms_, kPauseFactor * (now - began));
    return;
  }
  not_before_ms_ = began + every_ms_;
  before_ = latest_;
  latest_ = Note{.at_ms = began, .position = *position};
}

bool PrimaryPosition::is_due() const {
  const std::lock_guard lock(mutex_);
  return Pool::steady_ms() >= not_before_ms_;
}

// On a connection that nobody uses, and when all are in use on one made for this question: a reader whose pool is full
// of moments still knows how good its replica is.
Result<std::int64_t> PrimaryPosition::ask() const {
  if (auto spare = pool_.spare()) {
    BLOTTER_TRY((*spare)->answer_within(kAnswerMsMax));
    return position_of(**spare);
  }
  BLOTTER_ASSIGN(const std::unique_ptr<Connection> connection, Connection::connect(settings_));
  return position_of(*connection);
}

std::optional<std::int64_t> PrimaryPosition::age_of_passed(std::int64_t replayed, std::int64_t now_ms) const {
  const std::lock_guard lock(mutex_);
  for (const std::optional<Note>* each : {&latest_, &before_}) {
    if (*each && (*each)->position <= replayed) return now_ms - (*each)->at_ms;
  }
  return {};
}

}  // namespace blotter::postgres
