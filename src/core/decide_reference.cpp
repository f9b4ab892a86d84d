// decide() for what is known of accounts and instruments, for cash, marks, splits and the audit trail.
#include "core/decider.h"
#include "core/json_scanner.h"

namespace blotter {

void Decider::decide(const AccountReport& report) {
  const Account* known = book_.find_account(report.account);
  const bool same = known != nullptr && known->base_currency == report.base_currency &&
                    known->broker == report.broker && known->method == report.method && known->mode == report.mode;
  if (same && known->stated) return exists();
  const bool fixed = known != nullptr && (known->stated || (known->traded && known->method != report.method));
  if (fixed) {
    return quarantine(QuarantineReason::conflict, report.account, report.at, "account " + report.account,
                      "the account is defined otherwise, or has fills booked by another method", {}, {},
                      "{\"base_currency\":\"" + std::string(known->base_currency.text()) + "\",\"method\":\"" +
                          std::string(name_of(known->method)) + "\"}");
  }
  const AccountId id =
      known != nullptr ? known->id : AccountId{static_cast<std::uint32_t>(book_.accounts().size() + 1)};
  emit(AccountDefined{.times = times(report.at),
                      .account = id,
                      .name = report.account,
                      .base_currency = report.base_currency,
                      .broker = report.broker,
                      .method = report.method,
                      .mode = report.mode,
                      .definition = Definition::stated});
}

void Decider::decide(const InstrumentReport& report) {
  const Asset settle = !report.settle.empty() ? report.settle : (report.inverse ? report.base : report.quote);
  const Instrument* known = book_.find_instrument(report.symbol, report.venue);
  const bool same = known != nullptr && known->asset_class == report.asset_class && known->base == report.base &&
                    known->quote == report.quote && known->settle == settle && known->multiplier == report.multiplier &&
                    known->tick_size == report.tick_size && known->lot_size == report.lot_size &&
                    known->inverse == report.inverse;
  if (same && known->stated) return exists();
  if (known != nullptr && !same && (known->stated || known->traded)) {
    return quarantine(QuarantineReason::conflict, "", report.at, "instrument " + report.symbol + "@" + report.venue,
                      "the instrument is defined otherwise, or has fills booked by its first definition", {}, {},
                      "{\"quote\":\"" + std::string(known->quote.text()) + "\",\"multiplier\":\"" +
                          to_text(known->multiplier) + "\"}");
  }
  const InstrumentId id =
      known != nullptr ? known->id : InstrumentId{static_cast<std::uint32_t>(book_.instruments().size() + 1)};
  emit(InstrumentDefined{.times = times(report.at),
                         .instrument = id,
                         .symbol = report.symbol,
                         .venue = report.venue,
                         .asset_class = report.asset_class,
                         .base = report.base,
                         .quote = report.quote,
                         .settle = settle,
                         .multiplier = report.multiplier,
                         .tick_size = report.tick_size,
                         .lot_size = report.lot_size,
                         .inverse = report.inverse,
                         .definition = Definition::stated});
}

void Decider::decide(const CashReport& report) {
  const std::string_view kind = name_of(report.kind);
  const Identity identity{
      .key = make_key(IdentityKind::cash, {report.account, kind, report.id}),
      .variant = 0,
      .content = make_content({report.asset.text(), bytes_of(report.amount), report.symbol, report.venue})};
  if (const Identities::Entry* known = identities_.find(identity.key)) {
    if (known->content == identity.content) return exists();
    return conflict(*known, report.account, report.at,
                    "cash " + report.account + " " + std::string(kind) + " " + report.id);
  }
  const Registered account = register_account(report.account, report.at);
  emit(CashMoved{.times = times(report.at),
                 .account = account.account,
                 .id = report.id,
                 .kind = report.kind,
                 .asset = report.asset,
                 .amount = report.amount,
                 .symbol = report.symbol,
                 .venue = report.venue,
                 .note = report.note,
                 .identity = identity});
}

void Decider::decide(const MarkReport& report) {
  const Instrument* known = book_.find_instrument(report.instrument.symbol, report.instrument.venue);
  if (known != nullptr && book_.knows_mark(known->id, report.at, report.price)) return exists();
  const InstrumentId instrument = register_instrument(report.instrument, report.at).id;
  emit(MarkSet{.times = times(report.at), .instrument = instrument, .price = report.price});
}

void Decider::decide(const SplitReport& report) {
  const Identity identity{
      .key = make_key(IdentityKind::split, {report.instrument.symbol, report.instrument.venue, bytes_of(report.at.ns)}),
      .variant = 0,
      .content = make_content({bytes_of(report.numerator), bytes_of(report.denominator)})};
  const std::string claims = "split " + report.instrument.symbol + "@" + report.instrument.venue;
  if (const Identities::Entry* known = identities_.find(identity.key)) {
    if (known->content == identity.content) return exists();
    return conflict(*known, "", report.at, claims);
  }
  const bool registered = book_.find_instrument(report.instrument.symbol, report.instrument.venue) != nullptr;
  const InstrumentId instrument = register_instrument(report.instrument, report.at).id;
  emit(SplitRecorded{.times = times(report.at),
                     .instrument = instrument,
                     .numerator = report.numerator,
                     .denominator = report.denominator,
                     .identity = identity});
  if (!registered) return;
  // Flat ones too: a bust may open them again, in units of before the split.
  for (const PositionKey& key : book_.positions_of(instrument)) {
    const Position& position = *book_.find_position(key);
    PositionState after = position.state;
    apply_split(after, report.numerator, report.denominator);
    emit(PositionSplit{.times = times(report.at),
                       .account = key.account,
                       .instrument = key.instrument,
                       .strategy = key.strategy,
                       .numerator = report.numerator,
                       .denominator = report.denominator,
                       .delta = {.quantity = after.quantity - position.state.quantity, .cost = {}, .realized = {}},
                       .previous_of_position = position.last_seq});
  }
}

namespace {

// Under its id an entry is the same whenever it is said again; without one only all of it can tell.
Identity identity_of(const AuditReport& report, std::string_view details) {
  const std::string_view severity = name_of(report.severity);
  if (report.id.empty()) {
    return {.key = make_key(IdentityKind::audit, {report.component, "", bytes_of(report.at.ns), report.action, details,
                                                  report.user_id, report.session_id, severity}),
            .variant = 0,
            .content = 0};
  }
  return {.key = make_key(IdentityKind::audit, {report.component, report.id}),
          .variant = 0,
          .content = make_content({report.action, details, report.user_id, report.session_id, severity})};
}

}  // namespace

void Decider::decide(const AuditReport& report) {
  JsonScanner scanner;
  std::string_view details;
  const bool has_details = !report.details.empty() && scanner.whole_object(report.details, details);
  if (!has_details || details == "{}") details = {};
  const Identity identity = identity_of(report, details);
  if (const Identities::Entry* known = identities_.find(identity.key)) {
    if (known->content == identity.content) return exists();
    return conflict(*known, "", report.at, "audit " + report.component + " " + report.id);
  }
  emit(AuditRecorded{.times = times(report.at),
                     .component = report.component,
                     .action = report.action,
                     .id = report.id,
                     .details = std::string(details),
                     .user_id = report.user_id,
                     .session_id = report.session_id,
                     .severity = report.severity,
                     .identity = identity});
}

}  // namespace blotter
