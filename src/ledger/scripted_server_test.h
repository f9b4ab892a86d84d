// For the projector's tests: a server by script.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "ledger/accepting_test.h"

namespace blotter::ledger_test {

// A memory store that stays when its connections go, and misbehaves by script.
class ScriptedServer {
 public:
  enum class Fault : std::uint8_t {
    none,
    unavailable,
    in_doubt_lost,
    in_doubt_done,
    stale,
    fenced,
    corrupt,
    no_rights,
    refused_row,  // apply() refuses; the batch's first payment has a bad row
    senseless,    // apply() refuses, and so does apply_setting_aside()
    silent,       // no answer, until the connection is interrupted
  };

  Projector::OpenStore opener() {
    return [this]() -> Result<std::unique_ptr<Store>> {
      const std::scoped_lock lock(mutex_);
      ++opened_;
      if (away_) return fail(*away_);
      return std::unique_ptr<Store>(std::make_unique<Connection>(*this));
    };
  }
  // What happens to the next applies; then all is well.
  void misbehave(std::deque<Fault> faults) {
    const std::scoped_lock lock(mutex_);
    faults_ = std::move(faults);
  }
  void set_away(std::optional<Error> why) {
    const std::scoped_lock lock(mutex_);
    away_ = std::move(why);
  }
  // From now on a batch of more than so many events takes too long.
  void set_events_max(std::uint64_t events) {
    const std::scoped_lock lock(mutex_);
    events_max_ = events;
  }
  // As a restored backup, or a rebuilt store.
  void start_over() {
    const std::scoped_lock lock(mutex_);
    store_ = memory_store();
  }
  int opened() {
    const std::scoped_lock lock(mutex_);
    return opened_;
  }
  std::vector<std::uint64_t> batches() {
    const std::scoped_lock lock(mutex_);
    return batches_;
  }
  template <class Use>
  auto with_store(Use&& use) {
    const std::scoped_lock lock(mutex_);
    return use(*store_);
  }

 private:
  class Connection final : public Store {
   public:
    explicit Connection(ScriptedServer& server) : server_(server) {}
    Result<Cursor> cursor(std::string_view book) override {
      return reach([&](Store& store) { return store.cursor(book); });
    }
    Result<Cursor> claim(std::string_view book, Epoch epoch) override {
      return reach([&](Store& store) { return store.claim(book, epoch); });
    }
    Result<Seq> apply(const Batch& batch) override {
      if (server_.is_silent()) interrupted_.wait(false);
      return reach([&](Store& store) { return server_.apply(store, batch); });
    }
    Result<Seq> apply_setting_aside(const Batch& batch) override {
      return reach([&](Store& store) { return server_.apply_setting_aside(store, batch); });
    }
    Result<void> select(const Select& select, const RowVisitor& visit) override {
      return reach([&](Store& store) { return store.select(select, visit); });
    }
    Result<void> reset(std::string_view book, Epoch epoch) override {
      return reach([&](Store& store) { return store.reset(book, epoch); });
    }
    Result<std::unique_ptr<StoreReader>> one_moment() override {
      return reach([&](Store& store) { return store.one_moment(); });
    }

    void interrupt() override {
      interrupted_ = true;
      interrupted_.notify_all();
    }

   private:
    template <class Use>
    auto reach(Use&& use) -> decltype(use(std::declval<Store&>())) {
      const std::scoped_lock lock(server_.mutex_);
      if (server_.away_) return fail(*server_.away_);
      return use(*server_.store_);
    }
    ScriptedServer& server_;
    std::atomic<bool> interrupted_{false};
  };

  bool is_silent() {
    const std::scoped_lock lock(mutex_);
    return !faults_.empty() && faults_.front() == Fault::silent;
  }
  Result<Seq> apply(Store& store, const Batch& batch) {
    batches_.push_back(to_number(batch.last) - to_number(batch.first) + 1);
    if (batches_.back() > events_max_) return fail(Errc::unavailable, "canceling statement due to statement timeout");
    Fault fault = Fault::none;
    if (!faults_.empty()) {
      fault = faults_.front();
      faults_.pop_front();
    }
    switch (fault) {
      case Fault::none:
        return store.apply(batch);
      case Fault::unavailable:
        return fail(Errc::unavailable, "restarting");
      case Fault::in_doubt_lost:
        return fail(Errc::in_doubt, "lost before COMMIT");
      case Fault::in_doubt_done:
        expect_value(store.apply(batch));
        return fail(Errc::in_doubt, "lost after COMMIT");
      case Fault::stale:
        return fail(Errc::stale, "a gap");
      case Fault::fenced:
        return fail(Errc::fenced, "epoch 99 owns the book");
      case Fault::corrupt:
        return fail(Errc::corrupt, "page 7 is damaged");
      case Fault::no_rights:
        return fail(Errc::not_found, "permission denied for table fills; run `blotter migrate roles`");
      case Fault::refused_row:
        bad_row_ = true;
        return fail(Errc::invalid, "cash_movements row 1 of 1: id is empty");
      case Fault::silent:
        return fail(Errc::in_doubt, "cut while it waited");
      case Fault::senseless:
        senseless_ = true;
        return fail(Errc::invalid, "a batch from seq 7 to 3");
    }
    return fail(Errc::invalid, "no such fault");
  }
  Result<Seq> apply_setting_aside(Store& store, const Batch& batch) {
    if (std::exchange(senseless_, false)) return fail(Errc::invalid, "a batch from seq 7 to 3");
    Batch spoilt = batch;
    if (std::exchange(bad_row_, false)) spoilt.cash_movements.front().id.clear();
    return store.apply_setting_aside(spoilt);
  }

  std::mutex mutex_;
  std::unique_ptr<Store> store_ = memory_store();
  std::deque<Fault> faults_;
  std::vector<std::uint64_t> batches_;  // their numbers of events
  std::optional<Error> away_;
  std::uint64_t events_max_ = UINT64_MAX;
  bool bad_row_ = false;
  bool senseless_ = false;
  int opened_ = 0;
};

}  // namespace blotter::ledger_test
