// All tables of the memory store, and how they are read.
//
// Threads    Reading is safe from any thread while nothing is written.
#pragma once

#include <tuple>

#include "store/ledger_entries.h"
#include "store/memory/memory_table.h"

namespace blotter {

class MemoryTables {
 public:
  template <class Row>
  MemoryTable<Row>& table() {
    return std::get<MemoryTable<Row>>(tables_);
  }
  template <class Row>
  const MemoryTable<Row>& table() const {
    return std::get<MemoryTable<Row>>(tables_);
  }

  // As StoreReader.
  Cursor cursor(std::string_view book_id) const;
  Result<void> select(const Select& select, const RowVisitor& visit) const;

  void put_cursor(std::string_view book_id, const Cursor& cursor);
  // Erases every row of the book, its cursor too.
  void erase_book(std::string_view book_id);

 private:
  template <class Visit>
  void visit_rows(const Select& select, Visit visit) const;
  void visit_ledger_entries(const LedgerEntryVisitor& visit) const;

  std::tuple<MemoryTable<BookRow>, MemoryTable<AccountRow>, MemoryTable<InstrumentRow>, MemoryTable<StrategyRow>,
             MemoryTable<OrderRow>, MemoryTable<OrderEventRow>, MemoryTable<FillRow>,
             MemoryTable<PositionAdjustmentRow>, MemoryTable<PositionRow>, MemoryTable<BalanceRow>,
             MemoryTable<CashMovementRow>, MemoryTable<PnlDailyRow>, MemoryTable<QuarantineRow>, MemoryTable<AuditRow>,
             MemoryTable<RefusedRow>>
      tables_;
};

}  // namespace blotter
