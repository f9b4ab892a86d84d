#include "store/postgres/batch_writer.h"

#include <algorithm>

#include "store/postgres/careful_writer.h"
#include "store/postgres/select_rows.h"
#include "store/row_rules.h"

namespace blotter::postgres {
namespace {

// A constraint that somebody deferred would refuse the row at COMMIT, when it can no longer be set aside.
constexpr const char* kConstraintsNow = "SET CONSTRAINTS ALL IMMEDIATE";

// First of all, because it takes the decision: one row when the book is this writer's and the batch is the next one.
constexpr const char* kMoveCursor =
    "UPDATE ledger.books SET applied_seq = $1, applied_hash = $2"
    " WHERE book_id = $3 AND epoch = $4 AND applied_seq = $5";

Parameters cursor_parameters(const Batch& batch) {
  return Parameters()
      .add(static_cast<std::int64_t>(to_number(batch.last)))
      .add(static_cast<std::int64_t>(batch.last_hash))
      .add(batch.book_id)
      .add(static_cast<std::int64_t>(to_number(batch.epoch)))
      .add(static_cast<std::int64_t>(to_number(batch.first)) - 1);
}

template <class Row>
bool all_good(const std::vector<Row>& rows, const std::string& book_id) {
  return std::none_of(rows.begin(), rows.end(), [&](const Row& row) { return bool(fault_of(row, book_id)); });
}

// Whether every row satisfies the rules, so that only the database itself can still refuse one.
bool is_good(const Batch& batch) {
  const auto good = [&](const auto& rows) { return all_good(rows, batch.book_id); };
  return good(batch.accounts) && good(batch.instruments) && good(batch.strategies) && good(batch.new_orders) &&
         good(batch.changed_orders) && good(batch.order_events) && good(batch.fills) &&
         good(batch.position_adjustments) && good(batch.positions) && good(batch.balances) &&
         good(batch.cash_movements) && good(batch.pnl_daily) && good(batch.quarantine) && good(batch.audit_log) &&
         std::none_of(batch.fill_status_changes.begin(), batch.fill_status_changes.end(),
                      [](const FillStatusChange& change) { return bool(fault_of(change)); });
}

// Calls visit with every vector of rows that are always new. No order among them matters: none refers to another.
template <class Visit>
Result<void> for_each_insert(const Batch& batch, Visit visit) {
  BLOTTER_TRY(visit(batch.new_orders));
  BLOTTER_TRY(visit(batch.order_events));
  BLOTTER_TRY(visit(batch.fills));
  BLOTTER_TRY(visit(batch.position_adjustments));
  BLOTTER_TRY(visit(batch.cash_movements));
  BLOTTER_TRY(visit(batch.quarantine));
  return visit(batch.audit_log);
}

void queue_updates(RowSender& sender, const Batch& batch) {
  sender.queue_update(batch.changed_orders);
  sender.queue_statuses(batch.book_id, batch.fill_status_changes);
  sender.queue_upsert(batch.positions);
  sender.queue_upsert(batch.balances);
  sender.queue_upsert(batch.pnl_daily);
  sender.queue_releases(batch.book_id, batch.quarantine_releases);
}

}  // namespace

Result<Seq> BatchWriter::apply(const Batch& batch) {
  BLOTTER_TRY(check_batch(batch));
  if (is_good(batch)) {
    Result<Seq> done = apply_at_once(batch);
    if (!done && lacks_partition(connection_.refusal())) {
      partitions_.forget();
      done = apply_at_once(batch);
    }
    if (done || done.error().code != Errc::invalid) return done;
  }
  // A row is refused, or the cursor is elsewhere.
  return apply_carefully(batch, OnRefusal::end);
}

Result<Seq> BatchWriter::apply_setting_aside(const Batch& batch) {
  BLOTTER_TRY(check_batch(batch));
  return apply_carefully(batch, OnRefusal::set_aside);
}

Result<Seq> BatchWriter::apply_at_once(const Batch& batch) {
  BLOTTER_TRY(partitions_.ensure(connection_, batch));
  Transaction transaction(connection_);
  sender_.forget();
  sender_.take_sent();
  sender_.queue(kBegin);
  sender_.queue(kOfATransaction);
  sender_.queue(kConstraintsNow);
  sender_.queue_guard(kMoveCursor, cursor_parameters(batch));
  sender_.queue_upsert(batch.accounts);
  sender_.queue_upsert(batch.instruments);
  sender_.queue_upsert(batch.strategies);
  bool copies = false;
  BLOTTER_TRY(for_each_insert(batch, [&](const auto& rows) -> Result<void> {
    if (RowSender::is_few(rows.size()))
      sender_.queue_insert(rows);
    else
      copies = true;
    return {};
  }));
  if (copies) {
    BLOTTER_TRY(sender_.flush());
    BLOTTER_TRY(for_each_insert(batch, [&](const auto& rows) -> Result<void> {
      return RowSender::is_few(rows.size()) ? Result<void>() : sender_.copy(rows);
    }));
  }
  queue_updates(sender_, batch);
  BLOTTER_TRY(sender_.flush());
  // A kind of row that somebody adds to Batch, and not here, would be lost in silence.
  BLOTTER_ASSERT(sender_.take_sent() == batch.row_count());
  BLOTTER_TRY(transaction.commit());
  return batch.last;
}

Result<Seq> BatchWriter::apply_carefully(const Batch& batch, OnRefusal then) {
  BLOTTER_TRY(partitions_.ensure(connection_, batch));
  BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(connection_));
  BLOTTER_TRY(connection_.run_script(kOfATransaction));
  BLOTTER_TRY(connection_.run_script(kConstraintsNow));
  BLOTTER_ASSIGN(const std::int64_t moved, connection_.execute(kMoveCursor, cursor_parameters(batch)));
  if (moved != 1) {
    BLOTTER_ASSIGN(const Cursor held, cursor_of(connection_, batch.book_id));
    return answer_without_effect(batch, held);
  }
  sender_.forget();
  BLOTTER_TRY(CarefulWriter(connection_, sender_, batch, then).write());
  BLOTTER_TRY(transaction.commit());
  return batch.last;
}

}  // namespace blotter::postgres
