// Landing in SQLite: the projector against bare prepared statements with the same rows, ready-made.
#include <sqlite3.h>

#include <array>
#include <memory>
#include <vector>

#include "bench/run.h"
#include "bench/statistics.h"
#include "bench/traffic.h"
#include "blotter/store.h"
#include "journal/journal.h"
#include "ledger/projector.h"
#include "store/sqlite/row_statement.h"

namespace blotter::bench {
namespace {

// The tables that carry the load, with the column that says which event a row came from.
struct Source {
  Table table;
  const char* seq_column;
};
constexpr std::array kSources{Source{Table::orders, "first_seq"}, Source{Table::order_events, "seq"},
                              Source{Table::fills, "seq"}};

// Rows as bare statements want them: text ready to bind, in one piece of memory.
struct Rows {
  struct Value {
    enum class Kind : std::uint8_t { null, integer, text } kind = Kind::null;
    std::int64_t integer = 0;  // text: the offset
    std::uint32_t size = 0;
  };
  std::string sql;
  std::size_t columns = 0;
  std::vector<std::int64_t> seqs;  // one for each row
  std::vector<Value> values;
  std::string text;
};

Rows::Value value_of(const Cell& cell, std::string& text) {
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return {Rows::Value::Kind::integer, *whole, 0};
  if (const auto* flag = std::get_if<bool>(&cell)) return {Rows::Value::Kind::integer, *flag ? 1 : 0, 0};
  if (const auto* words = std::get_if<std::string>(&cell)) {
    const auto offset = static_cast<std::int64_t>(text.size());
    text += *words;
    return {Rows::Value::Kind::text, offset, static_cast<std::uint32_t>(words->size())};
  }
  return {};
}

Result<Rows> load(Store& store, const Source& source) {
  Rows rows;
  const auto& names = columns_of(source.table);
  rows.columns = names.size();
  rows.sql = sqlite::insert_sql(shape_of(source.table));
  BLOTTER_ASSIGN(const std::size_t seq_column, shape_of(source.table).index_of(source.seq_column));
  Select select;
  select.table = source.table;
  select.book_id = "main";
  select.order.push_back({.column = source.seq_column});
  BLOTTER_TRY(store.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
    rows.seqs.push_back(*std::get_if<std::int64_t>(&cells[seq_column]));
    for (const Cell& cell : cells) rows.values.push_back(value_of(cell, rows.text));
    return {};
  }));
  return rows;
}

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

Unexpected sqlite_failure(sqlite3* database) {
  return fail(Errc::unavailable, std::string("bare SQLite: ") + sqlite3_errmsg(database));
}

// Inserts the rows up to and including `last`, from `next` on.
Result<void> insert_rows(sqlite3* database, sqlite3_stmt* statement, const Rows& rows, std::int64_t last,
                         std::size_t& next) {
  for (; next < rows.seqs.size() && rows.seqs[next] <= last; ++next) {
    const Rows::Value* value = rows.values.data() + next * rows.columns;
    for (int parameter = 1; parameter <= static_cast<int>(rows.columns); ++parameter, ++value) {
      if (value->kind == Rows::Value::Kind::text) {
        sqlite3_bind_text(statement, parameter, rows.text.data() + value->integer, static_cast<int>(value->size),
                          SQLITE_STATIC);
      } else if (value->kind == Rows::Value::Kind::integer) {
        sqlite3_bind_int64(statement, parameter, value->integer);
      } else {
        sqlite3_bind_null(statement, parameter);
      }
    }
    const bool inserted = sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_reset(statement);
    if (!inserted) return sqlite_failure(database);
  }
  return {};
}

