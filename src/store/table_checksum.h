// A checksum of a book's rows in one table: equal for two stores if they hold the same rows, whatever the databases.
//
// XXH128 over the cells of every row in key order. Cells are the same texts in every store (store/row_text.h), so no
// value needs another form for the comparison. Guards against mistakes, not against an enemy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "blotter/store.h"

namespace blotter {

struct TableChecksum {
  std::uint64_t rows = 0;
  std::string hash;  // 32 hexadecimal digits
  friend bool operator==(const TableChecksum&, const TableChecksum&) = default;
};

// Reads the whole table, one row at a time. Errc: as StoreReader::select.
Result<TableChecksum> table_checksum(StoreReader& reader, Table table, std::string_view book_id);

}  // namespace blotter
