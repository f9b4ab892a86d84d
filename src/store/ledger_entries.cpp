#include "store/ledger_entries.h"

namespace blotter {
namespace {

constexpr const char* kMarket = "market";      // the other side of trades
constexpr const char* kFees = "fees";          // where fees go
constexpr const char* kExternal = "external";  // where money comes from and goes to

// An amount and its contra.
void visit_pair(LedgerEntryRow entry, const char* contra, const LedgerEntryVisitor& visit) {
  if (entry.amount.is_zero()) return;
  visit(entry);
  entry.account = contra;
  entry.amount = -entry.amount;
  visit(entry);
}

// A fill or an adjustment: both move the position, cash, the base and the fee by their deltas.
template <class Row>
void visit_trade(const Row& row, const InstrumentRow* instrument, const LedgerEntryVisitor& visit) {
  const auto pair = [&](std::string asset, Decimal amount, const char* entry, const char* contra) {
    visit_pair({row.book_id, row.seq, row.account, std::move(asset), amount, entry}, contra, visit);
  };
  pair(row.symbol + "@" + row.venue, row.position_delta, "position", kMarket);
  pair(std::string(row.settle.text()), row.cash_delta, "cash", kMarket);
  const bool exchanges = instrument != nullptr && exchanges_base(*instrument);
  if (exchanges) pair(std::string(instrument->base->text()), row.position_delta, "base", kMarket);
  // A fee in the base is inside position_delta already.
  if (exchanges && row.fee_asset == *instrument->base) return;
  pair(std::string(row.fee_asset.text()), -row.fee, "fee", kFees);
}

}  // namespace

bool exchanges_base(const InstrumentRow& instrument) {
  return instrument.base.has_value() &&
         (instrument.asset_class == AssetClass::crypto || instrument.asset_class == AssetClass::forex);
}

void ledger_entries_of(const FillRow& fill, const InstrumentRow* instrument, const LedgerEntryVisitor& visit) {
  visit_trade(fill, instrument, visit);
}

void ledger_entries_of(const PositionAdjustmentRow& adjustment, const InstrumentRow* instrument,
                       const LedgerEntryVisitor& visit) {
  visit_trade(adjustment, instrument, visit);
}

void ledger_entries_of(const CashMovementRow& movement, const LedgerEntryVisitor& visit) {
  visit_pair({movement.book_id, movement.seq, movement.account, std::string(movement.asset.text()), movement.amount,
              std::string(name_of(movement.kind))},
             kExternal, visit);
}

}  // namespace blotter
