// FrontDoor: decide, append, evolve. The accepting side of the ledger.
//
// Threads    Every function may be called from any thread: a latch makes the caller the one thread that owns the state
//            and the journal's end for the few hundred nanoseconds of a decision (docs/adr/0002). Nobody waits for a
//            device with the latch in hand, but for the rare fact that needs what only the journal knows.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "blotter/clock.h"
#include "blotter/ledger.h"
#include "core/codec.h"
#include "core/decide.h"
#include "journal/journal.h"
#include "journal/reader.h"
#include "ledger/recent_events.h"

namespace blotter {

class FrontDoor {
 public:
  FrontDoor(journal::Journal& journal, std::unique_ptr<journal::Reader> reader, State state, Defaults defaults,
            Clock& clock);

  // Once, before anything is offered: a crash may have come between an event and the waiting reports it woke.
  // A full disk is no failure: they go on waiting until there is room.
  Result<void> wake_everything();

  // Decided and appended, not yet durable. A record that exists already is durable with everything appended so far.
  // Errc: invalid, exhausted, poisoned, corrupt; for commands also not_found, stale.
  Result<Receipt> offer(const Report& report, std::string_view content);
  Result<Receipt> offer(const Command& command);
  Result<Receipt> offer_unattributed(std::string_view account, Timestamp at, std::string_view detail,
                                     std::string_view content);

  // Calls `look` with the book while nothing changes it. Short.
  template <class Look>
  auto with_book(Look&& look) const {
    const std::scoped_lock lock(latch_);
    return look(state_.book);
  }

 private:
  template <class Input>
  Result<Receipt> take(const Input& input, const DecideContext& context, journal::Priority priority);
  // Decides, fetching what the decision needs from the journal.
  template <class Input>
  Result<void> settle(const Input& input, const DecideContext& context, Decision& decision);
  Result<void> commit(const Decision& decision, journal::Priority priority);
  // Offers the reports that wait for what has become known; each may wake others.
  Result<void> wake();
  Result<JournalEvent> read_event(Seq seq);
  DecideContext context(std::string_view content) const;
  Receipt receipt(const Decision& decision) const;

  mutable std::mutex latch_;
  journal::Journal& journal_;
  std::unique_ptr<journal::Reader> reader_;
  State state_;
  Defaults defaults_;
  Clock& clock_;
  std::vector<IdentityKey> to_wake_;  // known by now, but what waits for them has not been offered yet
  Decision decision_;                 // reused
  std::vector<ByteWriter> records_;
  RecentEvents recent_;
};

}  // namespace blotter
