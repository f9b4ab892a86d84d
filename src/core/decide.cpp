#include "core/decide.h"

#include "core/decider.h"
#include "core/render.h"

namespace blotter {

void Decision::clear() {
  outcome = Outcome::created;
  detail.clear();
  events.clear();
  woken.clear();
  need.reset();
}

namespace {

// The one place where the core's own signal becomes an answer.
template <class Run>
Result<void> guarded(const State& state, Decision& decision, Run&& run) {
  try {
    decision.clear();
    Result<void> result = run();
    prove_fits(state.book, decision.events);
    return result;
  } catch (const Overflow& overflow) {
    decision.clear();
    return fail(Errc::invalid, std::string("numbers too large: ") + overflow.what());
  }
}

}  // namespace

Result<void> decide(const State& state, const Report& report, const DecideContext& context, const Evidence& evidence,
                    Decision& decision) {
  BLOTTER_TRY(validate(report));
  return guarded(state, decision, [&]() -> Result<void> {
    Decider decider(state, context, evidence, decision);
    decider.offer(&report);
    std::visit([&](const auto& r) { decider.decide(r); }, report);
    return {};
  });
}

Result<void> decide(const State& state, const Command& command, const DecideContext& context, const Evidence& evidence,
                    Decision& decision) {
  std::optional<Report> terms;
  if (const auto* submit = std::get_if<SubmitOrder>(&command)) {
    terms = submit->terms;
    BLOTTER_TRY(validate(*terms));
  }
  return guarded(state, decision, [&]() -> Result<void> {
    Decider decider(state, context, evidence, decision);
    if (terms) decider.offer(&*terms);
    return std::visit([&](const auto& c) { return decider.decide(c); }, command);
  });
}

void decide_quarantine(const State& state, QuarantineReason reason, std::string_view account, Timestamp at,
                       std::string_view detail, const DecideContext& context, Decision& decision) {
  decision.clear();
  const Evidence none;
  Decider decider(state, context, none, decision);
  decider.quarantine(reason, account, at, std::string(account), std::string(detail));
}

void Decider::quarantine(QuarantineReason reason, std::string_view account, Timestamp at, std::string claims,
                         std::string detail, const IdentityKey& waits_for, WaitingReport waiting,
                         std::string existing) {
  out_.events.clear();
  out_.woken.clear();
  out_.detail = detail;
  if (to_number(context_.released) != 0) {
    // It waits already; what it waited for did not help.
    out_.outcome = Outcome::quarantined;
    return;
  }
  std::string content = offered_content();
  const IdentityKey key = quarantine_key(claims, content);
  if (identities_.find(key) != nullptr) return exists();
  out_.outcome = reason == QuarantineReason::conflict ? Outcome::conflict : Outcome::quarantined;
  emit(Quarantined{.times = times(at),
                   .reason = reason,
                   .account = std::string(account),
                   .claims = std::move(claims),
                   .detail = std::move(detail),
                   .content = std::move(content),
                   .existing = std::move(existing),
                   .waits_for = waits_for,
                   .waiting = std::move(waiting),
                   .identity = {.key = key}});
}

namespace {

// The report without what its identity leaves out, so that its repetition does not wait beside it.
Report identified(Report report) {
  if (auto* bust = std::get_if<BustReport>(&report)) bust->at.ns = day_of(bust->at).days * kNsPerDay;
  if (auto* correct = std::get_if<CorrectReport>(&report)) correct->at = {};
  if (auto* fee = std::get_if<FeeReport>(&report)) fee->at = {};
  if (auto* audit = std::get_if<AuditReport>(&report); audit && !audit->id.empty()) audit->at = {};
  return report;
}

}  // namespace

// The same report in other words (spaces, order of fields) is the same record.
IdentityKey Decider::quarantine_key(std::string_view claims, std::string_view content) const {
  if (report_ == nullptr) return make_key(IdentityKind::quarantine, {claims, content});
  return make_key(IdentityKind::quarantine, {claims, render_json(identified(*report_))});
}

std::string Decider::offered_content() const {
  if (context_.content.empty() && report_ != nullptr) return render_json(*report_);
  std::string content;
  for (const char c : context_.content) {
    // No database keeps a NUL in a text.
    if (c == '\0') {
      content += "\\0";
    } else {
      content += c;
    }
  }
  return content;
}

void Decider::flag(std::string_view account, Timestamp at, std::string claims, std::string detail) {
  std::string content = offered_content();
  const IdentityKey key = quarantine_key(claims, content);
  out_.detail = detail;
  emit(Quarantined{.times = times(at),
                   .reason = QuarantineReason::contradiction,
                   .account = std::string(account),
                   .claims = std::move(claims),
                   .detail = std::move(detail),
                   .content = std::move(content),
                   .existing = {},
                   .waits_for = {},
                   .waiting = {},
                   .identity = {.key = key}});
}

namespace {

// Where the event with this identity may be: here, or (a dropped order's identity leads to its last event) further
// back.
Seq before_identity(const Event& event, const IdentityKey& key) {
  return std::visit(
      [&](const auto& e) {
        if constexpr (requires { e.previous_of_order; }) {
          if (e.identity.key != key) return e.previous_of_order;
        }
        return Seq{0};
      },
      event);
}

}  // namespace

// Both contents are kept, so the record we hold is fetched first.
void Decider::conflict(const Identities::Entry& known, std::string_view account, Timestamp at, std::string claims) {
  const Seq missing =
      evidence_.events.empty() ? known.seq() : before_identity(evidence_.events.back().event, known.key);
  if (to_number(missing) != 0) return need_events({missing});
  quarantine(QuarantineReason::conflict, account, at, std::move(claims), "known with other content", {}, {},
             render_json(evidence_.events.back().event));
}

Decider::Registered Decider::register_account(const std::string& name, Timestamp at) {
  if (const Account* known = book_.find_account(name)) return {.account = known->id, .method = known->method};
  const AccountId id{static_cast<std::uint32_t>(book_.accounts().size() + 1)};
  emit(AccountDefined{.times = times(at),
                      .account = id,
                      .name = name,
                      .base_currency = context_.defaults->base_currency,
                      .broker = {},
                      .method = AccountingMethod::average,
                      .mode = PositionMode::netting,
                      .definition = Definition::first_sight});
  return {.account = id, .method = AccountingMethod::average};
}

const Instrument& Decider::register_instrument(const InstrumentName& name, Timestamp at) {
  if (const Instrument* known = book_.find_instrument(name.symbol, name.venue)) return *known;
  const InstrumentId id{static_cast<std::uint32_t>(book_.instruments().size() + 1)};
  const Asset quote = name.quote.empty() ? context_.defaults->quote : name.quote;
  const AssetClass asset_class = name.asset_class.value_or(context_.defaults->asset_class);
  emit(InstrumentDefined{.times = times(at),
                         .instrument = id,
                         .symbol = name.symbol,
                         .venue = name.venue,
                         .asset_class = asset_class,
                         .base = {},
                         .quote = quote,
                         .settle = quote,
                         .multiplier = Decimal{1},
                         .tick_size = {},
                         .lot_size = {},
                         .inverse = false,
                         .definition = Definition::first_sight});
  fresh_instrument_ = Instrument{};
  fresh_instrument_.id = id;
  fresh_instrument_.symbol = name.symbol;
  fresh_instrument_.venue = name.venue;
  fresh_instrument_.asset_class = asset_class;
  fresh_instrument_.quote = quote;
  fresh_instrument_.settle = quote;
  return fresh_instrument_;
}

StrategyId Decider::register_strategy(const std::string& name, Timestamp at) {
  if (name.empty()) return kUnattributed;
  if (const Strategy* known = book_.find_strategy(name)) return known->id;
  const StrategyId id{static_cast<std::uint32_t>(book_.strategies().size() + 1)};
  emit(StrategyDefined{.times = times(at), .strategy = id, .name = name});
  return id;
}

}  // namespace blotter
