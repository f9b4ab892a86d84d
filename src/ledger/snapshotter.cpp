#include "ledger/snapshotter.h"

#include <chrono>

#include "core/snapshot.h"
#include "journal/reader.h"
#include "journal/snapshots.h"
#include "ledger/recovery.h"

namespace blotter {
namespace {

Result<Seq> take_snapshot(const journal::Journal& journal) {
  BLOTTER_ASSIGN(const auto reader, journal::open_reader(journal.directory(), &journal));
  State state;
  BLOTTER_ASSIGN(const Recovered recovered, recover(journal.directory(), *reader, journal.durable(), state));
  static_cast<void>(recovered);
  BLOTTER_TRY(journal::write_snapshot(journal.directory(), state.book.seq(), encode_snapshot(state)));
  return state.book.seq();
}

}  // namespace

Snapshotter::Snapshotter(const journal::Journal& journal, Seq last, std::uint64_t every)
    : journal_(journal), every_(every), last_(to_number(last)), thread_([this] { run(); }) {}

Snapshotter::~Snapshotter() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  stop_requested_.notify_all();
  thread_.join();
}

void Snapshotter::run() {
  std::unique_lock lock(mutex_);
  while (!stop_requested_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; })) {
    if (to_number(journal_.durable()) - last_ < every_) continue;
    lock.unlock();
    // A snapshot is an optimisation: one that cannot be written (disk full) is tried again after as many events more.
    const Result<Seq> taken = take_snapshot(journal_);
    last_ = taken ? to_number(*taken) : to_number(journal_.durable());
    lock.lock();
  }
}

}  // namespace blotter
