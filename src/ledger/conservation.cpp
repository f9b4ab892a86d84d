#include "ledger/conservation.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/cells.h"

namespace blotter {
namespace {

std::size_t column(Table table, std::string_view name) {
  const std::vector<std::string>& columns = columns_of(table);
  return static_cast<std::size_t>(std::find(columns.begin(), columns.end(), name) - columns.begin());
}

const std::string& text(const Cell& cell) {
  static const std::string kNone;
  const auto* value = std::get_if<std::string>(&cell);
  return value != nullptr ? *value : kNone;
}

// What does not read as a decimal is a changed row; the comparison with the journal names it.
Decimal decimal(const Cell& cell) {
  const auto parsed = Decimal::parse(text(cell));
  return parsed ? *parsed : Decimal{};
}

// A sum that does not fit can only come from changed rows, which the comparison with the journal names.
void add_to(Decimal& sum, Decimal value) {
  try {
    sum += value;
  } catch (const Overflow&) {
    sum = Decimal{};
  }
}

}  // namespace

void Conservation::add_movement(Table table, const std::vector<Cell>& row) {
  const auto at = [&](std::string_view name) -> const Cell& { return row[column(table, name)]; };
  Sums& sums = positions_[{text(at("account")), text(at("symbol")), text(at("venue")), text(at("strategy"))}];
  add_to(sums.quantity, decimal(at("position_delta")));
  add_to(sums.cost, decimal(at("cost_delta")));
  add_to(sums.realized, decimal(at("realized_pnl")));
}

void Conservation::add_instruments(const std::vector<InstrumentRow>& rows) {
  for (const InstrumentRow& row : rows) instruments_.insert_or_assign({row.symbol, row.venue}, row);
}

void Conservation::add_retired(const FillRow& row) {
  add_movement(Table::fills, cells_of(row));
  const auto instrument = instruments_.find({row.symbol, row.venue});
  ledger_entries_of(row, instrument == instruments_.end() ? nullptr : &instrument->second,
                    [this](const LedgerEntryRow& entry) { add_entry(entry); });
}

void Conservation::add_retired(const CashMovementRow& row) {
  ledger_entries_of(row, [this](const LedgerEntryRow& entry) { add_entry(entry); });
}

void Conservation::add_entry(const LedgerEntryRow& entry) {
  auto& totals = entry.entry == "position" ? holdings_ : balances_;
  add_to(totals[{entry.account, entry.asset}], entry.amount);
}

void Conservation::prove_event(std::int64_t seq, std::map<std::string, Decimal>& by_asset) {
  for (const auto& [asset, sum] : by_asset) {
    if (!sum.is_zero()) {
      report_.add("conservation", fmt::format("event {}: ledger entries of {} sum to {}", seq, asset, to_text(sum)));
    }
  }
  by_asset.clear();
}

Result<void> Conservation::add_entries(const std::string& book_id, Seq first, Seq last) {
  Select select;
  select.table = Table::ledger_entries;
  select.book_id = book_id;
  select.columns = {"seq", "account", "asset", "amount", "entry"};
  select.filters = {{.column = "seq", .compare = Compare::at_least, .value = static_cast<std::int64_t>(first)},
                    {.column = "seq", .compare = Compare::at_most, .value = static_cast<std::int64_t>(last)}};
  select.order = {{.column = "seq"}};
  std::int64_t current = 0;
  std::map<std::string, Decimal> by_asset;
  BLOTTER_TRY(store_.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
    const std::int64_t seq = std::get<std::int64_t>(cells[0]);
    if (seq != current) prove_event(current, by_asset);
    current = seq;
    const std::string& account = text(cells[1]);
    const std::string& asset = text(cells[2]);
    const Decimal amount = decimal(cells[3]);
    add_to(by_asset[asset], amount);
    auto& totals = text(cells[4]) == "position" ? holdings_ : balances_;
    add_to(totals[{account, asset}], amount);
    ++report_.entries_summed;
    return {};
  }));
  prove_event(current, by_asset);
  return {};
}

Result<void> Conservation::prove_balances(const std::string& book_id) {
  Select select;
  select.table = Table::balances;
  select.book_id = book_id;
  select.columns = {"account", "asset", "amount"};
  return store_.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
    const std::string& account = text(cells[0]);
    const std::string& asset = text(cells[1]);
    const Decimal sum = balances_[{account, asset}];
    if (decimal(cells[2]) != sum) {
      report_.add("conservation", fmt::format("balance {} {}: is {}, its entries sum to {}", account, asset,
                                              text(cells[2]), to_text(sum)));
    }
    return {};
  });
}

Result<void> Conservation::prove_positions(const std::string& book_id) {
  Select select;
  select.table = Table::positions;
  select.book_id = book_id;
  select.columns = {"account", "symbol", "venue", "strategy", "quantity", "cost_basis", "realized_pnl"};
  std::map<std::pair<std::string, std::string>, Decimal> held;
  BLOTTER_TRY(store_.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
    const std::vector<std::string> key = {text(cells[0]), text(cells[1]), text(cells[2]), text(cells[3])};
    const Sums& sums = positions_[key];
    const auto prove = [&](std::size_t index, const char* what, Decimal sum) {
      if (decimal(cells[index]) == sum) return;
      report_.add("conservation", fmt::format("position {} {}@{} {}: {} is {}, its fills and adjustments sum to {}",
                                              key[0], key[1], key[2], key[3], what, text(cells[index]), to_text(sum)));
    };
    prove(4, "quantity", sums.quantity);
    prove(5, "cost_basis", sums.cost);
    prove(6, "realized_pnl", sums.realized);
    add_to(held[{key[0], key[1] + "@" + key[2]}], decimal(cells[4]));
    return {};
  }));
  for (const auto& [key, quantity] : held) {
    const Decimal entries = holdings_[key];
    if (entries != quantity) {
      report_.add("conservation", fmt::format("holding {} {}: positions hold {}, ledger entries sum to {}", key.first,
                                              key.second, to_text(quantity), to_text(entries)));
    }
  }
  return {};
}

Result<void> Conservation::finish(const std::string& book_id) {
  BLOTTER_TRY(prove_balances(book_id));
  return prove_positions(book_id);
}

}  // namespace blotter
