// A question that ends in any case: at a lock after one second, on a busy server after ten, and when the server has
// fallen silent after answer_ms_max.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>

#include "store/postgres/connection.h"

namespace blotter::postgres {

// Cuts the connection when it is not destroyed in time. The server's own limits end what is slow; this is for a server
// that is frozen: its machine still acknowledges every packet, so no time-out of the network ends the wait.
// Threads    One of its own, which only cuts.
class AnswerDeadline {
 public:
  AnswerDeadline(const Connection& connection, std::int64_t ms_max);
  ~AnswerDeadline();
  AnswerDeadline(const AnswerDeadline&) = delete;
  AnswerDeadline& operator=(const AnswerDeadline&) = delete;
  bool missed() const;

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable done_changed_;
  bool done_ = false;
  bool missed_ = false;
  std::thread thread_;
};

inline constexpr const char* kServerLimits = "SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '1s'";

// Calls `ask(connection)` in a transaction of its own, which only reads. Errc: as `ask`; unavailable (lost: when it was
// silent too long, the message says so).
template <class Ask>
std::invoke_result_t<Ask, Connection&> ask_bounded(Connection& connection, std::int64_t answer_ms_max, const Ask& ask) {
  const AnswerDeadline deadline(connection, answer_ms_max);
  const auto in_transaction = [&]() -> std::invoke_result_t<Ask, Connection&> {
    BLOTTER_ASSIGN(const Transaction transaction, Transaction::begin(connection, kBeginOneMoment));
    BLOTTER_TRY(connection.run_script(kServerLimits));
    return ask(connection);
  };
  auto answer = in_transaction();
  if (answer || !deadline.missed()) return answer;
  return fail(Errc::unavailable, "PostgreSQL " + connection.server() + " accepts connections and has not answered in " +
                                     std::to_string(answer_ms_max) + " ms");
}

}  // namespace blotter::postgres
