// decide: what an input means, given the state. Pure; nothing happens until its events are appended and evolved.
//
// The caller (ledger/front_door.h) loops: decide, fetch what it needs from the journal, decide again, append and evolve
// the events, then offer the reports that were waiting for what just became known.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blotter/report.h"
#include "blotter/result.h"
#include "core/history.h"
#include "core/state.h"

namespace blotter {

// What a report leaves out is taken from here.
struct Defaults {
  Asset base_currency = Asset::of("USD");
  Asset quote = Asset::of("USD");
  AssetClass asset_class = AssetClass::other;
};

// Time and everything else that decide() may not fetch itself.
struct DecideContext {
  Timestamp received_at;
  Timestamp recorded_at;
  std::string_view content;  // the record as offered, for quarantine; empty: rendered from the report
  Seq released{0};           // not 0: the report had been waiting as this quarantined record
  const Defaults* defaults = nullptr;
};

// Something only the journal knows.
struct Need {
  enum class Kind {
    order,       // the dropped order whose last event is seqs[0]: give Evidence::order
    fill_order,  // the dropped order of the fill seqs[0]: give Evidence::order
    events,      // the events seqs: give Evidence::events
    history,     // all events of `position`: give Evidence::history
  };
  Kind kind = Kind::events;
  std::vector<Seq> seqs;
  PositionKey position;
};

struct Evidence {
  std::optional<Order> order;
  std::vector<JournalEvent> events;
  std::optional<std::vector<JournalEvent>> history;
};

struct Decision {
  Outcome outcome = Outcome::created;
  std::string detail;              // why it is a conflict or quarantined
  std::vector<Event> events;       // in order; empty when it exists already
  std::vector<IdentityKey> woken;  // orders and executions that became known: waiting reports may go on
  std::optional<Need> need;        // fetch this and decide again; then there are no events

  void clear();
};

// Overwrites `decision`. Errc: invalid (the report contradicts itself or its numbers overflow; the message names the
// field). Nothing of an invalid report is recorded.
Result<void> decide(const State& state, const Report& report, const DecideContext& context, const Evidence& evidence,
                    Decision& decision);

// For commands. Errc: invalid (as above), not_found (no such order), stale (too late: the order is closed).
Result<void> decide(const State& state, const Command& command, const DecideContext& context, const Evidence& evidence,
                    Decision& decision);

// A line that a feed understood but cannot attribute.
void decide_quarantine(const State& state, QuarantineReason reason, std::string_view account, Timestamp at,
                       std::string_view detail, const DecideContext& context, Decision& decision);

// The order whose events these are, oldest first. Errc: corrupt (they do not begin with its opening).
Result<Order> rebuild_order(const std::vector<JournalEvent>& events);

// Every value in range and every required part present? Errc: invalid.
Result<void> validate(const Report& report);

}  // namespace blotter
