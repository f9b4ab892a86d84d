// TestLedger: decide, append, evolve and wake as the ledger's front door does, with a vector in place of the journal.
//
// Every event goes through the codec on its way, so that what a test sees is what a restart would see.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec.h"
#include "core/decide.h"

namespace blotter {

inline Decimal dec(std::string_view text) {
  const auto parsed = Decimal::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed ? *parsed : Decimal{};
}
inline Quantity qty(std::string_view text) { return Quantity(dec(text)); }
inline Price price(std::string_view text) { return Price(dec(text)); }
// Seconds into an arbitrary trading day.
inline Timestamp second(std::int64_t s) { return {1'430'438'400 * kNsPerSecond + s * kNsPerSecond}; }
inline Timestamp next_day(std::int64_t s) { return second(86'400 + s); }

// The balances a book must have, summed from the legs of its events by rules of their own.
using Totals = std::map<std::pair<std::uint32_t, std::string>, Decimal>;

class TestLedger {
 public:
  struct Answer {
    Outcome outcome = Outcome::created;
    std::string detail;
    std::size_t events = 0;  // appended for it, with what it woke
  };

  // An invalid report is an error and leaves no trace.
  Result<Answer> try_offer(const Report& report, std::string_view content = {});
  // For reports that are valid.
  Outcome offer(const Report& report, std::string_view content = {});
  std::vector<Outcome> offer_all(const std::vector<Report>& reports);
  Result<Outcome> command(const Command& command);
  // Starts again from these events, as a restart does.
  void replay(const std::vector<Event>& events);
  void evolve_one(const Event& event);

  const State& state() const { return state_; }
  State& state() { return state_; }
  const Book& book() const { return state_.book; }
  const std::vector<Event>& events() const { return events_; }
  Defaults& defaults() { return defaults_; }

  template <class EventStruct>
  std::vector<EventStruct> all() const {
    std::vector<EventStruct> found;
    for (const Event& event : events_) {
      if (const auto* one = std::get_if<EventStruct>(&event)) found.push_back(*one);
    }
    return found;
  }
  template <class EventStruct>
  EventStruct last() const {
    const auto found = all<EventStruct>();
    EXPECT_FALSE(found.empty());
    return found.empty() ? EventStruct{} : found.back();
  }

  // What a person would ask; of account "A", venue "X", strategy unattributed unless said.
  const Order* order(std::string_view client_order_id, std::string_view account = "A") const;
  const Order* order_by_venue_id(std::string_view venue_order_id, std::string_view account = "A") const;
  Position position(std::string_view symbol, std::string_view account = "A",
                    std::string_view strategy = "unattributed") const;
  Decimal balance(std::string_view asset, std::string_view account = "A") const;
  // "quantity cost realized", for one glance.
  std::string held(std::string_view symbol, std::string_view account = "A") const;
  std::string status(std::string_view client_order_id) const;

 private:
  template <class Input>
  Result<void> settle(const Input& input, const DecideContext& context, Decision& decision);
  void fetch(const Need& need, Evidence& evidence) const;
  template <class Previous>
  std::vector<JournalEvent> walk(Seq last, Previous&& previous) const;
  Order read_order(Seq last) const;
  void commit(const Decision& decision);
  void wake(std::vector<IdentityKey> keys);
  DecideContext context(std::string_view content) const;

  State state_;
  std::vector<Event> events_;
  Defaults defaults_;
};

// The whole state as text in an order of its own: equal states have equal texts, however they came about.
std::string canonical(const State& state);

// The laws that hold at any time: balances are the sum of all legs, positions the fold from nothing of the trades that
// still stand, the sum of their cash equals realised - cost, lots add up, orders hold the sum of their fills.
void prove_conservation(const TestLedger& ledger);

// Reports with the usual parts filled in: account "A", instrument SYM@X.
InstrumentName named(std::string_view symbol);
OrderReport order_line(std::string id, Side side, std::string_view quantity, std::string_view limit, std::int64_t at,
                       std::string_view symbol = "SYM");
FillReport fill_line(std::string exec_id, std::string order_id, Side side, std::string_view quantity,
                     std::string_view at_price, std::int64_t at, std::string_view symbol = "SYM");
FillReport with_fee(FillReport fill, std::string_view fee, std::string_view asset);
OrderStatusReport status_line(std::string order_id, OrdStatus status, std::int64_t at);
BustReport bust_line(std::string exec_id, std::int64_t at);
CorrectReport correct_line(std::string exec_id, std::string new_exec_id, std::string_view quantity,
                           std::string_view at_price, std::int64_t at);
FeeReport fee_line(std::string exec_id, std::string id, std::string_view amount, std::string_view asset,
                   std::int64_t at);
CashReport cash_line(std::string id, CashKind kind, std::string_view asset, std::string_view amount, std::int64_t at);
MarkReport mark_line(std::string_view symbol, std::string_view at_price, std::int64_t at);
SplitReport split_line(std::string_view symbol, std::string_view numerator, std::string_view denominator,
                       std::int64_t at);
InstrumentReport instrument_line(std::string_view symbol, AssetClass asset_class, std::string_view base,
                                 std::string_view quote);
AuditReport audit_line(std::string component, std::string action, std::string id, std::int64_t at);
AccountReport account_line(AccountingMethod method, std::string_view account = "A");

}  // namespace blotter
