// A book moves between stores: whole, in pieces, while the source goes on; and never into the wrong store.
#include "ledger/store_copy.h"

#include <map>

#include "ledger/accepting_test.h"
#include "ledger/projector.h"

namespace blotter::ledger_test {
namespace {

constexpr std::uint64_t kEvents = 300;  // in a batch: so that there are many

// A day with something in every table, busts and corrections of old fills included.
struct Day {
  Directory directory;
  Accepting accepting{directory.journal()};
  explicit Day(std::uint64_t seed) {
    std::vector<Report> reports = simulated(2'500, seed, 100);
    reports.emplace_back(order("O", "10"));
    reports.emplace_back(fill("F", "O"));
    reports.emplace_back(cash("X", "1"));
    reports.emplace_back(cash("X", "2"));                         // a conflict
    reports.emplace_back(status("nobody", OrdStatus::canceled));  // waits
    for (const Report& late : simulated(500, seed + 1)) reports.push_back(late);
    reports.emplace_back(bust("F"));
    reports.emplace_back(order("nobody", "3"));  // explains the one that waited
    accepting.offer(reports);
  }
};

const Day& day() {
  static const Day recorded(71);
  return recorded;
}

// A store that is filled event by event.
struct Filled {
  std::vector<Event> events = events_of(day().directory.journal());
  std::unique_ptr<Store> store;
  Projection projection{"main", Book{}};
  std::size_t landed = 0;

  explicit Filled(std::unique_ptr<Store> into) : store(std::move(into)) {
    expect_value(store->claim("main", Epoch{1}));
  }
  Filled() : Filled(memory_store()) {}

  Filled& land(std::size_t until) {
    Batch batch;
    ByteWriter bytes;
    for (; landed < std::min(until, events.size()); ++landed) {
      projection.add(events[landed], Seq{landed + 1});
      encode(events[landed], bytes);
    }
    projection.take(Epoch{1}, batch);
    batch.last_hash = hash_of(journal::Record{.seq = Seq{landed}, .epoch = Epoch{1}, .bytes = bytes.bytes()});
    expect_value(store->apply(batch));
    return *this;
  }
  Filled& land_all() { return land(events.size()); }
};

// Passes everything on; one apply fails, before or after its effect.
class Failing final : public Store {
 public:
  Failing(Store& inner, int fails_at, bool after) : inner_(inner), fails_at_(fails_at), after_(after) {}
  Result<Cursor> cursor(std::string_view book) override { return inner_.cursor(book); }
  Result<void> select(const Select& select, const RowVisitor& visit) override { return inner_.select(select, visit); }
  Result<Cursor> claim(std::string_view book, Epoch epoch) override { return inner_.claim(book, epoch); }
  Result<Seq> apply(const Batch& batch) override {
    if (++applies_ != fails_at_) return inner_.apply(batch);
    if (!after_) return fail(Errc::unavailable, "cut");
    expect_value(inner_.apply(batch));
    return fail(Errc::in_doubt, "cut");
  }
  Result<Seq> apply_setting_aside(const Batch& batch) override { return inner_.apply_setting_aside(batch); }
  Result<void> reset(std::string_view book, Epoch epoch) override { return inner_.reset(book, epoch); }
  Result<std::unique_ptr<StoreReader>> one_moment() override { return inner_.one_moment(); }

