#include "store/memory/memory_store.h"

#include <algorithm>

#include "store/memory/memory_tables.h"

namespace blotter {
namespace {

class MemoryMoment final : public StoreReader {
 public:
  explicit MemoryMoment(MemoryTables tables) : tables_(std::move(tables)) {}
  Result<Cursor> cursor(std::string_view book_id) override { return tables_.cursor(book_id); }
  Result<void> select(const Select& select, const RowVisitor& visit) override { return tables_.select(select, visit); }

 private:
  const MemoryTables tables_;
};

class MemoryStore final : public Store {
 public:
  Result<Cursor> cursor(std::string_view book_id) override { return tables_.cursor(book_id); }
  Result<void> select(const Select& select, const RowVisitor& visit) override { return tables_.select(select, visit); }
  Result<std::unique_ptr<StoreReader>> one_moment() override {
    return std::unique_ptr<StoreReader>(std::make_unique<MemoryMoment>(tables_));
  }

  Result<Cursor> claim(std::string_view book_id, Epoch epoch) override {
    if (book_id.empty() || to_number(epoch) == 0)
      return fail(Errc::invalid, "a claim needs a book and an epoch from 1");
    Cursor held = tables_.cursor(book_id);
    if (epoch < held.epoch) return fenced_by(book_id, epoch, held.epoch);
    held.epoch = epoch;
    tables_.put_cursor(book_id, held);
    return held;
  }

  Result<Seq> apply(const Batch& batch) override { return apply(batch, OnRefusal::end); }
  Result<Seq> apply_setting_aside(const Batch& batch) override { return apply(batch, OnRefusal::set_aside); }

  Result<void> reset(std::string_view book_id, Epoch epoch) override {
    const Cursor held = tables_.cursor(book_id);
    if (epoch != held.epoch || to_number(epoch) == 0) return fenced_by(book_id, epoch, held.epoch);
    tables_.erase_book(book_id);
    tables_.put_cursor(book_id, {Seq{0}, epoch, 0});
    return {};
  }

 private:
  Result<Seq> apply(const Batch& batch, OnRefusal then) {
    BLOTTER_TRY(check_batch(batch));
    const Cursor held = tables_.cursor(batch.book_id);
    if (held.epoch != batch.epoch || next(held.applied) != batch.first) return answer_without_effect(batch, held);
    UndoLog undo;
    Refusals refusals(batch, then);
    const Result<void> applied = apply_rows(batch, refusals, undo);
    if (!applied) {
      std::for_each(undo.rbegin(), undo.rend(), [](const auto& step) { step(); });
      return fail(applied.error());
    }
    for (const RefusedRow& row : refusals.kept()) {
      const std::string problem = tables_.table<RefusedRow>().upsert(row, undo);
      BLOTTER_ASSERT(problem.empty());
    }
    tables_.put_cursor(batch.book_id, {batch.last, batch.epoch, batch.last_hash});
    return batch.last;
  }

  template <class Row, class Put>
  Result<void> put_all(const std::vector<Row>& rows, const std::string& book_id, Refusals& refusals, Put put) {
    for (const Row& row : rows) {
      const RowFault fault = fault_of(row, book_id);
      const std::string problem = fault ? words_of(fault) : put(tables_.table<Row>(), row);
      if (!problem.empty()) BLOTTER_TRY(refusals.take(row, rows, problem));
    }
    return {};
  }

  template <class Row, class Change, class Apply>
  Result<void> change_all(const std::vector<Change>& changes, const std::string& book_id, Refusals& refusals,
                          UndoLog& undo, Apply apply) {
    for (const Change& change : changes) {
      const RowFault fault = fault_of(change);
      const Row* found = tables_.table<Row>().find({Cell(book_id), Cell(change.seq)});
      if (fault || found == nullptr) {
        BLOTTER_TRY(refusals.take(change, fault ? words_of(fault) : no_such_seq(RowTable<Row>::value, change.seq)));
        continue;
      }
      Row changed = *found;
      apply(changed, change);
      tables_.table<Row>().update(changed, undo);
    }
    return {};
  }

  Result<void> apply_rows(const Batch& batch, Refusals& refusals, UndoLog& undo) {
    const auto insert = [&](auto& table, const auto& row) { return table.insert(row, undo); };
    const auto update = [&](auto& table, const auto& row) { return table.update(row, undo); };
    const auto upsert = [&](auto& table, const auto& row) { return table.upsert(row, undo); };
    const auto put = [&](const auto& rows, const auto& how) { return put_all(rows, batch.book_id, refusals, how); };
    BLOTTER_TRY(put(batch.accounts, upsert));
    BLOTTER_TRY(put(batch.instruments, upsert));
    BLOTTER_TRY(put(batch.strategies, upsert));
    BLOTTER_TRY(put(batch.new_orders, insert));
    BLOTTER_TRY(put(batch.changed_orders, update));
    BLOTTER_TRY(put(batch.order_events, insert));
    BLOTTER_TRY(put(batch.fills, insert));
    BLOTTER_TRY(change_all<FillRow>(batch.fill_status_changes, batch.book_id, refusals, undo,
                                    [](FillRow& row, const FillStatusChange& change) { row.status = change.status; }));
    BLOTTER_TRY(put(batch.position_adjustments, insert));
    BLOTTER_TRY(put(batch.positions, upsert));
    BLOTTER_TRY(put(batch.balances, upsert));
    BLOTTER_TRY(put(batch.cash_movements, insert));
    BLOTTER_TRY(put(batch.pnl_daily, upsert));
    BLOTTER_TRY(put(batch.quarantine, insert));
    BLOTTER_TRY(put(batch.audit_log, insert));
    return change_all<QuarantineRow>(
        batch.quarantine_releases, batch.book_id, refusals, undo,
        [](QuarantineRow& row, const QuarantineRelease&) { row.state = QuarantineState::released; });
  }

  MemoryTables tables_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace blotter
