// The fixture's own body; see core/test_ledger_test.h.
#include "core/test_ledger_test.h"

#include <algorithm>

#include "core/history.h"

namespace blotter {
namespace {

bool recalls(const Decision& decision) {
  return decision.events.size() == 1 && std::holds_alternative<OrderRecalled>(decision.events.front());
}

Seq previous_of_order(const Event& event) {
  return std::visit(
      [](const auto& e) {
        if constexpr (requires { e.previous_of_order; }) return e.previous_of_order;
        return Seq{0};
      },
      event);
}

Seq previous_of_position(const Event& event) {
  return std::visit(
      [](const auto& e) {
        if constexpr (requires { e.previous_of_position; }) return e.previous_of_position;
        return Seq{0};
      },
      event);
}

Event through_the_codec(const Event& event) {
  ByteWriter bytes;
  encode(event, bytes);
  Event back;
  const auto decoded = decode(bytes.bytes(), back);
  EXPECT_TRUE(decoded.has_value()) << decoded.error().message;
  return back;
}

}  // namespace

DecideContext TestLedger::context(std::string_view content) const {
  const Timestamp now{static_cast<std::int64_t>(1'500'000'000 + events_.size()) * kNsPerSecond};
  return {.received_at = now, .recorded_at = now, .content = content, .released = Seq{0}, .defaults = &defaults_};
}

template <class Input>
Result<void> TestLedger::settle(const Input& input, const DecideContext& context, Decision& decision) {
  Evidence evidence;
  for (int round = 0; round < 1000; ++round) {
    BLOTTER_TRY(decide(state_, input, context, evidence, decision));
    if (decision.need) {
      EXPECT_TRUE(decision.events.empty()) << "a decision that needs evidence must not have events yet";
      fetch(*decision.need, evidence);
    } else if (recalls(decision)) {
      commit(decision);
      evidence.order.reset();
    } else {
      return {};
    }
  }
  ADD_FAILURE() << "the decision never settles";
  return {};
}

Result<TestLedger::Answer> TestLedger::try_offer(const Report& report, std::string_view content) {
  const std::size_t before = events_.size();
  Decision decision;
  const Result<void> settled = settle(report, context(content), decision);
  if (!settled) {
    EXPECT_EQ(events_.size(), before) << "an invalid report left a trace";
    return fail(settled.error());
  }
  if (decision.outcome == Outcome::exists) {
    EXPECT_TRUE(decision.events.empty()) << "what exists has no events";
  }
  commit(decision);
  wake(decision.woken);
  return Answer{.outcome = decision.outcome, .detail = decision.detail, .events = events_.size() - before};
}

Outcome TestLedger::offer(const Report& report, std::string_view content) {
  const auto answer = try_offer(report, content);
  EXPECT_TRUE(answer.has_value()) << answer.error().message;
  return answer ? answer->outcome : Outcome::quarantined;
}

std::vector<Outcome> TestLedger::offer_all(const std::vector<Report>& reports) {
  std::vector<Outcome> outcomes;
  for (const Report& report : reports) outcomes.push_back(offer(report));
  return outcomes;
}

Result<Outcome> TestLedger::command(const Command& command) {
  Decision decision;
  BLOTTER_TRY(settle(command, context({}), decision));
  commit(decision);
  wake(decision.woken);
  return decision.outcome;
}

void TestLedger::evolve_one(const Event& event) {
  events_.push_back(through_the_codec(event));
  evolve(state_, events_.back(), next(state_.book.seq()));
}

void TestLedger::replay(const std::vector<Event>& events) {
  state_ = State{};
  events_.clear();
  for (const Event& event : events) evolve_one(event);
}

void TestLedger::commit(const Decision& decision) {
  for (const Event& event : decision.events) evolve_one(event);
}

void TestLedger::wake(std::vector<IdentityKey> keys) {
  while (!keys.empty()) {
    const IdentityKey key = keys.back();
    keys.pop_back();
    std::vector<Waiting> ready;
    for (const Waiting* waiting : state_.book.waiting_for(key)) ready.push_back(*waiting);
    for (const Waiting& waiting : ready) {
      std::visit(
          [&](const auto& report) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(report)>, std::monostate>) {
              DecideContext then = context({});
              then.received_at = waiting.times.received_at;
              then.released = waiting.quarantine;
              Decision decision;
              if (!settle(Report(report), then, decision)) return;
              commit(decision);
              keys.insert(keys.end(), decision.woken.begin(), decision.woken.end());
            }
          },
          waiting.report);
    }
  }
}

template <class Previous>
std::vector<JournalEvent> TestLedger::walk(Seq last, Previous&& previous) const {
  std::vector<JournalEvent> found;
  for (Seq seq = last; to_number(seq) != 0;) {
    const Event& event = events_.at(to_number(seq) - 1);
    found.push_back({.seq = seq, .event = event});
    const Seq before = previous(event);
    EXPECT_LT(before, seq) << "a chain must lead back";
    seq = before;
  }
  std::reverse(found.begin(), found.end());
  return found;
}

Order TestLedger::read_order(Seq last) const {
  const auto order = rebuild_order(walk(last, previous_of_order));
  EXPECT_TRUE(order.has_value()) << order.error().message;
  return order ? *order : Order{};
}

void TestLedger::fetch(const Need& need, Evidence& evidence) const {
  switch (need.kind) {
    case Need::Kind::order:
      evidence.order = read_order(need.seqs.front());
      return;
    case Need::Kind::fill_order: {
      const Order then = read_order(need.seqs.front());
      const auto* known =
          state_.identities.find(order_key(book().account(then.account).name, then.terms.client_order_id));
      ASSERT_NE(known, nullptr);
      evidence.order = read_order(known->seq());
      return;
    }
    case Need::Kind::events:
      for (const Seq seq : need.seqs) {
        evidence.events.push_back({.seq = seq, .event = events_.at(to_number(seq) - 1)});
      }
      return;
    case Need::Kind::history: {
      const Position* position = book().find_position(need.position);
      ASSERT_NE(position, nullptr);
      evidence.history = walk(position->last_seq, previous_of_position);
      return;
    }
  }
}

const Order* TestLedger::order(std::string_view client_order_id, std::string_view account) const {
  return book().find_order(order_key(account, client_order_id));
}

const Order* TestLedger::order_by_venue_id(std::string_view venue_order_id, std::string_view account) const {
  return book().find_order(venue_order_key(account, venue_order_id));
}

Position TestLedger::position(std::string_view symbol, std::string_view account, std::string_view strategy) const {
  const Account* a = book().find_account(account);
  const Instrument* i = book().find_instrument(symbol, "X");
  const Strategy* s = book().find_strategy(strategy);
  if (a == nullptr || i == nullptr || s == nullptr) return {};
  const Position* found = book().find_position({.account = a->id, .instrument = i->id, .strategy = s->id});
  return found != nullptr ? *found : Position{};
}

Decimal TestLedger::balance(std::string_view asset, std::string_view account) const {
  const Account* a = book().find_account(account);
  if (a == nullptr) return {};
  const Balance* found = book().find_balance({.account = a->id, .asset = Asset::of(asset)});
  return found != nullptr ? found->amount : Decimal{};
}

std::string TestLedger::held(std::string_view symbol, std::string_view account) const {
  const PositionState state = position(symbol, account).state;
  return to_text(state.quantity) + " " + to_text(state.cost) + " " + to_text(state.realized);
}

std::string TestLedger::status(std::string_view client_order_id) const {
  const Order* found = order(client_order_id);
  return found == nullptr ? "unknown" : std::string(name_of(found->status())) + " " + to_text(found->cum);
}

InstrumentName named(std::string_view symbol) {
  return {.symbol = std::string(symbol), .venue = "X", .quote = {}, .asset_class = {}};
}

OrderReport order_line(std::string id, Side side, std::string_view quantity, std::string_view limit, std::int64_t at,
                       std::string_view symbol) {
  OrderReport report;
  report.account = "A";
  report.at = second(at);
  report.order.client_order_id = std::move(id);
  report.instrument = named(symbol);
  report.side = side;
  report.quantity = qty(quantity);
  report.limit_price = price(limit);
  return report;
}

FillReport fill_line(std::string exec_id, std::string order_id, Side side, std::string_view quantity,
                     std::string_view at_price, std::int64_t at, std::string_view symbol) {
  FillReport report;
  report.account = "A";
  report.at = second(at);
  report.exec_id = std::move(exec_id);
  report.order.client_order_id = std::move(order_id);
  report.instrument = named(symbol);
  report.side = side;
  report.quantity = qty(quantity);
  report.price = price(at_price);
  return report;
}

FillReport with_fee(FillReport fill, std::string_view fee, std::string_view asset) {
  fill.fee = dec(fee);
  fill.fee_asset = Asset::of(asset);
  return fill;
}

OrderStatusReport status_line(std::string order_id, OrdStatus status, std::int64_t at) {
  OrderStatusReport report;
  report.account = "A";
  report.at = second(at);
  report.order.client_order_id = std::move(order_id);
  report.status = status;
  return report;
}

BustReport bust_line(std::string exec_id, std::int64_t at) {
  BustReport report;
  report.account = "A";
  report.at = second(at);
  report.exec_id = std::move(exec_id);
  return report;
}

CorrectReport correct_line(std::string exec_id, std::string new_exec_id, std::string_view quantity,
                           std::string_view at_price, std::int64_t at) {
  CorrectReport report;
  report.account = "A";
  report.at = second(at);
  report.exec_id = std::move(exec_id);
  report.new_exec_id = std::move(new_exec_id);
  report.quantity = qty(quantity);
  report.price = price(at_price);
  return report;
}

FeeReport fee_line(std::string exec_id, std::string id, std::string_view amount, std::string_view asset,
                   std::int64_t at) {
  FeeReport report;
  report.account = "A";
  report.at = second(at);
  report.exec_id = std::move(exec_id);
  report.id = std::move(id);
  report.amount = dec(amount);
  report.asset = Asset::of(asset);
  return report;
}

CashReport cash_line(std::string id, CashKind kind, std::string_view asset, std::string_view amount, std::int64_t at) {
  CashReport report;
  report.account = "A";
  report.at = second(at);
  report.id = std::move(id);
  report.kind = kind;
  report.asset = Asset::of(asset);
  report.amount = dec(amount);
  return report;
}

MarkReport mark_line(std::string_view symbol, std::string_view at_price, std::int64_t at) {
  return {.at = second(at), .instrument = named(symbol), .price = price(at_price)};
}

SplitReport split_line(std::string_view symbol, std::string_view numerator, std::string_view denominator,
                       std::int64_t at) {
  return {.at = second(at), .instrument = named(symbol), .numerator = dec(numerator), .denominator = dec(denominator)};
}

InstrumentReport instrument_line(std::string_view symbol, AssetClass asset_class, std::string_view base,
                                 std::string_view quote) {
  InstrumentReport report;
  report.at = second(0);
  report.symbol = symbol;
  report.venue = "X";
  report.asset_class = asset_class;
  if (!base.empty()) report.base = Asset::of(base);
  report.quote = Asset::of(quote);
  return report;
}

AuditReport audit_line(std::string component, std::string action, std::string id, std::int64_t at) {
  AuditReport report;
  report.at = second(at);
  report.component = std::move(component);
  report.action = std::move(action);
  report.id = std::move(id);
  return report;
}

AccountReport account_line(AccountingMethod method, std::string_view account) {
  AccountReport report;
  report.at = second(0);
  report.account = account;
  report.base_currency = Asset::of("USD");
  report.method = method;
  return report;
}

}  // namespace blotter