// The projector's batches: a thousand events, doubling up to its largest.
Result<double> insert_bare(const std::string& path, const std::vector<Rows>& tables, std::int64_t events) {
  sqlite3* handle = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  const std::unique_ptr<sqlite3, CloseDatabase> database(handle);
  const auto run_sql = [&](const char* sql) {
    return sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
  };
  // What the store sets for its writer, so that the ceiling has the same cache and checkpoints.
  if (opened != SQLITE_OK ||
      !run_sql("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768;"
               "PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;")) {
    return sqlite_failure(handle);
  }
  std::vector<std::unique_ptr<sqlite3_stmt, Finalize>> statements;
  for (const Rows& rows : tables) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(handle, rows.sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
      return sqlite_failure(handle);
    }
    statements.emplace_back(statement);
  }
  std::vector<std::size_t> places(tables.size());
  auto batch = std::int64_t{1'000};
  const SteadyClock::time_point start = SteadyClock::now();
  for (std::int64_t last = 0; last < events;) {
    last += batch;
    batch = std::min(batch * 2, static_cast<std::int64_t>(Projector::kEventsMax));
    if (!run_sql("BEGIN IMMEDIATE")) return sqlite_failure(handle);
    for (std::size_t i = 0; i < tables.size(); ++i) {
      BLOTTER_TRY(insert_rows(handle, statements[i].get(), tables[i], last, places[i]));
    }
    if (!run_sql("COMMIT")) return sqlite_failure(handle);
  }
  return seconds_since(start);
}

Result<double> land_ours(const std::string& journal_directory, const std::string& url) {
  BLOTTER_ASSIGN(auto journal, journal::open_journal(journal_directory, journal::Options{}));
  const SteadyClock::time_point start = SteadyClock::now();
  StoreOptions store;
  store.url = url;
  Projector projector(*journal, "main", store);
  BLOTTER_TRY(projector.wait_stored(journal->durable(), -1));
  return seconds_since(start);
}

// An empty database with our schema, made outside of the time that counts.
Result<std::string> fresh_database(Run& run, const char* name) {
  for (const char* suffix : {"", "-wal", "-shm"}) run.scratch().remove(std::string(name) + suffix);
  const std::string path = run.scratch() / name;
  BLOTTER_ASSIGN(const auto store, open_store("sqlite:" + path, StoreAccess::write));
  return path;
}

}  // namespace

Result<void> measure_landing(Run& run) {
  const std::uint64_t events = run.by_scale<std::uint64_t>(2'000, 100'000, 400'000);
  const int count = run.by_scale(1, 3, 5);
  run.say("landing: recording what will land");
  {
    BLOTTER_ASSIGN(auto ledger, run.open_ledger("landing"));
    Traffic traffic(1);
    Seq last{0};
    for (std::uint64_t i = 0; i < events; ++i) {
      BLOTTER_ASSIGN(const Receipt receipt, ledger->offer(traffic.next(), {}));
      last = receipt.seq;
    }
    BLOTTER_TRY(ledger->wait_durable(last));
  }
  const std::string journal_directory = run.scratch() / "landing/journal";
  std::vector<Rows> tables;
  std::size_t row_count = 0;
  std::int64_t last = 0;
  Rounds rounds;
  for (int round = -1; round < count; ++round) {
    run.say("landing: round " + std::to_string(round + 1) + " of " + std::to_string(count));
    BLOTTER_ASSIGN(const std::string ours_path, fresh_database(run, "ours.db"));
    BLOTTER_ASSIGN(const double ours, land_ours(journal_directory, "sqlite:" + ours_path));
    if (tables.empty()) {
      BLOTTER_ASSIGN(const auto store, open_store("sqlite:" + ours_path, StoreAccess::read));
      for (const Source& source : kSources) {
        BLOTTER_ASSIGN(Rows rows, load(*store, source));
        row_count += rows.seqs.size();
        if (!rows.seqs.empty()) last = std::max(last, rows.seqs.back());
        tables.push_back(std::move(rows));
      }
    }
    BLOTTER_ASSIGN(const std::string bare_path, fresh_database(run, "bare.db"));
    BLOTTER_ASSIGN(const double bare, insert_bare(bare_path, tables, last));
    if (round < 0) continue;
    rounds.ours.push_back(static_cast<double>(row_count) / ours);
    rounds.ceiling.push_back(static_cast<double>(row_count) / bare);
  }
  BenchRow row =
      row_of("landing in SQLite", "rows/s", rounds,
             with_commas(row_count) +
                 " rows, one order : two order events : one fill, from journal to COMMIT; "
                 "ceiling: prepared statements, the same rows as ready-made text in the same transactions (WAL, "
                 "FULL, up to " +
                 with_commas(Projector::kEventsMax) + " events each), SQLite " + sqlite3_libversion());
  row.goal = ">= 0.80";
  row.met = *row.ratio >= 0.8;
  run.add(std::move(row));
  run.scratch().remove("landing");
  return {};
}

}  // namespace blotter::bench
