#include "ledger/store_comparison.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/cells.h"
#include "store/refused_row.h"
#include "store/table_shape.h"

namespace blotter {
namespace {

std::string shown(const Cell& cell) {
  struct Show {
    std::string operator()(std::monostate) const { return "NULL"; }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(const std::string& value) const { return "'" + value + "'"; }
  };
  return std::visit(Show{}, cell);
}

void append_cell(std::string& out, const Cell& cell) {
  out += static_cast<char>('0' + cell.index());
  const std::string value = shown(cell);
  out += std::to_string(value.size());
  out += ':';
  out += value;
}

std::string joined(const std::vector<Cell>& cells, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) append_cell(out, cells[i]);
  return out;
}

XXH128_hash_t hash_of(const std::vector<Cell>& cells) {
  const std::string all = joined(cells, cells.size());
  return XXH3_128bits(all.data(), all.size());
}

std::string key_text(const TableShape& shape, const std::vector<Cell>& cells) {
  std::string text;
  for (std::size_t i = 1; i < shape.key_columns; ++i) {
    if (!text.empty()) text += ", ";
    text += shape.columns[i].name + " " + shown(cells[i]);
  }
  return text;
}

// The column that an append-only row may still change; it is compared on its own.
std::size_t state_column(const TableShape& shape) {
  for (std::size_t i = 0; i < shape.columns.size(); ++i) {
    const bool fills = shape.table == Table::fills && shape.columns[i].name == "status";
    const bool quarantine = shape.table == Table::quarantine && shape.columns[i].name == "state";
    if (fills || quarantine) return i;
  }
  return shape.columns.size();
}

Select rows_between(Table table, const std::string& book_id, Seq first, Seq last) {
  Select select;
  select.table = table;
  select.book_id = book_id;
  select.filters = {{.column = "seq", .compare = Compare::at_least, .value = static_cast<std::int64_t>(first)},
                    {.column = "seq", .compare = Compare::at_most, .value = static_cast<std::int64_t>(last)}};
  select.order = {{.column = "seq"}};
  return select;
}

constexpr std::size_t kSeqColumn = 1;

}  // namespace

StoreComparison::StoreComparison(StoreReader& store, VerifyReport& report, Conservation& conservation,
                                 const std::vector<RetiredRange>& retired)
    : store_(store), report_(report), conservation_(conservation), retired_(retired) {}

Result<void> StoreComparison::learn_refused(const std::string& book_id) {
  if (refused_known_) return {};
  refused_known_ = true;
  Select select;
  select.table = Table::refused_rows;
  select.book_id = book_id;
  select.columns = {"table_name", "row_key", "reason"};
  select.order = {{.column = "seq"}};
  return store_.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
    refused_[std::get<std::string>(cells[0])][std::get<std::string>(cells[1])] = std::get<std::string>(cells[2]);
    return {};
  });
}

template <class Row>
const std::string* StoreComparison::refusal_of(const Row& row) const {
  const auto table = refused_.find(shape_of(RowTable<Row>::value).name);
  if (table == refused_.end()) return nullptr;
  const auto refused = table->second.find(row_key(row));
  return refused == table->second.end() ? nullptr : &refused->second;
}

template <class Row>
void StoreComparison::note_missing(const Row& row) {
  constexpr Table table = RowTable<Row>::value;
  const bool retired = std::any_of(retired_.begin(), retired_.end(), [&](const RetiredRange& range) {
    return range.table == table && range.from <= row.at && row.at < range.to && range.first_seq <= row.seq &&
           row.seq <= range.last_seq;
  });
  if (!retired) {
    const std::string* refusal = refusal_of(row);
    report_.add("store", fmt::format("{}: the row of event {} {}", shape_of(table).name, row.seq,
                                     refusal != nullptr ? "was refused by the store: " + *refusal : "is missing"));
    return;
  }
  ++report_.rows_retired;
  if constexpr (table == Table::fills || table == Table::cash_movements) conservation_.add_retired(row);
}

