#include "store/memory/memory_tables.h"

#include <algorithm>
#include <bit>

#include "store/resolved_select.h"

namespace blotter {
namespace {

bool matches(const Cell& cell, const ResolvedFilter& filter) {
  const bool is_null = std::holds_alternative<std::monostate>(cell);
  if (filter.compare == Compare::is_null) return is_null;
  if (filter.compare == Compare::is_not_null) return !is_null;
  if (is_null) return false;  // NULL compares with nothing
  switch (filter.compare) {
    case Compare::equal:
      return cell == filter.value;
    case Compare::less:
      return cell < filter.value;
    case Compare::at_most:
      return cell <= filter.value;
    case Compare::greater:
      return cell > filter.value;
    case Compare::at_least:
      return cell >= filter.value;
    case Compare::is_null:
    case Compare::is_not_null:
      break;
  }
  return false;
}

// The variant's own order is the database's: NULL first, then numbers, then text bytewise.
bool comes_before(const Cells& a, const Cells& b, const std::vector<ResolvedOrder>& order) {
  for (const ResolvedOrder& each : order) {
    const Cell& left = a[each.column];
    const Cell& right = b[each.column];
    if (left == right) continue;
    return each.direction == Direction::ascending ? left < right : right < left;
  }
  return false;
}

}  // namespace

Cursor MemoryTables::cursor(std::string_view book_id) const {
  const BookRow* book = table<BookRow>().find({Cell(std::string(book_id))});
  if (book == nullptr) return {};
  return {Seq{static_cast<std::uint64_t>(book->applied_seq)}, Epoch{static_cast<std::uint64_t>(book->epoch)},
          std::bit_cast<std::uint64_t>(book->applied_hash)};
}

void MemoryTables::put_cursor(std::string_view book_id, const Cursor& cursor) {
  UndoLog undo;
  const BookRow row{std::string(book_id), static_cast<std::int64_t>(to_number(cursor.epoch)),
                    static_cast<std::int64_t>(to_number(cursor.applied)),
                    std::bit_cast<std::int64_t>(cursor.applied_hash)};
  const std::string problem = table<BookRow>().upsert(row, undo);
  BLOTTER_ASSERT(problem.empty());
}

void MemoryTables::erase_book(std::string_view book_id) {
  std::apply([&](auto&... tables) { (tables.erase_book(book_id), ...); }, tables_);
}

Result<void> MemoryTables::select(const Select& select, const RowVisitor& visit) const {
  BLOTTER_ASSIGN(const ResolvedSelect resolved, resolve(select));
  std::vector<Cells> rows;
  visit_rows(select, [&](const auto& row) {
    if (row.book_id != select.book_id) return;
    Cells cells = cells_of(row);
    for (const ResolvedFilter& filter : resolved.filters) {
      if (!matches(cells[filter.column], filter)) return;
    }
    rows.push_back(std::move(cells));
  });
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Cells& a, const Cells& b) { return comes_before(a, b, resolved.order); });
  std::int64_t left = select.limit;
  for (const Cells& row : rows) {
    if (left-- == 0) break;
    Cells picked;
    for (const std::size_t column : resolved.columns) picked.push_back(row[column]);
    BLOTTER_TRY(visit(picked));
  }
  return {};
}

template <class Visit>
void MemoryTables::visit_rows(const Select& select, Visit visit) const {
  if (select.table == Table::ledger_entries) return visit_ledger_entries(visit);
  const auto visit_all = [&](const auto& table) {
    if (table.shape().table != select.table) return;
    for (const auto& [key, row] : table.rows()) visit(row);
  };
  std::apply([&](const auto&... tables) { (visit_all(tables), ...); }, tables_);
}

void MemoryTables::visit_ledger_entries(const LedgerEntryVisitor& visit) const {
  const auto instrument_of = [&](const auto& row) {
    return table<InstrumentRow>().find({Cell(row.book_id), Cell(row.symbol), Cell(row.venue)});
  };
  for (const auto& [key, row] : table<FillRow>().rows()) ledger_entries_of(row, instrument_of(row), visit);
  for (const auto& [key, row] : table<PositionAdjustmentRow>().rows()) {
    ledger_entries_of(row, instrument_of(row), visit);
  }
  for (const auto& [key, row] : table<CashMovementRow>().rows()) ledger_entries_of(row, visit);
}

}  // namespace blotter
