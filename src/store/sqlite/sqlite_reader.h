// Reads the store through one connection.
//
// Threads    One caller at a time.
#pragma once

#include <memory>
#include <string>

#include "blotter/store.h"
#include "store/sqlite/connection.h"

namespace blotter::sqlite {

// The statement that select() runs, for EXPLAIN: ?1 is the book, then come the values of the filters, last the limit.
// Errc: invalid.
Result<std::string> select_sql(const Select& select);

class SqliteReader final : public StoreReader {
 public:
  // Reads through a connection that outlives it.
  static Result<std::unique_ptr<SqliteReader>> over(Connection& connection);
  // Opens a connection of its own for reading. Errc: as open_store().
  static Result<std::unique_ptr<SqliteReader>> open(const std::string& path);
  // The same, and sees the store as it is now until it is destroyed.
  static Result<std::unique_ptr<SqliteReader>> open_one_moment(const std::string& path);

  Result<Cursor> cursor(std::string_view book_id) override;
  Result<void> select(const Select& select, const RowVisitor& visit) override;

 private:
  SqliteReader() = default;

  std::unique_ptr<Connection> owned_;  // before the statement, which it outlives
  Connection* connection_ = nullptr;
  Statement read_cursor_;
};

}  // namespace blotter::sqlite
