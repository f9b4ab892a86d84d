#include "store/sqlite/batch_writer.h"

#include "store/row_rules.h"

namespace blotter::sqlite {
namespace {

template <class Row>
Error at_row(const Row& row, const std::vector<Row>& rows, const Error& error) {
  const auto index = static_cast<std::size_t>(&row - rows.data());
  return {error.code, row_message(RowTable<Row>::value, index, rows.size(), error.message)};
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
  BLOTTER_ASSIGN(fill_status_, connection_.prepare("UPDATE fills SET status = ?3 WHERE book_id = ?1 AND seq = ?2"));
  BLOTTER_ASSIGN(release_,
                 connection_.prepare("UPDATE quarantine SET state = 'released' WHERE book_id = ?1 AND seq = ?2"));
  return {};
}

Result<void> BatchWriter::write(const Batch& batch) {
  const std::string& book = batch.book_id;
  BLOTTER_TRY(put_all(accounts_, batch.accounts, book));
  BLOTTER_TRY(put_all(instruments_, batch.instruments, book));
  BLOTTER_TRY(put_all(strategies_, batch.strategies, book));
  BLOTTER_TRY(put_all(new_orders_, batch.new_orders, book));
  BLOTTER_TRY(update_orders(batch.changed_orders, book));
  BLOTTER_TRY(put_all(order_events_, batch.order_events, book));
  BLOTTER_TRY(put_all(fills_, batch.fills, book));
  BLOTTER_TRY(update_fills(batch.fill_status_changes, book));
  BLOTTER_TRY(put_all(position_adjustments_, batch.position_adjustments, book));
  BLOTTER_TRY(put_all(positions_, batch.positions, book));
  BLOTTER_TRY(put_all(balances_, batch.balances, book));
  BLOTTER_TRY(put_all(cash_movements_, batch.cash_movements, book));
  BLOTTER_TRY(put_all(pnl_daily_, batch.pnl_daily, book));
  BLOTTER_TRY(put_all(quarantine_, batch.quarantine, book));
  return release(batch.quarantine_releases, book);
}

template <class Row>
Result<void> BatchWriter::put_all(RowStatement<Row>& statement, const std::vector<Row>& rows,
                                  const std::string& book_id) {
  for (const Row& row : rows) {
    BLOTTER_TRY(check_row(row, rows, book_id));
    if (const Result<void> done = statement.run(row); !done) return fail(at_row(row, rows, done.error()));
  }
  if (!rows.empty()) statement.finish();
  return {};
}

Result<void> BatchWriter::update_orders(const std::vector<OrderRow>& orders, const std::string& book_id) {
  for (const OrderRow& order : orders) {
    BLOTTER_TRY(check_row(order, orders, book_id));
    Result<void> done = changed_orders_.run(order);
    if (done && connection_.changes() == 0) done = changed_order_names_.run(order);
    if (done && connection_.changes() == 0) done = fail(Errc::invalid, "the key is not there");
    if (!done) return fail(at_row(order, orders, done.error()));
  }
  if (!orders.empty()) changed_orders_.finish();
  return {};
}

Result<void> BatchWriter::update_fills(const std::vector<FillStatusChange>& changes, const std::string& book_id) {
  for (const FillStatusChange& change : changes) {
    fill_status_.bind_text(1, book_id);
    fill_status_.bind_integer(2, change.seq);
    fill_status_.bind_text(3, text_of(change.status, nullptr));
    BLOTTER_TRY(fill_status_.run());
    if (connection_.changes() == 0) return fail(Errc::invalid, "fills has no seq " + std::to_string(change.seq));
  }
  return {};
}

Result<void> BatchWriter::release(const std::vector<QuarantineRelease>& releases, const std::string& book_id) {
  for (const QuarantineRelease& each : releases) {
    release_.bind_text(1, book_id);
    release_.bind_integer(2, each.seq);
    BLOTTER_TRY(release_.run());
    if (connection_.changes() == 0) return fail(Errc::invalid, "quarantine has no seq " + std::to_string(each.seq));
  }
  return {};
}

}  // namespace blotter::sqlite
