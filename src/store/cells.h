// Rows as cells: what select() hands out and what the memory store compares.
#pragma once

#include <vector>

#include "blotter/store.h"
#include "store/row_text.h"

namespace blotter {

template <class T>
Cell cell_of(const T& value) {
  if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, bool>) {
    return value;
  } else {
    char buffer[kMemberTextMax];
    return std::string(text_of(value, buffer));
  }
}
template <class T>
Cell cell_of(const std::optional<T>& value) {
  return value ? cell_of(*value) : Cell{};
}

// The first `count` columns of the row.
template <class Row>
std::vector<Cell> cells_of(const Row& row, std::size_t count = kMemberCount<Row>) {
  std::vector<Cell> cells;
  cells.reserve(count);
  boost::mp11::mp_for_each<Members<Row>>([&](auto d) {
    if (cells.size() < count) cells.push_back(cell_of(row.*d.pointer));
  });
  return cells;
}

}  // namespace blotter
