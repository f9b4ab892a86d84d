// What the ledger's tests share: a directory, reports in few words, made-up order flow, whole stores as text.
#pragma once

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "blotter/ledger.h"
#include "blotter/store.h"
#include "feeds/report_parser.h"
#include "feeds/simulator.h"
#include "journal/journal_fixture.h"

namespace blotter::ledger_test {

using journal::expect_value;

// In memory: these tests are about what is written, not about the device.
class Directory : public journal::TemporaryDirectory {
 public:
  Directory() : TemporaryDirectory(journal::quick_parent()) {}
  std::string journal() const { return path() + "/journal"; }
  std::string store() const { return "sqlite:" + path() + "/blotter.db"; }
};

inline LedgerOptions options_for(const std::string& directory, const std::string& store_url = "none") {
  LedgerOptions options;
  options.directory = directory;
  options.store.url = store_url;
  options.segment_bytes = 1u << 20;
  return options;
}

inline std::unique_ptr<Ledger> open_ledger(const Directory& directory, const std::string& store_url = "none") {
  return expect_value(Ledger::open(options_for(directory.path(), store_url)));
}

inline Decimal dec(std::string_view text) { return expect_value(Decimal::parse(text)); }
inline Quantity qty(std::string_view text) { return Quantity(dec(text)); }
inline Price price(std::string_view text) { return Price(dec(text)); }
// Seconds into an arbitrary trading day.
inline Timestamp second(std::int64_t s) { return {1'430'438'400 * kNsPerSecond + s * kNsPerSecond}; }

// All of account A and instrument SYM@X, unless changed by the test.
inline OrderReport order(std::string id, std::string_view quantity = "10", std::int64_t at = 1) {
  OrderReport report;
  report.account = "A";
  report.at = second(at);
  report.order.client_order_id = std::move(id);
  report.instrument = {.symbol = "SYM", .venue = "X", .quote = {}, .asset_class = {}};
  report.quantity = qty(quantity);
  report.limit_price = price("20");
  return report;
}
inline FillReport fill(std::string exec_id, std::string order_id, std::string_view quantity = "4",
                       std::string_view at_price = "20", std::int64_t at = 2) {
  FillReport report;
  report.account = "A";
  report.at = second(at);
  report.exec_id = std::move(exec_id);
  report.order.client_order_id = std::move(order_id);
  report.instrument = {.symbol = "SYM", .venue = "X", .quote = {}, .asset_class = {}};
  report.quantity = qty(quantity);
  report.price = price(at_price);
  return report;
}
inline OrderStatusReport status(std::string order_id, OrdStatus status, std::int64_t at = 3) {
  OrderStatusReport report;
  report.account = "A";
  report.at = second(at);
  report.order.client_order_id = std::move(order_id);
  report.status = status;
  return report;
}
inline BustReport bust(std::string exec_id, std::int64_t at = 4) {
  BustReport report;
  report.account = "A";
  report.at = second(at);
  report.exec_id = std::move(exec_id);
  return report;
}
inline CashReport cash(std::string id, std::string_view amount, std::int64_t at = 1) {
  CashReport report;
  report.account = "A";
  report.at = second(at);
  report.id = std::move(id);
  report.asset = Asset::of("USD");
  report.amount = dec(amount);
  return report;
}
inline CancelOrder cancel(std::string id, std::int64_t at = 3) {
  return {.account = "A", .at = second(at), .order = {.client_order_id = std::move(id), .venue_order_id = {}}};
}
inline ReplaceOrder replace(std::string id, std::string_view quantity, std::int64_t at = 3) {
  return {.account = "A",
          .at = second(at),
          .order = {.client_order_id = std::move(id), .venue_order_id = {}},
          .quantity = qty(quantity),
          .limit_price = {}};
}

inline Report parsed(std::string_view line) {
  std::vector<Report> reports;
  std::string problem;
  feeds::ReportParser parser;
  if (!parser.parse(line, reports, problem)) throw std::runtime_error(std::string(line) + ": " + problem);
  return reports.front();
}

inline std::vector<Report> simulated(std::uint64_t lines, std::uint64_t seed, std::uint64_t resent_per_10000 = 0) {
  feeds::SimulatorOptions options;
  options.seed = seed;
  options.lines = lines;
  options.resent_per_10000 = resent_per_10000;
  feeds::Simulator simulator(options);
  std::vector<Report> reports;
  std::string line;
  while (simulator.next(line)) {
    if (!line.empty()) reports.push_back(parsed(line));
  }
  return reports;
}

inline Outcome recorded(Ledger& ledger, const Report& report) { return expect_value(ledger.record(report)).outcome; }

// Every row of every table as a line of text, without the columns named; sorted.
using Tables = std::vector<std::string>;
inline Tables tables(Store& store, const std::set<std::string>& without = {}, const std::string& book = "main") {
  Tables lines;
  for (int number = 0; number <= static_cast<int>(Table::ledger_entries); ++number) {
    Select select;
    select.table = static_cast<Table>(number);
    select.book_id = book;
    const std::vector<std::string>& columns = columns_of(select.table);
    expect_value(store.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
      std::string line(name_of(select.table));
      for (std::size_t i = 0; i < cells.size(); ++i) {
        if (without.contains(columns[i])) continue;
        line += ' ' + columns[i] + '=';
        if (const auto* text = std::get_if<std::string>(&cells[i])) line += *text;
        if (const auto* whole = std::get_if<std::int64_t>(&cells[i])) line += std::to_string(*whole);
        if (const auto* flag = std::get_if<bool>(&cells[i])) line += *flag ? "true" : "false";
      }
      lines.push_back(std::move(line));
      return {};
    }));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}
// What a repetition of a run may differ in.
inline const std::set<std::string> kOfTheRun = {"epoch", "applied_hash", "received_at", "recorded_at"};

inline std::unique_ptr<Store> reading(const Directory& directory) {
  return expect_value(open_store(directory.store(), StoreAccess::read));
}

// The first difference, short enough to read.
inline std::string difference(const Tables& a, const Tables& b) {
  Tables left;
  Tables right;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(left));
  std::set_difference(b.begin(), b.end(), a.begin(), a.end(), std::back_inserter(right));
  if (left.empty() && right.empty()) return {};
  return std::to_string(left.size()) + " and " + std::to_string(right.size()) + " lines differ\n  " +
         (left.empty() ? "(none)" : left.front()) + "\n  " + (right.empty() ? "(none)" : right.front());
}

// Changes a database behind the ledger's back; the number of rows changed.
inline int edit(const Directory& directory, const std::string& sql) {
  sqlite3* database = nullptr;
  if (sqlite3_open((directory.path() + "/blotter.db").c_str(), &database) != SQLITE_OK) return -1;
  char* message = nullptr;
  const int done = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message);
  const std::string problem = message != nullptr ? message : "";
  sqlite3_free(message);
  const int changes = sqlite3_changes(database);
  sqlite3_close(database);
  if (done != SQLITE_OK) throw std::runtime_error(sql + ": " + problem);
  return changes;
}

inline void copy_directory(const std::string& from, const std::string& to) {
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

}  // namespace blotter::ledger_test