template <class Row>
Result<void> StoreComparison::compare_appended(const Batch& batch, const std::vector<Row>& expected) {
  constexpr Table table = RowTable<Row>::value;
  const TableShape& shape = shape_of(table);
  const std::size_t state = state_column(shape);
  std::size_t i = 0;
  const auto missing = [&] { note_missing(expected[i++]); };
  BLOTTER_TRY(store_.select(
      rows_between(table, batch.book_id, batch.first, batch.last), [&](const std::vector<Cell>& found) -> Result<void> {
        ++report_.rows_compared;
        if (table == Table::fills || table == Table::position_adjustments) conservation_.add_movement(table, found);
        const std::int64_t seq = std::get<std::int64_t>(found[kSeqColumn]);
        while (i < expected.size() && expected[i].seq < seq) missing();
        if (i == expected.size() || expected[i].seq > seq) {
          report_.add("store",
                      fmt::format("{}: event {} has a row that the journal does not explain", shape.name, seq));
          return {};
        }
        const std::vector<Cell> wanted = cells_of(expected[i++]);
        for (std::size_t c = 0; c < wanted.size(); ++c) {
          if (c == state || wanted[c] == found[c]) continue;
          report_.add("store", fmt::format("{}: event {}: {} is {}, the journal says {}", shape.name, seq,
                                           shape.columns[c].name, shown(found[c]), shown(wanted[c])));
        }
        return {};
      }));
  while (i < expected.size()) missing();
  return {};
}

template <class Row>
void StoreComparison::expect(const Batch& batch, const std::vector<Row>& rows) {
  constexpr Table table = RowTable<Row>::value;
  Rows& expected = mutable_[table];
  const std::size_t key_columns = shape_of(table).key_columns;
  for (const Row& row : rows) {
    const std::vector<Cell> cells = cells_of(row);
    const XXH128_hash_t hash = hash_of(cells);
    const std::string key = joined(cells, key_columns);
    expected[key] = {.high = hash.high64, .low = hash.low64, .seq = static_cast<std::int64_t>(batch.last)};
    if (const std::string* refusal = refusal_of(row)) refused_mutable_[table][key] = *refusal;
  }
}

Result<void> StoreComparison::add(const Batch& batch) {
  BLOTTER_TRY(learn_refused(batch.book_id));
  conservation_.add_instruments(batch.instruments);
  BLOTTER_TRY(compare_appended(batch, batch.order_events));
  BLOTTER_TRY(compare_appended(batch, batch.fills));
  BLOTTER_TRY(compare_appended(batch, batch.position_adjustments));
  BLOTTER_TRY(compare_appended(batch, batch.cash_movements));
  BLOTTER_TRY(compare_appended(batch, batch.quarantine));
  BLOTTER_TRY(compare_appended(batch, batch.audit_log));
  expect(batch, batch.accounts);
  expect(batch, batch.instruments);
  expect(batch, batch.strategies);
  expect(batch, batch.new_orders);
  expect(batch, batch.changed_orders);
  expect(batch, batch.positions);
  expect(batch, batch.balances);
  expect(batch, batch.pnl_daily);
  for (const FillStatusChange& change : batch.fill_status_changes) {
    fill_states_[change.seq] = std::string(name_of(change.status));
  }
  for (const QuarantineRelease& release : batch.quarantine_releases) {
    quarantine_states_[release.seq] = std::string(name_of(QuarantineState::released));
  }
  return {};
}

