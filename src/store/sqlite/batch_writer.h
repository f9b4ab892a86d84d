// Writes the rows of a batch through statements that are prepared once. Inside the caller's transaction.
#pragma once

#include "store/refused_row.h"
#include "store/sqlite/row_statement.h"

namespace blotter::sqlite {

class BatchWriter {
 public:
  static Result<std::unique_ptr<BatchWriter>> prepare(Connection& connection);

  // A row that the schema or the batch's own promises refuse ends it or is set aside; SQLite undoes what a refused
  // statement did, so the transaction goes on. Errc: invalid (such a row), else as Connection::error_of.
  Result<void> write(const Batch& batch, OnRefusal then);

 private:
  explicit BatchWriter(Connection& connection) : connection_(connection) {}

  Result<void> prepare_all();
  template <class Row>
  Result<void> put_all(RowStatement<Row>& statement, const std::vector<Row>& rows, const Batch& batch,
                       Refusals& refusals);
  Result<void> update_orders(const Batch& batch, Refusals& refusals);
  // Why the order was refused; empty when it was written. Errc as Connection::error_of.
  Result<std::string> update_order(const OrderRow& order);
  Result<void> update_fills(const Batch& batch, Refusals& refusals);
  Result<void> release(const Batch& batch, Refusals& refusals);

  Connection& connection_;
  RowStatement<AccountRow> accounts_;
  RowStatement<InstrumentRow> instruments_;
  RowStatement<StrategyRow> strategies_;
  RowStatement<OrderRow> new_orders_;
  RowStatement<OrderRow> changed_orders_;       // identity unchanged, which is nearly always so
  RowStatement<OrderRow> changed_order_names_;  // the rest
  RowStatement<OrderEventRow> order_events_;
  RowStatement<FillRow> fills_;
  RowStatement<PositionAdjustmentRow> position_adjustments_;
  RowStatement<PositionRow> positions_;
  RowStatement<BalanceRow> balances_;
  RowStatement<CashMovementRow> cash_movements_;
  RowStatement<PnlDailyRow> pnl_daily_;
  RowStatement<QuarantineRow> quarantine_;
  RowStatement<AuditRow> audit_log_;
  RowStatement<RefusedRow> refused_rows_;
  Statement fill_status_;
  Statement release_;
};

}  // namespace blotter::sqlite
