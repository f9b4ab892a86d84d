#include "store/sqlite/batch_writer.h"

namespace blotter::sqlite {
namespace {

// Why the schema refused what was written; empty when it was written. Errc: whatever is no fault of the row.
Result<std::string> refusal_of(const Result<void>& done, int code) {
  if (done) return std::string();
  if (code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE) return std::string(kTwin);
  const int kind = code & 0xff;
  if (kind == SQLITE_CONSTRAINT || kind == SQLITE_TOOBIG || kind == SQLITE_MISMATCH) return done.error().message;
  return fail(done.error());
}

}  // namespace

Result<std::unique_ptr<BatchWriter>> BatchWriter::prepare(Connection& connection) {
  std::unique_ptr<BatchWriter> writer(new BatchWriter(connection));
  BLOTTER_TRY(writer->prepare_all());
  return writer;
}

Result<void> BatchWriter::prepare_all() {
  const auto prepare = [&](auto& statement, Table table, std::string (*sql)(const TableShape&)) {
    return statement.prepare(connection_, sql(shape_of(table)));
  };
  BLOTTER_TRY(prepare(accounts_, Table::accounts, upsert_sql));
  BLOTTER_TRY(prepare(instruments_, Table::instruments, upsert_sql));
  BLOTTER_TRY(prepare(strategies_, Table::strategies, upsert_sql));
  BLOTTER_TRY(prepare(new_orders_, Table::orders, insert_sql));
  BLOTTER_TRY(prepare(changed_orders_, Table::orders, update_in_place_sql));
  BLOTTER_TRY(prepare(changed_order_names_, Table::orders, update_sql));
  BLOTTER_TRY(prepare(order_events_, Table::order_events, insert_sql));
  BLOTTER_TRY(prepare(fills_, Table::fills, insert_sql));
  BLOTTER_TRY(prepare(position_adjustments_, Table::position_adjustments, insert_sql));
  BLOTTER_TRY(prepare(positions_, Table::positions, upsert_sql));
  BLOTTER_TRY(prepare(balances_, Table::balances, upsert_sql));
  BLOTTER_TRY(prepare(cash_movements_, Table::cash_movements, insert_sql));
  BLOTTER_TRY(prepare(pnl_daily_, Table::pnl_daily, upsert_sql));
  BLOTTER_TRY(prepare(quarantine_, Table::quarantine, insert_sql));
  BLOTTER_TRY(prepare(audit_log_, Table::audit_log, insert_sql));
  BLOTTER_TRY(prepare(refused_rows_, Table::refused_rows, upsert_sql));
  BLOTTER_ASSIGN(fill_status_, connection_.prepare("UPDATE fills SET status = ?3 WHERE book_id = ?1 AND seq = ?2"));
  BLOTTER_ASSIGN(release_,
                 connection_.prepare("UPDATE quarantine SET state = 'released' WHERE book_id = ?1 AND seq = ?2"));
  return {};
}

Result<void> BatchWriter::write(const Batch& batch, OnRefusal then) {
  Refusals refusals(batch, then);
  const auto put = [&](auto& statement, const auto& rows) { return put_all(statement, rows, batch, refusals); };
  BLOTTER_TRY(put(accounts_, batch.accounts));
  BLOTTER_TRY(put(instruments_, batch.instruments));
  BLOTTER_TRY(put(strategies_, batch.strategies));
  BLOTTER_TRY(put(new_orders_, batch.new_orders));
  BLOTTER_TRY(update_orders(batch, refusals));
  BLOTTER_TRY(put(order_events_, batch.order_events));
  BLOTTER_TRY(put(fills_, batch.fills));
  BLOTTER_TRY(update_fills(batch, refusals));
  BLOTTER_TRY(put(position_adjustments_, batch.position_adjustments));
  BLOTTER_TRY(put(positions_, batch.positions));
  BLOTTER_TRY(put(balances_, batch.balances));
  BLOTTER_TRY(put(cash_movements_, batch.cash_movements));
  BLOTTER_TRY(put(pnl_daily_, batch.pnl_daily));
  BLOTTER_TRY(put(quarantine_, batch.quarantine));
  BLOTTER_TRY(put(audit_log_, batch.audit_log));
  BLOTTER_TRY(release(batch, refusals));
  for (const RefusedRow& row : refusals.kept()) BLOTTER_TRY(refused_rows_.run(row));
  refused_rows_.finish();
  return {};
}

template <class Row>
Result<void> BatchWriter::put_all(RowStatement<Row>& statement, const std::vector<Row>& rows, const Batch& batch,
                                  Refusals& refusals) {
  for (const Row& row : rows) {
    if (const RowFault fault = fault_of(row, batch.book_id)) {
      BLOTTER_TRY(refusals.take(row, rows, words_of(fault)));
    } else if (const Result<void> done = statement.run(row); !done) {
      BLOTTER_ASSIGN(const std::string why, refusal_of(done, statement.failure()));
      BLOTTER_TRY(refusals.take(row, rows, why));
    }
  }
  if (!rows.empty()) statement.finish();
  return {};
}

Result<void> BatchWriter::update_orders(const Batch& batch, Refusals& refusals) {
  for (const OrderRow& order : batch.changed_orders) {
    std::string why;
    if (const RowFault fault = fault_of(order, batch.book_id)) {
      why = words_of(fault);
    } else {
      BLOTTER_ASSIGN(why, update_order(order));
    }
    if (!why.empty()) BLOTTER_TRY(refusals.take(order, batch.changed_orders, why));
  }
  changed_orders_.finish();
  changed_order_names_.finish();
  return {};
}

Result<std::string> BatchWriter::update_order(const OrderRow& order) {
  Result<void> done = changed_orders_.run(order);
  BLOTTER_ASSIGN(std::string why, refusal_of(done, changed_orders_.failure()));
  if (!why.empty() || connection_.changes() != 0) return why;
  done = changed_order_names_.run(order);
  BLOTTER_ASSIGN(why, refusal_of(done, changed_order_names_.failure()));
  return why.empty() && connection_.changes() == 0 ? std::string(kKeyMissing) : why;
}

Result<void> BatchWriter::update_fills(const Batch& batch, Refusals& refusals) {
  for (const FillStatusChange& change : batch.fill_status_changes) {
    if (const RowFault fault = fault_of(change)) {
      BLOTTER_TRY(refusals.take(change, words_of(fault)));
      continue;
    }
    fill_status_.bind_text(1, batch.book_id);
    fill_status_.bind_integer(2, change.seq);
    fill_status_.bind_text(3, text_of(change.status, nullptr));
    BLOTTER_TRY(fill_status_.run());
    if (connection_.changes() == 0) BLOTTER_TRY(refusals.take(change, no_such_seq(Table::fills, change.seq)));
  }
  return {};
}

Result<void> BatchWriter::release(const Batch& batch, Refusals& refusals) {
  for (const QuarantineRelease& each : batch.quarantine_releases) {
    release_.bind_text(1, batch.book_id);
    release_.bind_integer(2, each.seq);
    BLOTTER_TRY(release_.run());
    if (connection_.changes() == 0) BLOTTER_TRY(refusals.take(each, no_such_seq(Table::quarantine, each.seq)));
  }
  return {};
}

}  // namespace blotter::sqlite
