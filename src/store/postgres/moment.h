// Moment: a reader of the store as it is at one moment, over one connection.
//
// One transaction that sees one state. While it lives it keeps the connection, and the server from vacuuming what it
// sees. `Held` is what gives the connection away at the end: a lease of a pool, or the connection itself.
// Threads    Any.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "store/postgres/select_rows.h"

namespace blotter::postgres {

template <class Held>
class Moment final : public StoreReader {
 public:
  // Errc: as Connection::query.
  static Result<std::unique_ptr<StoreReader>> begin(Held held) {
    auto moment = std::make_unique<Moment>(std::move(held));
    BLOTTER_TRY(moment->held_->begin(kBeginOneMoment));
    // BEGIN alone takes no snapshot: the first statement does.
    BLOTTER_TRY(moment->held_->query("SELECT 1"));
    return std::unique_ptr<StoreReader>(std::move(moment));
  }

  explicit Moment(Held held) : held_(std::move(held)) {}
  ~Moment() override { held_->rollback(); }
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;

  Result<Cursor> cursor(std::string_view book_id) override {
    const std::lock_guard lock(mutex_);
    return cursor_of(*held_, book_id);
  }

  Result<void> select(const Select& select, const RowVisitor& visit) override {
    const std::lock_guard lock(mutex_);
    return select_rows(*held_, select, visit);
  }

 private:
  std::mutex mutex_;  // there is a single connection
  Held held_;
};

}  // namespace blotter::postgres
