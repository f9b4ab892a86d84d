// One table of the memory store: rows by key, with the keys of its unique constraints.
//
// Every change leaves the way back in the undo log, newest last.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/cells.h"
#include "store/refused_row.h"

namespace blotter {

using UndoLog = std::vector<std::function<void()>>;
using Cells = std::vector<Cell>;

template <class Row>
class MemoryTable {
 public:
  const TableShape& shape() const { return shape_of(RowTable<Row>::value); }
  const std::map<Cells, Row>& rows() const { return rows_; }

  const Row* find(const Cells& key) const {
    const auto found = rows_.find(key);
    return found == rows_.end() ? nullptr : &found->second;
  }

  // Each answers why it refused, or nothing.
  std::string insert(const Row& row, UndoLog& undo) {
    if (find(key_of(row)) != nullptr) return kTwin;
    return put(row, undo);
  }
  std::string update(const Row& row, UndoLog& undo) {
    if (find(key_of(row)) == nullptr) return kKeyMissing;
    return put(row, undo);
  }
  std::string upsert(const Row& row, UndoLog& undo) { return put(row, undo); }

  void erase_book(std::string_view book_id) {
    std::erase_if(rows_, [&](const auto& entry) { return entry.second.book_id == book_id; });
    for (auto& keys : unique_) {
      std::erase_if(keys, [&](const Cells& key) { return std::get<std::string>(key.front()) == book_id; });
    }
  }

 private:
  Cells key_of(const Row& row) const { return cells_of(row, shape().key_columns); }

  std::string put(const Row& row, UndoLog& undo) {
    const Cells key = key_of(row);
    const auto old = rows_.find(key);
    if (old != rows_.end()) release_unique(old->second);
    if (!take_unique(row)) {
      if (old != rows_.end()) take_unique(old->second);
      return kTwin;
    }
    if (old == rows_.end()) {
      rows_.emplace(key, row);
      undo.push_back([this, key] {
        release_unique(rows_.at(key));
        rows_.erase(key);
      });
    } else {
      undo.push_back([this, key, before = old->second] {
        release_unique(rows_.at(key));
        take_unique(before);
        rows_.at(key) = before;
      });
      old->second = row;
    }
    return {};
  }

  Cells unique_key(const Row& row, std::size_t which) const {
    const Cells cells = cells_of(row);
    Cells key;
    for (const std::size_t column : shape().unique[which]) key.push_back(cells[column]);
    return key;
  }

  // Takes all of the row's unique keys or none.
  bool take_unique(const Row& row) {
    unique_.resize(shape().unique.size());
    for (std::size_t i = 0; i < unique_.size(); ++i) {
      if (unique_[i].insert(unique_key(row, i)).second) continue;
      while (i-- > 0) unique_[i].erase(unique_key(row, i));
      return false;
    }
    return true;
  }
  void release_unique(const Row& row) {
    for (std::size_t i = 0; i < unique_.size(); ++i) unique_[i].erase(unique_key(row, i));
  }

  std::map<Cells, Row> rows_;
  std::vector<std::set<Cells>> unique_;
};

}  // namespace blotter
