// The double-entry view of everything that moves a position or a balance (docs/schema.md).
//
// Every movement gives two entries, one of the account and its contra, so the amounts of each event and asset sum to
// zero. sql/sqlite/0002_ledger_entries.up.sql is the same definition in SQL; the contract suite compares the two.
#pragma once

#include <functional>

#include "blotter/rows.h"
#include "store/table_shape.h"

namespace blotter {

using LedgerEntryVisitor = std::function<void(const LedgerEntryRow&)>;

// Whether trades of the instrument exchange the asset itself, so that they move the base balance too.
bool exchanges_base(const InstrumentRow& instrument);

// Entries of zero are left out. `instrument` is null when the store does not know it.
void ledger_entries_of(const FillRow& fill, const InstrumentRow* instrument, const LedgerEntryVisitor& visit);
void ledger_entries_of(const PositionAdjustmentRow& adjustment, const InstrumentRow* instrument,
                       const LedgerEntryVisitor& visit);
void ledger_entries_of(const CashMovementRow& movement, const LedgerEntryVisitor& visit);

}  // namespace blotter
