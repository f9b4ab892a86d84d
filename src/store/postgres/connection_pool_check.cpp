// The one round trip that libpq's blocking calls cannot bound: whether an idle connection still answers.
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <chrono>

#include "store/postgres/connection.h"

namespace blotter::postgres {
namespace {

using Clock = std::chrono::steady_clock;

// True when something can be read before the deadline.
bool readable_until(int socket, Clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wanted{.fd = socket, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, INT32_MAX)));
    if (ready > 0) return true;
    // EINTR is no answer; anything else that fails shows when the socket is read.
    if (ready < 0 && errno != EINTR) return true;
    if (ready == 0 || left <= 0) return false;
  }
}

}  // namespace

Result<void> Connection::answer_within(std::int64_t ms_max) {
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(ms_max);
  const auto gone = [&](const char* what) { return fail(Errc::unavailable, server_ + ": an idle connection " + what); };
  if (PQsendQuery(handle_, "SELECT 1") == 0) return gone("was closed");
  bool answered = false;
  while (true) {
    while (PQisBusy(handle_) != 0) {
      // Left as it is, with a statement under way, so that usable() is false from now on.
      if (!readable_until(PQsocket(handle_), deadline)) return gone("does not answer");
      if (PQconsumeInput(handle_) == 0) return gone("was closed");
    }
    pg_result* const result = PQgetResult(handle_);
    if (result == nullptr) break;
    answered = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
  }
  if (!answered) return gone("was closed");
  return {};
}

}  // namespace blotter::postgres
