// Reading over one connection: a book's cursor and the rows of a Select.
//
// The texts are those of every store (store/row_text.h), and so is the order: bytes for text, NULL first, ties by key.
// A filter on an instant compares exactly; the part of it that TIMESTAMPTZ can express stands alone, so that indexes
// serve it and partitions are pruned.
#pragma once

#include <string>
#include <string_view>

#include "store/postgres/connection.h"

namespace blotter::postgres {

// {0, 0, 0} when the store has never seen the book. Errc: as Connection::query.
Result<Cursor> cursor_of(Connection& connection, std::string_view book_id);

// The statement that select_rows() runs, for EXPLAIN. Errc: invalid.
struct SelectSql {
  std::string text;
  Parameters parameters;
};
Result<SelectSql> select_sql(const Select& select);

// As StoreReader::select(). Row by row as they arrive: memory for one row.
Result<void> select_rows(Connection& connection, const Select& select, const RowVisitor& visit);

}  // namespace blotter::postgres
