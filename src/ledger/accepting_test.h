// The accepting half of a ledger alone, journal and front door, so that a test can put a projector of its own behind
// it.
#pragma once

#include "ledger/cursor_proof.h"
#include "ledger/front_door.h"
#include "ledger/ledger_fixture_test.h"
#include "ledger/projection.h"
#include "ledger/recovery.h"

namespace blotter::ledger_test {

class Accepting {
 public:
  explicit Accepting(const std::string& directory) {
    const journal::Options options{.segment_bytes = 1u << 20};
    if (!std::filesystem::exists(directory)) expect_value(journal::create_journal(directory, "main", options));
    journal_ = expect_value(journal::open_journal(directory, options));
    State state;
    const auto reader = expect_value(journal::open_reader(directory, journal_.get()));
    expect_value(recover(directory, *reader, journal_->durable(), state));
    door_ = std::make_unique<FrontDoor>(*journal_, expect_value(journal::open_reader(directory, journal_.get())),
                                        std::move(state), Defaults{}, system_clock());
    expect_value(door_->wake_everything());
  }

  journal::Journal& journal() { return *journal_; }
  FrontDoor& door() { return *door_; }

  // Durable when it returns.
  void offer(const std::vector<Report>& reports) {
    for (const Report& report : reports) expect_value(door_->offer(report, {}));
    expect_value(journal_->wait_durable(journal_->appended()));
  }
  std::uint64_t last() const { return to_number(journal_->appended()); }

 private:
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<FrontDoor> door_;
};

inline std::vector<Event> events_of(const std::string& journal_directory) {
  const auto reader = expect_value(journal::open_reader(journal_directory));
  std::vector<Event> events;
  while (const auto record = expect_value(reader->next())) {
    events.emplace_back();
    expect_value(decode(record->bytes, events.back()));
  }
  return events;
}

inline std::unique_ptr<Store> memory_store() { return expect_value(open_store("memory:", StoreAccess::write)); }

// What the tables must hold: the events projected in batches of `size` into a memory store.
inline std::unique_ptr<Store> projected(const std::vector<Event>& events, std::size_t size) {
  auto store = memory_store();
  expect_value(store->claim("main", Epoch{1}));
  Projection projection("main", Book{});
  Batch batch;
  ByteWriter bytes;
  std::uint64_t seq = 0;
  for (const Event& event : events) {
    projection.add(event, Seq{++seq});
    if (seq % size != 0 && seq != events.size()) continue;
    projection.take(Epoch{1}, batch);
    encode(event, bytes);
    batch.last_hash = hash_of(journal::Record{.seq = Seq{seq}, .epoch = Epoch{1}, .bytes = bytes.bytes()});
    expect_value(store->apply(batch));
  }
  return store;
}

}  // namespace blotter::ledger_test
