// Decider: one run of decide(). The parts of decide() share it; see the decide_*.cpp files, one for each kind of input.
#pragma once

#include <string>
#include <string_view>

#include "core/decide.h"

namespace blotter {

// The bytes of a plain value, for hashing.
template <class T>
std::string_view bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// Which of the executions of one id this is.
std::uint32_t execution_variant(std::string_view venue, std::string_view symbol, Side side, Timestamp at);
// What tells a correction's identity from that of a fill with the same id.
std::uint32_t correction_variant();
// What a fill says beyond its identity. `settle` is what an empty fee asset stands for.
std::uint64_t execution_content(Quantity quantity, Price price, Decimal fee, const Asset& fee_asset,
                                const Asset& settle);

// Throws Overflow when a sum that evolving these events forms might not fit, now or with the next event.
void prove_fits(const Book& book, const std::vector<Event>& events);

class Decider {
 public:
  Decider(const State& state, const DecideContext& context, const Evidence& evidence, Decision& out)
      : book_(state.book), identities_(state.identities), context_(context), evidence_(evidence), out_(out) {}

  void decide(const OrderReport& report) {
    open(report, report.external ? OrderOrigin::external : OrderOrigin::reported);
  }
  void decide(const OrderStatusReport& report);
  void decide(const FillReport& report);
  void decide(const BustReport& report);
  void decide(const CorrectReport& report);
  void decide(const FeeReport& report);
  void decide(const CashReport& report);
  void decide(const MarkReport& report);
  void decide(const SplitReport& report);
  void decide(const InstrumentReport& report);
  void decide(const AccountReport& report);
  void decide(const AuditReport& report);

  Result<void> decide(const SubmitOrder& command);
  Result<void> decide(const CancelOrder& command);
  Result<void> decide(const ReplaceOrder& command);

  // The report itself, to be rendered should it end in quarantine.
  void offer(const Report* report) { report_ = report; }
  void quarantine(QuarantineReason reason, std::string_view account, Timestamp at, std::string claims,
                  std::string detail, const IdentityKey& waits_for = {}, WaitingReport waiting = {},
                  std::string existing = {});

 private:
  // What registering gives: the id, and the definition as it will be once the events are folded.
  struct Registered {
    AccountId account{};
    AccountingMethod method = AccountingMethod::average;
  };
  // An order that a report names.
  struct Found {
    const Order* order = nullptr;
    bool recalling = false;  // decided to recall it; nothing more can be decided in this run
  };

  EventTimes times(Timestamp at) const {
    return {.at = at, .received_at = context_.received_at, .recorded_at = context_.recorded_at};
  }
  // The seq that the next event of this decision will have.
  Seq next_seq() const { return Seq{to_number(book_.seq()) + out_.events.size() + 1}; }
  void exists() { out_.outcome = Outcome::exists; }
  template <class EventStruct>
  void emit(EventStruct event) {
    out_.events.emplace_back(std::move(event));
  }

  Registered register_account(const std::string& name, Timestamp at);
  // Valid until the next call: it may be one that this very decision registers.
  const Instrument& register_instrument(const InstrumentName& name, Timestamp at);
  StrategyId register_strategy(const std::string& name, Timestamp at);

  Found find_order(std::string_view account, const OrderName& name);
  void open(const OrderReport& report, OrderOrigin origin);
  void state_known_order(const OrderReport& report, const Order& order, const Instrument& instrument,
                         const Identity& identity, OrderOrigin origin);
  void adopt_order(const FillReport& report, AccountId account, InstrumentId instrument, bool contradicts,
                   FillBooked& fill);
  // Keeps the report beside its effect: booked first, flagged second.
  void flag(std::string_view account, Timestamp at, std::string claims, std::string detail);
  std::string offered_content() const;
  IdentityKey quarantine_key(std::string_view claims, std::string_view content) const;
  void need_events(std::vector<Seq> seqs) {
    out_.events.clear();
    out_.need = Need{.kind = Need::Kind::events, .seqs = std::move(seqs), .position = {}};
  }
  // A correction brought this execution in: true when the decision has been made by it.
  bool known_by_correction(const FillReport& report, const std::string& claims);
  Asset settle_of(const InstrumentName& name) const;
  void wake_order(std::string_view account, const OrderTerms& terms);
  void conflict(const Identities::Entry& known, std::string_view account, Timestamp at, std::string claims);

  // The fill that a bust, correction or fee is about; nothing when the decision has been made without it.
  struct Execution {
    FillBooked fill;  // of one that a correction brought in: only what names it
    Seq seq{0};
    std::uint32_t variant = 0;  // of its identity
  };
  template <class ReportStruct>
  std::optional<Execution> find_execution(const ReportStruct& report, const char* what);
  std::optional<Execution> execution_of(const Identities::Entry& entry) const;
  static void add_once(std::vector<Execution>& candidates, Execution candidate);
  static bool differ_in_date_only(const std::vector<Execution>& candidates);
  static Execution latest_until(Timestamp at, std::vector<Execution>& candidates);
  const Identities::Entry* find_booked(const CorrectReport& report, const Execution& execution,
                                       const Instrument& instrument) const;
  bool knows_fee(const FeeReport& report, const Identity& identity);
  bool recall_order_of(const Execution& execution);
  std::optional<PositionHistory> history_of(const Execution& execution);
  void reverse(const Execution& execution, const TradeFacts& facts, const PositionState& after, FillReversed event);

  const Book& book_;
  const Identities& identities_;
  const DecideContext& context_;
  const Evidence& evidence_;
  Decision& out_;
  const Report* report_ = nullptr;
  Instrument fresh_instrument_;
};

}  // namespace blotter
