// Sends rows: statements with one array for each column, several of them in one round trip, and COPY for many rows.
//
// Inside the caller's transaction. Every answer's row count is compared with what was sent: a COPY that was cut between
// two rows succeeds with fewer of them.
//
// Threads    One at a time, as its connection.
#pragma once

#include <span>
#include <utility>

#include "store/postgres/column_list.h"
#include "store/postgres/connection.h"
#include "store/postgres/encode.h"

namespace blotter::postgres {

class RowSender {
 public:
  explicit RowSender(Connection& connection) : connection_(connection) {}

  // Whether so few rows cost less in a statement that travels with others than in a COPY, which has to be answered
  // twice.
  static bool is_few(std::size_t rows) { return rows <= 8; }

  // Queued statements are sent by flush(), in order.
  void queue(const char* sql, Parameters parameters = {});
  // A statement that has to touch exactly one row.
  void queue_guard(const char* sql, Parameters parameters) { queue_counted(sql, std::move(parameters), 1); }
  template <class Row>
  void queue_insert(const std::vector<Row>& rows) {
    queue_arrays(rows, pg_table(RowTable<Row>::value).insert_sql.c_str());
  }
  template <class Row>
  void queue_upsert(const std::vector<Row>& rows) {
    queue_arrays(rows, pg_table(RowTable<Row>::value).upsert_sql.c_str());
  }
  void queue_update(const std::vector<OrderRow>& orders) {
    queue_arrays(orders, pg_table(Table::orders).update_sql.c_str());
  }
  void queue_statuses(const std::string& book_id, const std::vector<FillStatusChange>& changes);
  void queue_releases(const std::string& book_id, const std::vector<QuarantineRelease>& releases);
  // One round trip. Errc: invalid (also when a statement touched another number of rows than it was given), else as
  // Connection::execute_all. Nothing is queued any more.
  Result<void> flush();
  void forget();

  // Rows that were queued or copied since the last call.
  std::size_t take_sent() { return std::exchange(sent_, 0); }

  // Errc: invalid (a refused row), unavailable (the server counted other rows than were sent), else as Connection.
  template <class Row>
  Result<void> copy(const std::vector<Row>& rows);

 private:
  static constexpr std::int64_t kAnyCount = -1;
  static constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;

  template <class Row>
  void queue_arrays(const std::vector<Row>& rows, const char* sql);
  void queue_counted(const char* sql, Parameters parameters, std::size_t rows);
  Result<void> counted(Table table, std::int64_t counted, std::size_t sent) const;

  Connection& connection_;
  ByteBuffer buffer_;
  std::vector<Statement> queued_;
  std::vector<std::int64_t> expected_;  // rows that each has to touch
  std::size_t sent_ = 0;
};

template <class Row>
void RowSender::queue_arrays(const std::vector<Row>& rows, const char* sql) {
  if (rows.empty()) return;
  const PgTable& table = pg_table(RowTable<Row>::value);
  Parameters parameters;
  std::size_t column = 0;
  for_each_array(rows, table.element_oids.data(), buffer_, [&](std::string_view bytes) {
    parameters.add_binary(table.array_oids[column++], std::string(bytes));
  });
  queue_counted(sql, std::move(parameters), rows.size());
  sent_ += rows.size();
}

template <class Row>
Result<void> RowSender::copy(const std::vector<Row>& rows) {
  constexpr Table kTable = RowTable<Row>::value;
  BLOTTER_TRY(connection_.begin_copy(pg_table(kTable).copy_sql.c_str()));
  buffer_.clear();
  buffer_.put(kCopyHead);
  for (const Row& row : rows) {
    append_tuple(buffer_, row);
    if (buffer_.size() < kPieceBytes) continue;
    BLOTTER_TRY(connection_.put_copy(buffer_.view()));
    buffer_.clear();
  }
  buffer_.put(kCopyEnd);
  BLOTTER_TRY(connection_.put_copy(buffer_.view()));
  sent_ += rows.size();
  BLOTTER_ASSIGN(const std::int64_t landed, connection_.end_copy());
  return counted(kTable, landed, rows.size());
}

}  // namespace blotter::postgres