 private:
  Store& inner_;
  int fails_at_;
  bool after_;
  int applies_ = 0;
};

CopyReport copied(Store& source, Store& target, std::uint64_t events_max = kEvents) {
  return expect_value(copy_store(source, target, "main", {}, events_max));
}
Error refusal(Store& source, Store& target) {
  const auto answer = copy_store(source, target, "main", {}, kEvents);
  EXPECT_FALSE(answer.has_value());
  return answer ? Error{} : answer.error();
}
void expect_equal(const CopyReport& report, Store& source, Store& target) {
  EXPECT_TRUE(report.equal());
  EXPECT_EQ(difference(tables(source), tables(target)), "");
}
std::unique_ptr<Store> sqlite_store(const Directory& directory) {
  return expect_value(open_store(directory.store(), StoreAccess::write));
}

TEST(StoreCopy, MovesABookFromMemoryToSqliteAndBack) {
  Filled source;
  source.land_all();
  const Directory directory;
  const auto sqlite = sqlite_store(directory);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> seen;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> compared_tables;
  const CopyProgress progress{
      .copying = [&](std::uint64_t done, std::uint64_t all) { seen.emplace_back(done, all); },
      .comparing = [&](std::uint64_t done, std::uint64_t all) { compared_tables.emplace_back(done, all); }};
  const auto there = expect_value(copy_store(*source.store, *sqlite, "main", progress, kEvents));
  expect_equal(there, *source.store, *sqlite);
  EXPECT_EQ(to_number(there.from), 0u);
  EXPECT_EQ(to_number(there.to), source.events.size());
  EXPECT_EQ(seen.size(), (source.events.size() + kEvents - 1) / kEvents);
  EXPECT_EQ(seen.back(), std::pair(source.events.size(), source.events.size()));
  EXPECT_EQ(compared_tables.size(), there.tables.size());
  EXPECT_EQ(compared_tables.back(), std::pair(there.tables.size(), there.tables.size()));
  std::map<Table, std::uint64_t> rows;
  for (const auto& compared : there.tables) rows[compared.table] = compared.target.rows;
  for (const Table table : {Table::orders, Table::order_events, Table::fills, Table::position_adjustments,
                            Table::cash_movements, Table::quarantine, Table::pnl_daily}) {
    EXPECT_GT(rows[table], 0u) << name_of(table) << ": the day has something in it";
  }
  const auto back = memory_store();
  expect_equal(copied(*sqlite, *back, kCopyEvents), *source.store, *back);
}

TEST(StoreCopy, OfWhatIsThereAlreadyChangesNothing) {
  Filled source;
  source.land_all();
  const auto target = memory_store();
  copied(*source.store, *target);
  const CopyReport again = copied(*source.store, *target);
  EXPECT_EQ(again.rows_copied, 0u);
  expect_equal(again, *source.store, *target);
}

TEST(StoreCopy, GoesOnAfterAFailureOfAnyOfItsBatches) {
  Filled source;
  source.land_all();
  const int batches = static_cast<int>((source.events.size() + kEvents - 1) / kEvents);
  ASSERT_GT(batches, 5);
  for (int batch = 1; batch <= batches; ++batch) {
    for (const bool after : {false, true}) {
      SCOPED_TRACE("batch " + std::to_string(batch) + (after ? ", after" : ", before") + " its effect");
      const auto target = memory_store();
      Failing failing(*target, batch, after);
      EXPECT_EQ(refusal(*source.store, failing).code, after ? Errc::in_doubt : Errc::unavailable);
      const CopyReport report = copied(*source.store, *target);
      EXPECT_EQ(
          to_number(report.from),
          std::min<std::uint64_t>(kEvents * static_cast<std::uint64_t>(batch - 1 + int{after}), source.events.size()));
      expect_equal(report, *source.store, *target);
    }
  }
}

TEST(StoreCopy, GoesOnWhenTheSourceHasMovedOn) {
  for (const int batch : {2, 4, 6}) {
    Filled source;
    source.land(2'000);
    const auto target = memory_store();
    Failing failing(*target, batch, false);
    EXPECT_EQ(refusal(*source.store, failing).code, Errc::unavailable);
    source.land(3'000).land_all();
    expect_equal(copied(*source.store, *target), *source.store, *target);
  }
}

TEST(StoreCopy, FollowsASourceThatGoesOnBetweenCopies) {
  Filled source;
  const auto target = memory_store();
  for (std::size_t until = 100; until < source.events.size() + 700; until += 700) {
    source.land(until);
    expect_equal(copied(*source.store, *target), *source.store, *target);
    if (source.landed == source.events.size()) break;
  }
}

TEST(StoreCopy, AProjectorThatGoesOnFromAnUnfinishedCopyEndsWithTheRightRows) {
  Filled source;
  source.land_all();
  const Directory directory;
  const auto target = sqlite_store(directory);
  Failing failing(*target, 4, false);
  refusal(*source.store, failing);
  const Directory copy_of_journal;
  std::filesystem::remove_all(copy_of_journal.journal());
  copy_directory(day().directory.journal(), copy_of_journal.journal());
  Accepting accepting(copy_of_journal.journal());
  Projector projector(accepting.journal(), "main", [&] { return open_store(directory.store(), StoreAccess::write); },
                      {});
  ASSERT_TRUE(projector.wait_stored(Seq{accepting.last()}, 20'000).has_value());
  projector.stop();
  EXPECT_EQ(difference(tables(*source.store, {"epoch"}), tables(*target, {"epoch"})), "");
}

TEST(StoreCopy, RefusesATargetOfAnotherBooksHistoryAndChangesNothing) {
  Filled source;
  source.land_all();
  const Day another(99);
  std::vector<Event> events = events_of(another.directory.journal());
  events.resize(1'000);
  const auto target = projected(events, 10'000);
  const Tables before = tables(*target);
  const Error error = refusal(*source.store, *target);
  EXPECT_EQ(error.code, Errc::invalid);
  EXPECT_THAT(error.message, testing::HasSubstr("not filled from this book's history"));
  EXPECT_EQ(difference(before, tables(*target)), "");
}

TEST(StoreCopy, RefusesStoresTheWrongWayRound) {
  Filled source;
  Filled target;
  source.land(100);
  target.land(200);
  EXPECT_EQ(refusal(*source.store, *target.store).code, Errc::invalid);
  EXPECT_THAT(refusal(*source.store, *target.store).message, testing::HasSubstr("wrong way round"));
  const auto claimed = memory_store();
  expect_value(claimed->claim("main", Epoch{2}));
  EXPECT_EQ(refusal(*source.store, *claimed).code, Errc::fenced);
  const auto empty = memory_store();
  EXPECT_EQ(refusal(*empty, *claimed).code, Errc::not_found);
}

TEST(StoreCopy, CountsWhatTheTargetRefusesAndIsNotEqualThen) {
  Filled source;
  source.land_all();
  const Directory directory;
  const auto target = sqlite_store(directory);
  // A schema of somebody who wants no small payments.
  edit(directory,
       "CREATE TRIGGER picky BEFORE INSERT ON cash_movements WHEN NEW.id = 'X' BEGIN SELECT "
       "RAISE(ABORT, 'too small'); END");
  const CopyReport report = copied(*source.store, *target);
  EXPECT_FALSE(report.equal());
  EXPECT_EQ(report.target_refused, 1u);
  EXPECT_EQ(report.source_refused, 0u);
  for (const auto& compared : report.tables) {
    EXPECT_EQ(compared.equal(), compared.table != Table::cash_movements) << name_of(compared.table);
  }
}

TEST(StoreCopy, NamesAColumnThatDoesNotRead) {
  const Directory directory;
  Filled source(sqlite_store(directory));
  source.land_all();
  edit(directory,
       "PRAGMA ignore_check_constraints = 1; UPDATE fills SET price = 'much' WHERE seq = (SELECT "
       "max(seq) FROM fills)");
  const auto target = memory_store();
  const Error error = refusal(*source.store, *target);
  EXPECT_EQ(error.code, Errc::corrupt);
  EXPECT_THAT(error.message, testing::HasSubstr("price"));
}

}  // namespace
}  // namespace blotter::ledger_test
