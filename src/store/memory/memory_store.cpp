#include "store/memory/memory_store.h"

#include <algorithm>
#include <tuple>

#include "store/ledger_entries.h"
#include "store/memory/memory_table.h"
#include "store/resolved_select.h"
#include "store/row_rules.h"

namespace blotter {
namespace {

bool matches(const Cell& cell, const ResolvedFilter& filter) {
  const bool is_null = std::holds_alternative<std::monostate>(cell);
  if (filter.compare == Compare::is_null) return is_null;
  if (filter.compare == Compare::is_not_null) return !is_null;
  if (is_null) return false;  // NULL compares with nothing
  switch (filter.compare) {
    case Compare::equal:
      return cell == *filter.value;
    case Compare::less:
      return cell < *filter.value;
    case Compare::at_most:
      return cell <= *filter.value;
    case Compare::greater:
      return cell > *filter.value;
    case Compare::at_least:
      return cell >= *filter.value;
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

class MemoryStore final : public Store {
 public:
  Result<Cursor> cursor(std::string_view book_id) override { return cursor_of(book_id); }

  Result<Cursor> claim(std::string_view book_id, Epoch epoch) override {
    if (book_id.empty() || to_number(epoch) == 0)
      return fail(Errc::invalid, "a claim needs a book and an epoch from 1");
    const Cursor held = cursor_of(book_id);
    if (epoch < held.epoch) return fenced_by(book_id, epoch, held.epoch);
    UndoLog undo;
    table<BookRow>().upsert(book_row(book_id, {held.applied, epoch}), undo);
    return Cursor{held.applied, epoch};
  }

  Result<Seq> apply(const Batch& batch) override {
    BLOTTER_TRY(check_batch(batch));
    const Cursor held = cursor_of(batch.book_id);
    if (held.epoch != batch.epoch || next(held.applied) != batch.first) return answer_without_effect(batch, held);
    UndoLog undo;
    const Result<void> applied = apply_rows(batch, undo);
    if (!applied) {
      std::for_each(undo.rbegin(), undo.rend(), [](const auto& step) { step(); });
      return fail(applied.error());
    }
    table<BookRow>().upsert(book_row(batch.book_id, {batch.last, batch.epoch}), undo);
    return batch.last;
  }

  Result<void> select(const Select& select, const RowVisitor& visit) override {
    BLOTTER_ASSIGN(const ResolvedSelect resolved, resolve(select));
    std::vector<Cells> rows;
    collect(select, resolved, rows);
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

  Result<void> reset(std::string_view book_id, Epoch epoch) override {
    const Cursor held = cursor_of(book_id);
    if (epoch != held.epoch || to_number(epoch) == 0) return fenced_by(book_id, epoch, held.epoch);
    std::apply([&](auto&... tables) { (tables.erase_book(book_id), ...); }, tables_);
    UndoLog undo;
    table<BookRow>().insert(book_row(book_id, {Seq{0}, epoch}), undo);
    return {};
  }

 private:
  template <class Row>
  MemoryTable<Row>& table() {
    return std::get<MemoryTable<Row>>(tables_);
  }

  static BookRow book_row(std::string_view book_id, const Cursor& cursor) {
    return {std::string(book_id), static_cast<std::int64_t>(to_number(cursor.epoch)),
            static_cast<std::int64_t>(to_number(cursor.applied))};
  }

  Cursor cursor_of(std::string_view book_id) {
    const BookRow* book = table<BookRow>().find({Cell(std::string(book_id))});
    if (book == nullptr) return {};
    return {Seq{static_cast<std::uint64_t>(book->applied_seq)}, Epoch{static_cast<std::uint64_t>(book->epoch)}};
  }

  template <class Row, class Put>
  Result<void> put_all(const std::vector<Row>& rows, std::string_view book_id, Put put) {
    for (const Row& row : rows) {
      BLOTTER_TRY(check_row(row, rows, book_id));
      const std::string problem = put(table<Row>(), row);
      if (problem.empty()) continue;
      const auto index = static_cast<std::size_t>(&row - rows.data());
      return fail(Errc::invalid, row_message(RowTable<Row>::value, index, rows.size(), problem));
    }
    return {};
  }

  template <class Row, class Change>
  Result<void> change_by_seq(std::string_view book_id, std::int64_t seq, UndoLog& undo, Change change) {
    const Row* found = table<Row>().find({Cell(std::string(book_id)), Cell(seq)});
    if (found == nullptr) {
      return fail(Errc::invalid, shape_of(RowTable<Row>::value).name + " has no seq " + std::to_string(seq));
    }
    std::vector<Row> changed{*found};
    change(changed[0]);
    BLOTTER_TRY(check_row(changed[0], changed, book_id));
    table<Row>().update(changed[0], undo);
    return {};
  }

  Result<void> apply_rows(const Batch& batch, UndoLog& undo) {
    const auto insert = [&](auto& table, const auto& row) { return table.insert(row, undo); };
    const auto update = [&](auto& table, const auto& row) { return table.update(row, undo); };
    const auto upsert = [&](auto& table, const auto& row) { return table.upsert(row, undo); };
    const std::string& book = batch.book_id;
    BLOTTER_TRY(put_all(batch.accounts, book, upsert));
    BLOTTER_TRY(put_all(batch.instruments, book, upsert));
    BLOTTER_TRY(put_all(batch.strategies, book, upsert));
    BLOTTER_TRY(put_all(batch.new_orders, book, insert));
    BLOTTER_TRY(put_all(batch.changed_orders, book, update));
    BLOTTER_TRY(put_all(batch.order_events, book, insert));
    BLOTTER_TRY(put_all(batch.fills, book, insert));
    for (const FillStatusChange& change : batch.fill_status_changes) {
      BLOTTER_TRY(change_by_seq<FillRow>(book, change.seq, undo, [&](FillRow& row) { row.status = change.status; }));
    }
    BLOTTER_TRY(put_all(batch.position_adjustments, book, insert));
    BLOTTER_TRY(put_all(batch.positions, book, upsert));
    BLOTTER_TRY(put_all(batch.balances, book, upsert));
    BLOTTER_TRY(put_all(batch.cash_movements, book, insert));
    BLOTTER_TRY(put_all(batch.pnl_daily, book, upsert));
    BLOTTER_TRY(put_all(batch.quarantine, book, insert));
    for (const QuarantineRelease& release : batch.quarantine_releases) {
      BLOTTER_TRY(change_by_seq<QuarantineRow>(book, release.seq, undo,
                                               [](QuarantineRow& row) { row.state = QuarantineState::released; }));
    }
    return {};
  }

  void collect(const Select& select, const ResolvedSelect& resolved, std::vector<Cells>& rows) {
    const auto take = [&](const auto& row) {
      if (row.book_id != select.book_id) return;
      Cells cells = cells_of(row);
      for (const ResolvedFilter& filter : resolved.filters) {
        if (!matches(cells[filter.column], filter)) return;
      }
      rows.push_back(std::move(cells));
    };
    if (select.table == Table::ledger_entries) return visit_ledger_entries(take);
    const auto take_all = [&](const auto& table) {
      if (table.shape().table != select.table) return;
      for (const auto& [key, row] : table.rows()) take(row);
    };
    std::apply([&](const auto&... tables) { (take_all(tables), ...); }, tables_);
  }

  void visit_ledger_entries(const LedgerEntryVisitor& visit) {
    const auto instrument_of = [&](const auto& row) {
      return table<InstrumentRow>().find({Cell(row.book_id), Cell(row.symbol), Cell(row.venue)});
    };
    for (const auto& [key, row] : table<FillRow>().rows()) ledger_entries_of(row, instrument_of(row), visit);
    for (const auto& [key, row] : table<PositionAdjustmentRow>().rows()) {
      ledger_entries_of(row, instrument_of(row), visit);
    }
    for (const auto& [key, row] : table<CashMovementRow>().rows()) ledger_entries_of(row, visit);
  }

  std::tuple<MemoryTable<BookRow>, MemoryTable<AccountRow>, MemoryTable<InstrumentRow>, MemoryTable<StrategyRow>,
             MemoryTable<OrderRow>, MemoryTable<OrderEventRow>, MemoryTable<FillRow>,
             MemoryTable<PositionAdjustmentRow>, MemoryTable<PositionRow>, MemoryTable<BalanceRow>,
             MemoryTable<CashMovementRow>, MemoryTable<PnlDailyRow>, MemoryTable<QuarantineRow>>
      tables_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace blotter
