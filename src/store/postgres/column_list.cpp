#include "store/postgres/column_list.h"

namespace blotter::postgres {
namespace {

const char* schema_of(Table table) {
  switch (table) {
    case Table::books:
    case Table::accounts:
    case Table::instruments:
    case Table::quarantine:
    case Table::refused_rows:
      return "ledger";
    case Table::orders:
    case Table::order_events:
    case Table::fills:
    case Table::position_adjustments:
    case Table::positions:
    case Table::balances:
    case Table::cash_movements:
    case Table::ledger_entries:
      return "execution";
    case Table::strategies:
      return "strategy_engine";
    case Table::pnl_daily:
      return "analytics";
    case Table::audit_log:
      return "logging";
  }
  return "";
}

struct PgType {
  Type element;
  std::uint32_t array_oid;
};

PgType type_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::text:
    case ColumnKind::json:
      return {Type::text, 1009};
    case ColumnKind::integer:
      return {Type::int8, 1016};
    case ColumnKind::boolean:
      return {Type::boolean, 1000};
    case ColumnKind::decimal:
      return {Type::numeric, 1231};
    case ColumnKind::instant:
      return {Type::timestamptz, 1185};
    case ColumnKind::uuid:
      return {Type::uuid, 2951};
    case ColumnKind::day:
      return {Type::date, 1182};
  }
  return {};
}

constexpr PgType kJsonb{Type::jsonb, 3807};
constexpr PgType kNanos{Type::int4, 1007};

template <class Each>
std::string joined(std::size_t begin, std::size_t end, const char* separator, Each each) {
  std::string text;
  for (std::size_t i = begin; i < end; ++i) text.append(i == begin ? "" : separator).append(each(i));
  return text;
}

void add_column(PgTable& table, const std::string& name, PgType type) {
  table.columns.push_back(name);
  table.element_oids.push_back(static_cast<std::uint32_t>(type.element));
  table.array_oids.push_back(type.array_oid);
}

void add_columns(PgTable& table, const TableShape& shape) {
  bool instants = false;
  for (const Column& column : shape.columns) {
    if (column.kind == ColumnKind::json) {
      add_column(table, column.name, kJsonb);
      add_column(table, column.name + "_source", type_of(column.kind));
    } else {
      add_column(table, column.name, type_of(column.kind));
    }
    instants = instants || column.kind == ColumnKind::instant;
  }
  if (instants) add_column(table, "nanos", kNanos);
}

void add_statements(PgTable& table, std::size_t key_columns) {
  const std::size_t count = table.columns.size();
  const auto name = [&](std::size_t i) { return table.columns[i]; };
  const auto parameter = [](std::size_t i) { return "$" + std::to_string(i + 1); };
  const std::string names = joined(0, count, ", ", name);
  const std::string arrays = "unnest(" + joined(0, count, ", ", parameter) + ")";
  table.copy_sql = "COPY " + table.name + " (" + names + ") FROM STDIN (FORMAT BINARY)";
  table.insert_sql = "INSERT INTO " + table.name + " (" + names + ") SELECT * FROM " + arrays;
  table.upsert_sql = table.insert_sql + " ON CONFLICT (" + joined(0, key_columns, ", ", name) + ") DO UPDATE SET " +
                     joined(key_columns, count, ", ", [&](auto i) { return name(i) + " = excluded." + name(i); });
  table.update_sql = "UPDATE " + table.name + " AS old SET " +
                     joined(key_columns, count, ", ", [&](auto i) { return name(i) + " = new." + name(i); }) +
                     " FROM " + arrays + " AS new (" + names + ") WHERE " +
                     joined(0, key_columns, " AND ", [&](auto i) { return "old." + name(i) + " = new." + name(i); });
  table.delete_sql = "DELETE FROM " + table.name + " WHERE book_id = $1";
}

std::vector<PgTable> describe_all() {
  std::vector<PgTable> tables;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<Table>>([&](auto d) {
    const TableShape& shape = shape_of(d.value);
    PgTable& table = tables.emplace_back();
    table.name = std::string(schema_of(d.value)) + "." + shape.name;
    add_columns(table, shape);
    add_statements(table, shape.key_columns);
  });
  return tables;
}

}  // namespace

const PgTable& pg_table(Table table) {
  static const std::vector<PgTable> tables = describe_all();
  return tables.at(static_cast<std::size_t>(table));
}

const std::string& qualified_name(Table table) { return pg_table(table).name; }

}  // namespace blotter::postgres
