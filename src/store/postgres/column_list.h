// The tables as PostgreSQL has them: schema, columns with their types, and the statements that follow from both.
//
// Made once from the described rows (table_shape.h), in the order in which encode.h writes values. Only these fixed
// names are ever part of a statement's text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/postgres/connection.h"
#include "store/table_shape.h"

namespace blotter::postgres {

struct PgTable {
  std::string name;  // with its schema
  std::vector<std::string> columns;
  std::vector<std::uint32_t> element_oids;  // type of each column
  std::vector<std::uint32_t> array_oids;    // and of an array of it

  std::string copy_sql;    // COPY … FROM STDIN (FORMAT BINARY)
  std::string insert_sql;  // INSERT … SELECT … FROM unnest(one array for each column)
  std::string upsert_sql;  // … ON CONFLICT (key) DO UPDATE: every other column
  std::string update_sql;  // UPDATE of every column outside the key from such arrays; touches only keys that are there
  std::string delete_sql;  // of one book, $1
};

const PgTable& pg_table(Table table);

// "ledger.books": for statements that are put together elsewhere.
const std::string& qualified_name(Table table);

}  // namespace blotter::postgres
