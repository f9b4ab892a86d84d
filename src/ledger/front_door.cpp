#include "ledger/front_door.h"

#include <map>
#include <span>

#include "ledger/recall.h"

namespace blotter {
namespace {

// A waiting report as what it was when it came.
std::optional<Report> as_report(const WaitingReport& waiting) {
  return std::visit(
      [](const auto& report) -> std::optional<Report> {
        if constexpr (std::is_same_v<std::decay_t<decltype(report)>, std::monostate>) {
          return std::nullopt;
        } else {
          return Report(report);
        }
      },
      waiting);
}

bool recalls(const Decision& decision) {
  return decision.events.size() == 1 && std::holds_alternative<OrderRecalled>(decision.events.front());
}

}  // namespace

FrontDoor::FrontDoor(journal::Journal& journal, std::unique_ptr<journal::Reader> reader, State state, Defaults defaults,
                     Clock& clock)
    : journal_(journal), reader_(std::move(reader)), state_(std::move(state)), defaults_(defaults), clock_(clock) {}

DecideContext FrontDoor::context(std::string_view content) const {
  const Timestamp now = clock_.now();
  return {.received_at = now, .recorded_at = now, .content = content, .released = Seq{0}, .defaults = &defaults_};
}

Receipt FrontDoor::receipt(const Decision& decision) const {
  return {.outcome = decision.outcome, .seq = journal_.appended(), .detail = decision.detail};
}

Result<Receipt> FrontDoor::offer(const Report& report, std::string_view content) {
  const std::scoped_lock lock(latch_);
  return take(report, context(content), journal::Priority::fact);
}

Result<Receipt> FrontDoor::offer(const Command& command) {
  const std::scoped_lock lock(latch_);
  return take(command, context({}), journal::Priority::intent);
}

Result<Receipt> FrontDoor::offer_unattributed(std::string_view account, Timestamp at, std::string_view detail,
                                              std::string_view content) {
  const std::scoped_lock lock(latch_);
  decide_quarantine(state_, QuarantineReason::unknown_order, account, at, detail, context(content), decision_);
  BLOTTER_TRY(commit(decision_, journal::Priority::fact));
  return receipt(decision_);
}

template <class Input>
Result<Receipt> FrontDoor::take(const Input& input, const DecideContext& context, journal::Priority priority) {
  BLOTTER_TRY(settle(input, context, decision_));
  BLOTTER_TRY(commit(decision_, priority));
  Receipt done = receipt(decision_);
  to_wake_.insert(to_wake_.end(), decision_.woken.begin(), decision_.woken.end());
  if (!to_wake_.empty()) {
    BLOTTER_TRY(wake());
    done.seq = journal_.appended();
  }
  return done;
}

template <class Input>
Result<void> FrontDoor::settle(const Input& input, const DecideContext& context, Decision& decision) {
  Evidence evidence;
  while (true) {
    BLOTTER_TRY(decide(state_, input, context, evidence, decision));
    if (decision.need) {
      BLOTTER_TRY(fetch(
          *decision.need, state_, [this](Seq seq) { return read_event(seq); }, evidence));
    } else if (recalls(decision)) {
      // The order is back; now the input is decided with it there.
      BLOTTER_TRY(commit(decision, journal::Priority::fact));
      evidence.order.reset();
    } else {
      return {};
    }
  }
}

Result<JournalEvent> FrontDoor::read_event(Seq seq) {
  JournalEvent entry{.seq = seq, .event = {}};
  if (const std::span<const std::byte> recent = recent_.find(seq); !recent.empty()) {
    BLOTTER_TRY(decode(recent, entry.event));
    return entry;
  }
  // The reader sees durable events only.
  BLOTTER_TRY(journal_.wait_durable(seq));
  BLOTTER_ASSIGN(const journal::Record record, reader_->at(seq));
  BLOTTER_TRY(decode(record.bytes, entry.event));
  return entry;
}

// All events of one decision go into one group commit: after a crash they are all there or none is.
Result<void> FrontDoor::commit(const Decision& decision, journal::Priority priority) {
  const std::size_t count = decision.events.size();
  if (count == 0) return {};
  if (records_.size() < count) records_.resize(count);
  std::vector<std::span<const std::byte>> bytes;
  if (count == 1) {
    encode(decision.events.front(), records_.front());
    BLOTTER_TRY(journal_.append(records_.front().bytes(), priority));
  } else {
    bytes.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      encode(decision.events[i], records_[i]);
      bytes.push_back(records_[i].bytes());
    }
    BLOTTER_TRY(journal_.append_all(bytes, priority));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Seq seq = next(state_.book.seq());
    evolve(state_, decision.events[i], seq);
    recent_.add(seq, records_[i].bytes());
  }
  return {};
}

Result<void> FrontDoor::wake_everything() {
  const std::scoped_lock lock(latch_);
  for (const IdentityKey& key : state_.book.awaited()) {
    // An order's key or an execution's: known means that what is waiting can be decided.
    if (!state_.identities.find_all(key).empty() || state_.book.find_order(key) != nullptr) to_wake_.push_back(key);
  }
  return wake();
}

// In the order in which they came, so that a run that was interrupted here goes on as the other one would have.
Result<void> FrontDoor::wake() {
  std::map<Seq, Waiting> ready;
  const auto gather = [&](const std::vector<IdentityKey>& keys) {
    for (const IdentityKey& key : keys) {
      for (const Waiting* waiting : state_.book.waiting_for(key)) ready.emplace(waiting->quarantine, *waiting);
    }
  };
  gather(to_wake_);
  while (!ready.empty()) {
    const Waiting waiting = std::move(ready.extract(ready.begin()).mapped());
    const std::optional<Report> report = as_report(waiting.report);
    if (!report) continue;
    DecideContext then = context({});
    then.received_at = waiting.times.received_at;
    then.released = waiting.quarantine;
    Decision decision;
    Result<void> offered = settle(*report, then, decision);
    // What turns out to be invalid now that its subject is known stays where it is, for a person to see.
    if (!offered && offered.error().code == Errc::invalid) continue;
    if (offered) offered = commit(decision, journal::Priority::fact);
    // What woke them is recorded, and they wait as safely as before: the next input tries again.
    if (!offered && offered.error().code == Errc::exhausted) return {};
    BLOTTER_TRY(offered);
    to_wake_.insert(to_wake_.end(), decision.woken.begin(), decision.woken.end());
    gather(decision.woken);
  }
  to_wake_.clear();
  return {};
}

}  // namespace blotter
