// Writes the rows of a batch through statements that are prepared once. Inside the caller's transaction.
#pragma once

#include "blotter/store.h"
#include "store/sqlite/row_statement.h"

namespace blotter::sqlite {

class BatchWriter {
 public:
  static Result<std::unique_ptr<BatchWriter>> prepare(Connection& connection);

  // Errc: invalid (a row that the schema or the batch's own promises refuse), else as Connection::error_of.
  Result<void> write(const Batch& batch);

 private:
  explicit BatchWriter(Connection& connection) : connection_(connection) {}

  Result<void> prepare_all();
  template <class Row>
  Result<void> put_all(RowStatement<Row>& statement, const std::vector<Row>& rows, const std::string& book_id);
  Result<void> update_orders(const std::vector<OrderRow>& orders, const std::string& book_id);
  Result<void> update_fills(const std::vector<FillStatusChange>& changes, const std::string& book_id);
  Result<void> release(const std::vector<QuarantineRelease>& releases, const std::string& book_id);

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
  Statement fill_status_;
  Statement release_;
};

}  // namespace blotter::sqlite