Result<void> StoreComparison::compare_mutable(Table table, const std::string& book_id) {
  const TableShape& shape = shape_of(table);
  Rows& expected = mutable_[table];
  const Reasons& refused = refused_mutable_[table];
  // What to say of a row that is not as it should be: the refusal explains it, when there was one.
  const auto words = [&](const std::string& key, const char* otherwise) {
    const auto refusal = refused.find(key);
    return refusal == refused.end() ? otherwise : "was refused by the store: " + refusal->second;
  };
  Select select;
  select.table = table;
  select.book_id = book_id;
  BLOTTER_TRY(store_.select(select, [&](const std::vector<Cell>& found) -> Result<void> {
    ++report_.rows_compared;
    const std::string key = joined(found, shape.key_columns);
    const auto wanted = expected.find(key);
    if (wanted == expected.end()) {
      report_.add("store",
                  fmt::format("{}: {}: the journal does not explain this row", shape.name, key_text(shape, found)));
      return {};
    }
    const XXH128_hash_t hash = hash_of(found);
    if (hash.high64 != wanted->second.high || hash.low64 != wanted->second.low) {
      report_.add("store", fmt::format("{}: {}: the row {}", shape.name, key_text(shape, found),
                                       words(key, "differs from what the journal says")));
    }
    expected.erase(wanted);
    return {};
  }));
  for (const auto& [key, row] : expected) {
    report_.add("store", fmt::format("{}: the row {} {} (changed last at or before event {})", shape.name, key,
                                     words(key, "is missing"), row.seq));
  }
  return {};
}

Result<void> StoreComparison::compare_states(Table table, const std::string& book_id, const char* column,
                                             const char* usual, const std::map<std::int64_t, std::string>& expected) {
  std::map<std::int64_t, std::string> found;
  Select select;
  select.table = table;
  select.book_id = book_id;
  select.columns = {"seq", column};
  BLOTTER_TRY(store_.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
    const std::string state = std::holds_alternative<std::string>(cells[1]) ? std::get<std::string>(cells[1]) : "NULL";
    if (state != usual) found[std::get<std::int64_t>(cells[0])] = state;
    return {};
  }));
  const auto differs = [&](std::int64_t seq, const std::string& is, const std::string& should) {
    report_.add("store", fmt::format("{}: event {}: {} is '{}', the journal says '{}'", shape_of(table).name, seq,
                                     column, is, should));
  };
  for (const auto& [seq, state] : found) {
    const auto wanted = expected.find(seq);
    if (wanted == expected.end()) {
      differs(seq, state, usual);
    } else if (wanted->second != state) {
      differs(seq, state, wanted->second);
    }
  }
  for (const auto& [seq, state] : expected) {
    if (found.contains(seq)) continue;
    // A row that is not there was said to be missing, or is retired.
    BLOTTER_ASSIGN(const bool there, has_row(table, book_id, seq));
    if (there) differs(seq, usual, state);
  }
  return {};
}

Result<bool> StoreComparison::has_row(Table table, const std::string& book_id, std::int64_t seq) {
  Select select;
  select.table = table;
  select.book_id = book_id;
  select.columns = {"seq"};
  select.filters = {{.column = "seq", .compare = Compare::equal, .value = seq}};
  bool found = false;
  BLOTTER_TRY(store_.select(select, [&](const std::vector<Cell>&) -> Result<void> {
    found = true;
    return {};
  }));
  return found;
}

Result<void> StoreComparison::find_surplus(Table table, const std::string& book_id, Seq cursor) {
  Select select;
  select.table = table;
  select.book_id = book_id;
  select.columns = {"seq"};
  select.filters = {{.column = "seq", .compare = Compare::greater, .value = static_cast<std::int64_t>(cursor)}};
  select.limit = 1;
  return store_.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
    report_.add("store", fmt::format("{}: a row of event {} lies beyond the store's cursor {}", shape_of(table).name,
                                     shown(cells[0]), to_number(cursor)));
    return {};
  });
}

Result<void> StoreComparison::finish(const std::string& book_id, Seq cursor) {
  for (const Table table : {Table::accounts, Table::instruments, Table::strategies, Table::orders, Table::positions,
                            Table::balances, Table::pnl_daily}) {
    BLOTTER_TRY(compare_mutable(table, book_id));
  }
  BLOTTER_TRY(compare_states(Table::fills, book_id, "status", "effective", fill_states_));
  BLOTTER_TRY(compare_states(Table::quarantine, book_id, "state", "waiting", quarantine_states_));
  for (const Table table : {Table::order_events, Table::fills, Table::position_adjustments, Table::cash_movements,
                            Table::quarantine, Table::audit_log}) {
    BLOTTER_TRY(find_surplus(table, book_id, cursor));
  }
  return {};
}

}  // namespace blotter
