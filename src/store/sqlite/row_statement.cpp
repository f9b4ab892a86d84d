#include "store/sqlite/row_statement.h"

#include <algorithm>

namespace blotter::sqlite {
namespace {

std::string parameter(std::size_t column) { return std::string("?").append(std::to_string(column + 1)); }

template <class Each>
std::string joined(std::size_t begin, std::size_t end, const char* separator, Each each) {
  std::string text;
  for (std::size_t i = begin; i < end; ++i) text.append(text.empty() ? "" : separator).append(each(i));
  return text;
}

std::string where_key(const TableShape& shape) {
  return " WHERE " + joined(0, shape.key_columns, " AND ",
                            [&](std::size_t i) { return shape.columns[i].name + " = " + parameter(i); });
}

}  // namespace

std::string insert_sql(const TableShape& shape) {
  const std::size_t count = shape.columns.size();
  return "INSERT INTO " + shape.name + " (" + joined(0, count, ", ", [&](auto i) { return shape.columns[i].name; }) +
         ") VALUES (" + joined(0, count, ", ", parameter) + ")";
}

std::string upsert_sql(const TableShape& shape) {
  const auto name = [&](std::size_t i) { return shape.columns[i].name; };
  return insert_sql(shape) + " ON CONFLICT (" + joined(0, shape.key_columns, ", ", name) + ") DO UPDATE SET " +
         joined(shape.key_columns, shape.columns.size(), ", ",
                [&](auto i) { return name(i) + " = excluded." + name(i); });
}

std::string update_sql(const TableShape& shape) {
  return "UPDATE " + shape.name + " SET " +
         joined(shape.key_columns, shape.columns.size(), ", ",
                [&](auto i) { return shape.columns[i].name + " = " + parameter(i); }) +
         where_key(shape);
}

std::string update_in_place_sql(const TableShape& shape) {
  std::string set;
  std::string same;
  for (std::size_t i = shape.key_columns; i < shape.columns.size(); ++i) {
    const std::string& name = shape.columns[i].name;
    const bool fixed = std::find(shape.identity.begin(), shape.identity.end(), i) != shape.identity.end();
    if (fixed) {
      same += " AND " + name + " IS " + parameter(i);
    } else {
      set += (set.empty() ? "" : ", ") + name + " = " + parameter(i);
    }
  }
  return "UPDATE " + shape.name + " SET " + set + where_key(shape) + same;
}

}  // namespace blotter::sqlite
