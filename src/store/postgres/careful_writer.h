// Lands a batch of which some row is refused: table by table, each attempt behind a savepoint, halving what fails until
// the row is alone. The way that finds out; batch_writer.h has the way that is fast.
//
// Attempts   For one refused row among n: at most 2 log2(n) + 1. COPY names the line it stopped at: then four.
// Failure    The transaction is the caller's and has to be rolled back by it. Errc: invalid (OnRefusal::end: the first
//            refused row, by name), else as Connection.
#pragma once

#include <span>

#include "store/postgres/row_sender.h"
#include "store/refused_row.h"

namespace blotter::postgres {

class CarefulWriter {
 public:
  CarefulWriter(Connection& connection, RowSender& sender, const Batch& batch, OnRefusal then)
      : connection_(connection), sender_(sender), batch_(batch), refusals_(batch, then) {}

  Result<void> write();

 private:
  using Places = std::span<const std::size_t>;  // of rows in their vector

  template <class Row>
  Result<std::vector<std::size_t>> good_rows(const std::vector<Row>& rows);
  template <class Row, class Send>
  Result<void> land(const std::vector<Row>& rows, Places places, Send send);
  template <class Row, class Send>
  Result<bool> attempt(const std::vector<Row>& rows, Places places, Send send);

  template <class Row>
  Result<void> upsert(const std::vector<Row>& rows);
  template <class Row>
  Result<void> insert(const std::vector<Row>& rows);
  Result<void> update_orders();
  Result<std::vector<std::size_t>> orders_that_are_there(const std::vector<std::size_t>& places);
  template <class Change, class Queue>
  Result<void> change_each(const std::vector<Change>& changes, Table table, Queue queue);
  Result<bool> is_retired(const FillStatusChange& change);
  // The table quarantine has no partitions.
  static Result<bool> is_retired(const QuarantineRelease& /*release*/) { return false; }
  Result<void> keep_refused();

  Connection& connection_;
  RowSender& sender_;
  const Batch& batch_;
  Refusals refusals_;
  // Of the last refused attempt.
  std::string why_;
  std::size_t line_ = 0;  // from 1; 0: unknown
};

}  // namespace blotter::postgres
