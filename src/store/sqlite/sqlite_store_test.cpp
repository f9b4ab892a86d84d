#include "store/sqlite/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <random>

#include "store/sqlite/connection.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/sqlite_reader.h"
#include "store/table_shape.h"
#include "store/test_directory.h"
#include "store/test_rows.h"

namespace blotter::sqlite {
namespace {

using store_rows::kBook;
using store_rows::kEpoch;
using testing::HasSubstr;

class SqliteStoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open(StoreAccess access = StoreAccess::write) {
    auto opened = open_store("sqlite:" + path_, access);
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  std::unique_ptr<Store> claimed() {
    auto store = open();
    EXPECT_TRUE(store->claim(kBook, kEpoch).has_value());
    return store;
  }
  Error refusal(StoreAccess access) {
    auto opened = open_store("sqlite:" + path_, access);
    EXPECT_FALSE(opened.has_value());
    return opened ? Error{} : opened.error();
  }
  void write_file(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }
  std::string read_file() {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.path() + "/blotter.db";
};

// One order, two events and a fill for each seq, so that every append-only table tells how far the store is.
Batch batch_at(std::uint64_t seq) {
  Batch batch = store_rows::batch(seq, seq);
  const auto number = static_cast<std::int64_t>(seq);
  batch.order_events = {store_rows::order_event(number, 1)};
  batch.fills = {store_rows::fill(number, 1)};
  batch.positions = {store_rows::position(std::to_string(seq).c_str(), number)};
  return batch;
}

void expect_rows_to_match_the_cursor(Store& store) {
  const auto applied = static_cast<std::size_t>(to_number(store.cursor(kBook)->applied));
  EXPECT_EQ(store_rows::all_of(store, Table::fills).size(), applied);
  EXPECT_EQ(store_rows::all_of(store, Table::order_events).size(), applied);
  const auto positions = store_rows::all_of(store, Table::positions);
  if (applied > 0) {
    ASSERT_EQ(positions.size(), 1u);
    EXPECT_EQ(positions[0].back(), Cell(static_cast<std::int64_t>(applied)));
  }
}

TEST_F(SqliteStoreTest, KeepsEverythingWhenClosedAndOpenedAgain) {
  auto store = claimed();
  ASSERT_TRUE(store->apply(store_rows::full_batch()).has_value());
  const auto before = store_rows::everything(*store);
  store.reset();
  store = open(StoreAccess::read);
  EXPECT_EQ(store_rows::everything(*store), before);
  EXPECT_EQ(store->cursor(kBook)->applied, Seq{6});
}

TEST_F(SqliteStoreTest, OpeningForReadingNeverCreates) {
  const Error error = refusal(StoreAccess::read);
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_THAT(error.message, HasSubstr("no store at " + path_));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SqliteStoreTest, RefusesAFileThatIsNotADatabaseAndLeavesItAlone) {
  for (const std::string& text : {std::string("{\"type\":\"order\"}\n"), std::string(10'000, 'x')}) {
    write_file(text);
    for (const StoreAccess access : {StoreAccess::read, StoreAccess::write}) {
      const Error error = refusal(access);
      EXPECT_EQ(error.code, Errc::corrupt);
      EXPECT_THAT(error.message, HasSubstr(path_ + " is not a SQLite database"));
    }
    EXPECT_EQ(read_file(), text);
  }
}

TEST_F(SqliteStoreTest, RefusesADirectory) {
  std::filesystem::create_directory(path_);
  EXPECT_EQ(refusal(StoreAccess::write).code, Errc::invalid);
}

TEST_F(SqliteStoreTest, RefusesTheDatabaseOfAnotherProgram) {
  ASSERT_TRUE((*Connection::open(path_, Mode::create))->execute("CREATE TABLE theirs (a)").has_value());
  for (const StoreAccess access : {StoreAccess::read, StoreAccess::write}) {
    EXPECT_EQ(refusal(access).code, Errc::invalid);
    EXPECT_THAT(refusal(access).message, HasSubstr("another program"));
  }
}

TEST_F(SqliteStoreTest, RefusesAnUnknownScheme) {
  EXPECT_EQ(open_store("oracle:db", StoreAccess::write).error().code, Errc::invalid);
  EXPECT_EQ(open_store("sqlite:", StoreAccess::write).error().code, Errc::invalid);
  EXPECT_EQ(open_migrator("memory:").error().code, Errc::invalid);
}

TEST_F(SqliteStoreTest, AReaderCannotWrite) {
  claimed();
  auto reader = open(StoreAccess::read);
  EXPECT_FALSE(reader->claim(kBook, Epoch{5}).has_value());
  EXPECT_FALSE(reader->apply(store_rows::full_batch()).has_value());
}

TEST_F(SqliteStoreTest, CommitsDurablyToAWriteAheadLog) {
  claimed();
  auto connection = *Connection::open(path_, Mode::read);
  Statement mode = *connection->prepare("PRAGMA journal_mode");
  ASSERT_TRUE(*mode.next_row());
  EXPECT_EQ(mode.text(0), "wal");
}

TEST_F(SqliteStoreTest, ReadsTheLastCommitWhileAnotherProcessWrites) {
  auto store = claimed();
  ASSERT_TRUE(store->apply(batch_at(1)).has_value());
  auto writer = *Connection::open(path_, Mode::write);
  ASSERT_TRUE(writer->execute("BEGIN IMMEDIATE; UPDATE fills SET price = '7'; DELETE FROM positions").has_value());

  const pid_t child = fork();
  if (child == 0) {
    auto reader = open_store("sqlite:" + path_, StoreAccess::read);
    const bool sees_it = reader && store_rows::all_of(**reader, Table::positions).size() == 1 &&
                         (*reader)->cursor(kBook)->applied == Seq{1};
    _exit(sees_it ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(store_rows::all_of(*open(StoreAccess::read), Table::positions).size(), 1u);
}

TEST_F(SqliteStoreTest, TheSchemaItselfRefusesWhatOtherWritersMustNotDo) {
  auto store = claimed();
  ASSERT_TRUE(store->apply(store_rows::full_batch()).has_value());
  auto other = *Connection::open(path_, Mode::write);
  for (const char* sql :
       {"UPDATE fills SET quantity = '0'", "UPDATE fills SET quantity = '-1'", "UPDATE fills SET side = 'short'",
        "UPDATE fills SET seq = 0", "UPDATE orders SET status = 'done'", "UPDATE orders SET open = 2",
        "UPDATE orders SET client_order_id = 'same'", "UPDATE fills SET price = NULL",
        "UPDATE orders SET last_seq = 'text'", "UPDATE instruments SET multiplier = '0'",
        "UPDATE cash_movements SET kind = 'gift'", "UPDATE books SET applied_seq = -1",
        "UPDATE quarantine SET state = 'gone'", "UPDATE accounts SET method = 'pool'",
        "UPDATE audit_log SET severity = 'loud'", "UPDATE audit_log SET component = ''"}) {
    const auto done = other->execute(sql);
    ASSERT_FALSE(done.has_value()) << sql;
    EXPECT_EQ(done.error().code, Errc::invalid) << sql;
    EXPECT_THAT(done.error().message, HasSubstr(path_));
  }
}

bool is_number(ColumnKind kind) { return kind == ColumnKind::integer || kind == ColumnKind::boolean; }

TEST_F(SqliteStoreTest, EveryTableHasTheColumnsOfItsRow) {
  claimed();
  auto connection = *Connection::open(path_, Mode::read);
  for (int table = 0; table <= static_cast<int>(Table::ledger_entries); ++table) {
    const TableShape& shape = shape_of(static_cast<Table>(table));
    Statement info = *connection->prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1) ORDER BY cid");
    info.bind_text(1, shape.name);
    for (std::size_t i = 0; i < shape.columns.size(); ++i) {
      const Column& column = shape.columns[i];
      ASSERT_TRUE(*info.next_row()) << shape.name << "." << column.name;
      EXPECT_EQ(info.text(0), column.name);
      if (shape.table == Table::ledger_entries) continue;
      EXPECT_EQ(info.text(1), is_number(column.kind) ? "INTEGER" : "TEXT") << shape.name << column.name;
      EXPECT_EQ(info.integer(2), column.nullable ? 0 : 1) << shape.name << "." << column.name;
      EXPECT_EQ(info.integer(3), i < shape.key_columns ? static_cast<std::int64_t>(i) + 1 : 0);
    }
    EXPECT_FALSE(*info.next_row()) << shape.name << " has a column too many";
  }
}

TEST_F(SqliteStoreTest, EachIndexServesItsQuery) {
  claimed();
  auto connection = *Connection::open(path_, Mode::read);
  const auto plan_of = [&](const std::string& tail) {
    Statement plan = *connection->prepare("EXPLAIN QUERY PLAN SELECT * FROM " + tail);
    std::string text;
    while (*plan.next_row()) text.append(plan.text(3)).append("; ");
    return text;
  };
  const auto served = [&](const std::string& tail, const char* index) {
    const std::string plan = plan_of(tail);
    EXPECT_THAT(plan, HasSubstr(index)) << tail;
    EXPECT_EQ(plan.find("SCAN"), std::string::npos) << tail << ": " << plan;
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << tail << ": " << plan;
  };
  served("orders WHERE book_id = ? AND account = ? AND client_order_id = ?", "orders_client_order_id");
  served("orders WHERE book_id = ? AND account = ? AND venue_order_id = ?", "orders_venue_order_id");
  served("orders WHERE book_id = ? AND open = 1 ORDER BY account, order_id", "orders_open");
  served("orders WHERE book_id = ? AND symbol = ? ORDER BY order_id DESC LIMIT 100", "orders_symbol");
  served("order_events WHERE book_id = ? AND order_id = ? ORDER BY seq", "order_events_order");
  served("fills WHERE book_id = ? AND order_id = ? ORDER BY seq", "fills_order");
  served("fills WHERE book_id = ? AND symbol = ? ORDER BY seq DESC LIMIT 100", "fills_symbol");
  served("fills WHERE book_id = ? AND account = ? AND venue = ? AND symbol = ? AND exec_id = ?", "fills_identity");
  served("fills WHERE book_id = ? ORDER BY seq DESC LIMIT 100", "PRIMARY KEY");
  served("position_adjustments WHERE book_id = ? AND fill_seq = ?", "position_adjustments_fill");
  served("cash_movements WHERE book_id = ? AND account = ? AND kind = ? AND id = ?", "cash_movements_identity");
  served("positions WHERE book_id = ? AND symbol = ?", "positions_symbol");
  served("pnl_daily WHERE book_id = ? AND symbol = ? AND day >= ? ORDER BY day", "pnl_daily_symbol");
  served("pnl_daily WHERE book_id = ? AND day >= ? AND day < ? ORDER BY day", "PRIMARY KEY");
  served("audit_log WHERE book_id = ? AND component = ? ORDER BY seq DESC LIMIT 100", "audit_log_component");
  served(
      "audit_log WHERE book_id = ? AND (severity = 'warning' OR severity = 'error' OR severity = 'critical')"
      " ORDER BY seq DESC LIMIT 100",
      "audit_log_severity");
  served("quarantine WHERE book_id = ? AND state = 'waiting' ORDER BY account, seq", "quarantine_waiting");
}

// The texts that the verbs fills, orders and audit run, newest first: no listing reads or sorts a whole table.
TEST_F(SqliteStoreTest, EachListingIsServedInItsOrder) {
  claimed();
  auto connection = *Connection::open(path_, Mode::read);
  const auto served = [&](Table table, const std::string& column, const Cell& value, const char* index) {
    Select select{.table = table, .book_id = kBook, .columns = {}, .filters = {}, .order = {}, .limit = 50};
    select.order = {{table == Table::orders ? "order_id" : "seq", Direction::descending}};
    if (!column.empty()) select.filters = {{column, Compare::equal, value}};
    Statement plan = *connection->prepare("EXPLAIN QUERY PLAN " + *select_sql(select));
    plan.bind_text(1, kBook);
    if (const auto* text = std::get_if<std::string>(&value)) plan.bind_text(2, *text);
    if (std::holds_alternative<bool>(value)) plan.bind_integer(2, 1);
    std::string steps;
    while (*plan.next_row()) steps.append(plan.text(3)).append("; ");
    EXPECT_THAT(steps, HasSubstr(index)) << column;
    EXPECT_EQ(steps.find("TEMP B-TREE"), std::string::npos) << column << ": " << steps;
  };
  served(Table::fills, "", {}, "PRIMARY KEY");
  served(Table::fills, "symbol", std::string("BTCUSD"), "INDEX fills_symbol ");
  served(Table::orders, "symbol", std::string("BTCUSD"), "orders_symbol");
  served(Table::audit_log, "", {}, "PRIMARY KEY");
  served(Table::audit_log, "component", std::string("risk"), "audit_log_component");
  served(Table::audit_log, "action", std::string("halted"), "PRIMARY KEY");
  served(Table::audit_log, "severity", std::string("error"), "audit_log_severity");
  served(Table::audit_log, "severity", std::string("info"), "PRIMARY KEY");
}

TEST_F(SqliteStoreTest, AKilledWriterLeavesRowsAndCursorTogether) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  claimed();
  for (int round = 0; round < 8; ++round) {
    int progress[2];
    ASSERT_EQ(pipe(progress), 0);
    const pid_t child = fork();
    if (child == 0) {
      auto store = open_store("sqlite:" + path_, StoreAccess::write);
      if (!store) _exit(1);
      for (auto seq = to_number((*store)->cursor(kBook)->applied) + 1;; ++seq) {
        if (!(*store)->apply(batch_at(seq)) || write(progress[1], "x", 1) != 1) _exit(1);
      }
    }
    close(progress[1]);
    // The child is somewhere inside a later apply when the signal arrives.
    const int commits = std::uniform_int_distribution<int>(1, 60)(random);
    char byte = 0;
    for (int i = 0; i < commits; ++i) ASSERT_EQ(read(progress[0], &byte, 1), 1);
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    close(progress[0]);

    auto store = open();
    expect_rows_to_match_the_cursor(*store);
    const auto next = to_number(store->cursor(kBook)->applied) + 1;
    ASSERT_TRUE(store->apply(batch_at(next)).has_value());
  }
}

TEST_F(SqliteStoreTest, AFullDiskRefusesTheBatchAndServesAgainWithSpace) {
  const std::string disk = directory_.path() + "/disk";
  std::filesystem::create_directory(disk);
  if (mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=2m") != 0) {
    GTEST_SKIP() << "needs to mount a small tmpfs: " << std::strerror(errno);
  }
  path_ = disk + "/blotter.db";
  auto store = claimed();
  std::uint64_t seq = 1;
  Result<Seq> answer = Seq{0};
  for (; seq < 10'000; ++seq) {
    Batch batch = batch_at(seq);
    batch.quarantine = {store_rows::quarantine(static_cast<std::int64_t>(seq))};
    batch.quarantine[0].content = std::string(50'000, 'x');
    answer = store->apply(batch);
    if (!answer) break;
  }
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::exhausted) << answer.error().message;
  EXPECT_THAT(answer.error().message, HasSubstr(path_));
  EXPECT_EQ(store->cursor(kBook)->applied, Seq{seq - 1});
  expect_rows_to_match_the_cursor(*store);

  ASSERT_EQ(mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=8m"), 0);
  EXPECT_TRUE(store->apply(batch_at(seq)).has_value());
  expect_rows_to_match_the_cursor(*store);
  store.reset();
  EXPECT_EQ(umount(disk.c_str()), 0);
}

}  // namespace
}  // namespace blotter::sqlite
