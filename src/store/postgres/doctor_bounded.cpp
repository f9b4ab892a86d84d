#include "store/postgres/doctor_bounded.h"

#include <chrono>

namespace blotter::postgres {

AnswerDeadline::AnswerDeadline(const Connection& connection, std::int64_t ms_max) {
  thread_ = std::thread([this, &connection, ms_max] {
    std::unique_lock lock(mutex_);
    if (done_changed_.wait_for(lock, std::chrono::milliseconds(ms_max), [this] { return done_; })) return;
    missed_ = true;
    connection.cut();
  });
}

AnswerDeadline::~AnswerDeadline() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  done_changed_.notify_one();
  thread_.join();
}

bool AnswerDeadline::missed() const {
  const std::lock_guard lock(mutex_);
  return missed_;
}

}  // namespace blotter::postgres
