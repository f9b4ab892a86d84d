// verify: silent about a clean ledger, and names whatever was changed behind its back.
#include "ledger/verify.h"

#include <fstream>
#include <thread>

#include "ledger/accepting_test.h"

namespace blotter::ledger_test {
namespace {

// One day with something in every table, recorded once and copied for each test.
const std::string& recorded_day() {
  static const Directory directory;
  static const std::string path = [] {
    std::vector<Report> reports = simulated(4'000, 31, 100);
    reports.emplace_back(cash("X", "1"));
    reports.emplace_back(cash("X", "2"));                         // a conflict
    reports.emplace_back(status("nobody", OrdStatus::canceled));  // waits
    const auto ledger = open_ledger(directory, directory.store());
    for (const Report& report : reports) expect_value(ledger->offer(report, {}));
    expect_value(ledger->close(60'000));
    return directory.path();
  }();
  return path;
}

struct VerifyTest : testing::Test {
  Directory directory;

  void SetUp() override {
    for (const char* name : {"journal", "blotter.db"}) {
      copy_directory(recorded_day() + "/" + name, directory / name);
    }
  }
  VerifyReport found(const std::string& book = "main", const std::vector<RetiredRange>& retired = {}) {
    const auto store = reading(directory);
    return expect_value(verify(directory.journal(), book, store.get(), {}, retired));
  }
  static std::string text(const VerifyReport& report) {
    std::string all;
    for (const Finding& finding : report.findings) all += finding.check + ": " + finding.detail + "\n";
    return all;
  }
  std::string last_segment() const {
    std::string last;
    for (const auto& entry : std::filesystem::directory_iterator(directory.journal())) {
      if (entry.path().extension() == ".seg") last = std::max(last, entry.path().string());
    }
    return last;
  }
};

TEST_F(VerifyTest, HasNothingToSayOfACleanLedger) {
  const VerifyReport report = found();
  EXPECT_TRUE(report.ok()) << text(report);
  EXPECT_GT(report.rows_compared, 4'000u);
  EXPECT_GT(report.entries_summed, 1'000u);
  EXPECT_EQ(report.cursor.applied, report.journal.last);
}

struct Edit {
  const char* name;
  const char* sql;
  const char* table;   // named by the finding
  const char* detail;  // and this
};

void PrintTo(const Edit& edit, std::ostream* out) { *out << edit.name; }

struct VerifyEdits : VerifyTest, testing::WithParamInterface<Edit> {};

TEST_P(VerifyEdits, AreFoundAndNamed) {
  ASSERT_GE(edit(directory, std::string("PRAGMA ignore_check_constraints=1; PRAGMA foreign_keys=0; ") + GetParam().sql),
            1);
  const VerifyReport report = found();
  EXPECT_FALSE(report.ok());
  EXPECT_THAT(text(report), testing::HasSubstr("store: " + std::string(GetParam().table) + ": "));
  EXPECT_THAT(text(report), testing::HasSubstr(GetParam().detail));
}

// clang-format off
const Edit kEdits[] = {
    {"ChangedAccount", "UPDATE accounts SET broker = 'other' WHERE account = (SELECT min(account) FROM accounts)", "accounts", "differs"},
    {"ChangedInstrument", "UPDATE instruments SET multiplier = '7' WHERE symbol = (SELECT min(symbol) FROM instruments)", "instruments", "differs"},
    {"ChangedStrategy", "UPDATE strategies SET created_at = '2001-01-01T00:00:00.000000000Z' WHERE strategy <> 'unattributed'", "strategies", "differs"},
    {"ChangedOrder", "UPDATE orders SET limit_price = '0.5' WHERE first_seq = (SELECT max(first_seq) FROM orders)", "orders", "differs"},
    {"WrongOrderStatus", "UPDATE orders SET status = 'expired' WHERE first_seq = (SELECT min(first_seq) FROM orders WHERE status <> 'expired')", "orders", "differs"},
    {"ChangedOrderEvent", "UPDATE order_events SET status = 'suspended' WHERE seq = (SELECT max(seq) FROM order_events)", "order_events", "status"},
    {"ChangedFill", "UPDATE fills SET price = '1.23' WHERE seq = (SELECT max(seq) FROM fills)", "fills", "price"},
    {"WrongFillStatus", "UPDATE fills SET status = 'busted' WHERE seq = (SELECT max(seq) FROM fills WHERE status = 'effective')", "fills", "status is 'busted', the journal says 'effective'"},
    {"UnbustedFill", "UPDATE fills SET status = 'effective' WHERE seq = (SELECT max(seq) FROM fills WHERE status = 'busted')", "fills", "the journal says 'busted'"},
    {"ChangedAdjustment", "UPDATE position_adjustments SET cost_delta = '1' WHERE seq = (SELECT max(seq) FROM position_adjustments)", "position_adjustments", "cost_delta"},
    {"WrongPosition", "UPDATE positions SET quantity = '123456' WHERE last_seq = (SELECT max(last_seq) FROM positions)", "positions", "differs"},
    {"WrongBalance", "UPDATE balances SET amount = '1000000' WHERE last_seq = (SELECT max(last_seq) FROM balances)", "balances", "differs"},
    {"ChangedCash", "UPDATE cash_movements SET note = 'edited' WHERE seq = (SELECT min(seq) FROM cash_movements)", "cash_movements", "note"},
    {"ChangedDay", "UPDATE pnl_daily SET fills = fills + 1 WHERE last_seq = (SELECT max(last_seq) FROM pnl_daily)", "pnl_daily", "differs"},
    {"ChangedQuarantine", "UPDATE quarantine SET content = 'edited' WHERE seq = (SELECT max(seq) FROM quarantine)", "quarantine", "content"},
    {"WrongQuarantineState", "UPDATE quarantine SET state = 'released' WHERE seq = (SELECT max(seq) FROM quarantine)", "quarantine", "state is 'released'"},
    {"MissingAccount", "DELETE FROM accounts WHERE account = (SELECT min(account) FROM accounts)", "accounts", "missing"},
    {"MissingInstrument", "DELETE FROM instruments WHERE symbol = (SELECT min(symbol) FROM instruments)", "instruments", "missing"},
    {"MissingStrategy", "DELETE FROM strategies WHERE strategy = 'unattributed'", "strategies", "missing"},
    {"MissingOrder", "DELETE FROM orders WHERE first_seq = (SELECT min(first_seq) FROM orders)", "orders", "missing"},
    {"MissingOrderEvent", "DELETE FROM order_events WHERE seq = (SELECT max(seq) FROM order_events)", "order_events", "missing"},
    {"MissingFill", "DELETE FROM fills WHERE seq = (SELECT min(seq) FROM fills)", "fills", "missing"},
    {"MissingAdjustment", "DELETE FROM position_adjustments WHERE seq = (SELECT max(seq) FROM position_adjustments)", "position_adjustments", "missing"},
    {"MissingPosition", "DELETE FROM positions WHERE last_seq = (SELECT max(last_seq) FROM positions)", "positions", "missing"},
    {"MissingBalance", "DELETE FROM balances WHERE last_seq = (SELECT max(last_seq) FROM balances)", "balances", "missing"},
    {"MissingCash", "DELETE FROM cash_movements WHERE seq = (SELECT min(seq) FROM cash_movements)", "cash_movements", "missing"},
    {"MissingDay", "DELETE FROM pnl_daily WHERE last_seq = (SELECT min(last_seq) FROM pnl_daily)", "pnl_daily", "missing"},
    {"MissingQuarantine", "DELETE FROM quarantine WHERE seq = (SELECT max(seq) FROM quarantine)", "quarantine", "missing"},
    {"SurplusAccount", "INSERT INTO accounts SELECT book_id, 'ghost', base_currency, broker, method, mode, created_at FROM accounts LIMIT 1", "accounts", "ghost"},
    {"SurplusBalance", "INSERT INTO balances SELECT book_id, account, 'GOLD', amount, last_seq FROM balances LIMIT 1", "balances", "GOLD"},
    {"SurplusCash", "INSERT INTO cash_movements SELECT book_id, (SELECT max(seq) FROM orders JOIN order_events), account, kind, 'ghost', asset, amount, symbol, venue, note, at, received_at, recorded_at FROM cash_movements LIMIT 1", "cash_movements", "does not explain"},
    {"SurplusBeyondTheCursor", "INSERT INTO cash_movements SELECT book_id, 9999999, account, kind, 'ghost', asset, amount, symbol, venue, note, at, received_at, recorded_at FROM cash_movements LIMIT 1", "cash_movements", "9999999 lies beyond"},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Verify, VerifyEdits, testing::ValuesIn(kEdits),
                         [](const auto& tested) { return std::string(tested.param.name); });

// The comparison with the journal would find this too; the sums must find it without.
TEST_F(VerifyTest, ConservationFindsAnEditThatIsConsistentInOneTableOnly) {
  edit(directory,
       "UPDATE positions SET quantity = '5', cost_basis = '5' WHERE last_seq = (SELECT max(last_seq) FROM positions)");
  edit(directory, "UPDATE balances SET amount = '5' WHERE last_seq = (SELECT max(last_seq) FROM balances)");
  const std::string all = text(found());
  EXPECT_THAT(all, testing::HasSubstr("conservation: position "));
  EXPECT_THAT(all, testing::HasSubstr("conservation: balance "));
}

TEST_F(VerifyTest, ConservationFindsAnEditedFill) {
  edit(directory, "UPDATE fills SET position_delta = '77' WHERE seq = (SELECT max(seq) FROM fills)");
  EXPECT_THAT(text(found()), testing::HasSubstr("conservation: "));
}

TEST_F(VerifyTest, AStoreOfAnotherJournalIsNamed) {
  edit(directory, "UPDATE books SET applied_hash = applied_hash + 1");
  const std::string all = text(found());
  EXPECT_THAT(all, testing::HasSubstr("store: event "));
  EXPECT_THAT(all, testing::HasSubstr("another journal"));
  edit(directory, "UPDATE books SET applied_hash = 0");
  EXPECT_TRUE(found().ok()) << "a store that remembers no hash proves nothing";
}

struct VerifyRetired : VerifyTest {
  // Everything before the middle fill of the day.
  std::vector<RetiredRange> ranges;
  void retire() {
    std::vector<std::string> instants;
    const auto store = reading(directory);
    Select select;
    select.table = Table::fills;
    select.book_id = "main";
    select.columns = {"at"};
    select.order = {{.column = "at"}};
    expect_value(store->select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
      instants.push_back(std::get<std::string>(cells[0]));
      return {};
    }));
    const std::string& middle = instants[instants.size() / 2];
    const Timestamp to = expect_value(parse_timestamp(middle));
    for (const Table table : {Table::order_events, Table::fills, Table::cash_movements, Table::audit_log}) {
      ranges.push_back({.table = table, .from = {}, .to = to});
      edit(directory,
           "PRAGMA foreign_keys = 0; DELETE FROM " + std::string(name_of(table)) + " WHERE at < '" + middle + "'");
    }
  }
};

TEST_F(VerifyRetired, RowsAreNoFindingAndTheSumsStillProveTheRest) {
  retire();
  const VerifyReport report = found("main", ranges);
  EXPECT_TRUE(report.ok()) << text(report);
  EXPECT_GT(report.rows_retired, 1'000u);
  EXPECT_FALSE(found().ok()) << "unless nobody says that they were retired";
}

TEST_F(VerifyRetired, RowsDoNotHideWhatWasChanged) {
  retire();
  edit(directory, "UPDATE positions SET realized_pnl = '5' WHERE last_seq = (SELECT max(last_seq) FROM positions)");
  edit(directory, "UPDATE balances SET amount = '5' WHERE last_seq = (SELECT max(last_seq) FROM balances)");
  edit(directory, "DELETE FROM fills WHERE seq = (SELECT max(seq) FROM fills)");
  const std::string all = text(found("main", ranges));
  EXPECT_THAT(all, testing::HasSubstr("conservation: position "));
  EXPECT_THAT(all, testing::HasSubstr("conservation: balance "));
  EXPECT_THAT(all, testing::ContainsRegex("store: fills: the row of event [0-9]+ is missing"));
}

TEST_F(VerifyRetired, RowsThatAreStillThereAreComparedAllTheSame) {
  ranges = {{.table = Table::fills, .from = {}, .to = {INT64_MAX}}};
  EXPECT_TRUE(found("main", ranges).ok());
  edit(directory, "UPDATE fills SET price = '1.23' WHERE seq = (SELECT min(seq) FROM fills)");
  EXPECT_THAT(text(found("main", ranges)), testing::HasSubstr("price is '1.23'"));
}

// A late record of a time that was retired lands in a new partition: its loss is no retirement.
TEST_F(VerifyRetired, ARowThatNoArchiveHoldsIsMissing) {
  retire();
  const std::uint64_t retired = found("main", ranges).rows_retired;
  for (RetiredRange& range : ranges) range.last_seq = 100;
  const VerifyReport report = found("main", ranges);
  EXPECT_FALSE(report.ok());
  EXPECT_LT(report.rows_retired, retired);
  EXPECT_THAT(text(report), testing::ContainsRegex("the row of event [0-9]+ is missing"));
}

TEST_F(VerifyTest, AStoreAheadOfTheJournalIsNamedAndTheRestStillCompared) {
  // The journal as it was a while before: a new one with the first half of the events.
  const std::vector<Event> events = events_of(directory.journal());
  std::filesystem::remove_all(directory.journal());
  const journal::Options options{.segment_bytes = 1u << 20};
  expect_value(journal::create_journal(directory.journal(), "main", options));
  {
    const auto half = expect_value(journal::open_journal(directory.journal(), options));
    ByteWriter bytes;
    for (std::size_t i = 0; i < events.size() / 2; ++i) {
      encode(events[i], bytes);
      expect_value(half->append(bytes.bytes(), journal::Priority::fact));
    }
    expect_value(half->wait_durable(half->appended()));
  }
  const std::string all = text(found());
  EXPECT_THAT(all, testing::HasSubstr("the store has event " + std::to_string(events.size()) +
                                      ", the journal ends at " + std::to_string(events.size() / 2)));
  EXPECT_THAT(all, testing::Not(testing::HasSubstr("strategies: ")));
}

TEST_F(VerifyTest, AFlippedByteOfTheJournalIsNamedWithFileAndOffset) {
  const std::string path = last_segment();
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(4096 + 300);
  const char byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(4096 + 300);
  file.put(byte);
  file.close();
  const VerifyReport report = found();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.findings[0].check, "journal");
  EXPECT_THAT(report.findings[0].detail, testing::HasSubstr(std::filesystem::path(path).filename().string()));
}

TEST_F(VerifyTest, ATornTailIsReportedAndIsNoFinding) {
  const std::uint64_t last = to_number(found().journal.last);
  { open_ledger(directory, directory.store())->record(cash("late", "1")).has_value(); }
  // Half of the last frame never arrived, and the store has not heard of it.
  for (const char* name : {"blotter.db", "blotter.db-wal", "blotter.db-shm"}) std::filesystem::remove(directory / name);
  std::filesystem::copy(recorded_day() + "/blotter.db", directory / "blotter.db");
  const std::string path = last_segment();
  const journal::Bytes bytes = journal::read_file(path);
  std::size_t end = bytes.size();
  while (bytes[end - 1] == std::byte{0}) --end;
  std::filesystem::resize_file(path, end - 1);
  const VerifyReport report = found();
  EXPECT_TRUE(report.ok()) << text(report);
  EXPECT_GT(report.journal.torn_bytes, 0u);
  EXPECT_THAT(report.journal.torn_where, testing::HasSubstr(std::filesystem::path(path).filename().string()));
  EXPECT_EQ(to_number(report.journal.last), last);
}

TEST_F(VerifyTest, TwoBooksInOneStoreAreEachProvedAlone) {
  const Directory other;
  LedgerOptions options = options_for(other.path(), directory.store());
  options.book_id = "second";
  {
    const auto ledger = expect_value(Ledger::open(options));
    for (const Report& report : simulated(1'000, 32)) expect_value(ledger->offer(report, {}));
    expect_value(ledger->close(60'000));
  }
  const auto store = reading(directory);
  EXPECT_TRUE(found().ok());
  const VerifyReport second = expect_value(verify(other.journal(), "second", store.get(), {}));
  EXPECT_TRUE(second.ok()) << text(second);
  edit(directory, "UPDATE balances SET amount = '5' WHERE book_id = 'second'");
  EXPECT_TRUE(found().ok());
  EXPECT_FALSE(expect_value(verify(other.journal(), "second", store.get(), {})).ok());
}

TEST_F(VerifyTest, WorksWhileAWriterWrites) {
  std::atomic<bool> enough{false};
  const auto ledger = open_ledger(directory, directory.store());
  std::thread writer([&] {
    for (const Report& report : simulated(40'000, 31)) {
      if (enough) return;
      expect_value(ledger->offer(report, {}));
    }
  });
  for (int round = 0; round < 4; ++round) {
    const VerifyReport report = found();
    EXPECT_TRUE(report.ok()) << "at event " << to_number(report.cursor.applied) << "\n" << text(report);
  }
  enough = true;
  writer.join();
}

}  // namespace
}  // namespace blotter::ledger_test
