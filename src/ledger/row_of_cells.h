// Cells as rows: what select() hands out, back in the form in which a store takes it. The inverse of cells_of().
#pragma once

#include <string>
#include <vector>

#include "blotter/store.h"
#include "store/row_text.h"

namespace blotter {

namespace cell_reading {

inline bool read(std::string_view text, std::string& out) {
  out = text;
  return true;
}
template <class T>
bool take(const Result<T>& parsed, T& out) {
  if (parsed) out = *parsed;
  return parsed.has_value();
}
inline bool read(std::string_view text, Decimal& out) { return take(Decimal::parse(text), out); }
template <class Meaning>
bool read(std::string_view text, Exact<Meaning>& out) {
  Decimal value;
  if (!read(text, value)) return false;
  out = Exact<Meaning>(value);
  return true;
}
inline bool read(std::string_view text, Timestamp& out) { return take(parse_timestamp(text), out); }
inline bool read(std::string_view text, Uuid& out) { return take(parse_uuid(text), out); }
inline bool read(std::string_view text, Asset& out) { return take(Asset::parse(text), out); }
template <class E>
requires std::is_enum_v<E>
bool read(std::string_view text, E& out) {
  for (std::size_t i = 0; i < EnumNames<E>::kCount; ++i) {
    if (EnumNames<E>::kNames[i] != text) continue;
    out = static_cast<E>(i);
    return true;
  }
  return false;
}

template <class T>
bool read_cell(const Cell& cell, T& out) {
  if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, bool>) {
    const T* value = std::get_if<T>(&cell);
    if (value != nullptr) out = *value;
    return value != nullptr;
  } else {
    const auto* text = std::get_if<std::string>(&cell);
    return text != nullptr && read(*text, out);
  }
}
template <class T>
bool read_cell(const Cell& cell, std::optional<T>& out) {
  if (std::holds_alternative<std::monostate>(cell)) {
    out.reset();
    return true;
  }
  return read_cell(cell, out.emplace());
}

}  // namespace cell_reading

// `cells` are all columns of the row's table, in order. Errc: corrupt (names the column that does not read).
template <class Row>
Result<Row> row_of_cells(const std::vector<Cell>& cells) {
  Row row;
  std::size_t column = 0;
  std::string problem;
  if (cells.size() != kMemberCount<Row>) return fail(Errc::corrupt, "a row with another number of columns");
  boost::mp11::mp_for_each<Members<Row>>([&](auto d) {
    const Cell& cell = cells[column++];
    if (problem.empty() && !cell_reading::read_cell(cell, row.*d.pointer)) problem = d.name;
  });
  if (!problem.empty()) return fail(Errc::corrupt, problem + " is not what the column holds");
  return row;
}

}  // namespace blotter
