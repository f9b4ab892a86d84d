#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "store/postgres/archive_file.h"
#include "store/postgres/partitions.h"
#include "store/postgres/postgres_schema_test.h"
#include "store/postgres/roles.h"
#include "store/test_directory.h"

namespace blotter::postgres {
namespace {

using testing::HasSubstr;

class RetireTest : public PostgresSchemaTest {
 protected:
  void SetUp() override {
    migrate();
    partitions_ = std::move(*Partitions::open(options(), StoreAccess::write));
    run("SELECT ledger.ensure_partitions('cash_movements', ARRAY['2015-05-01Z', '2015-06-01Z', '2026-11-01Z']"
        "::timestamptz[]);"
        "INSERT INTO execution.cash_movements SELECT 'b', n, 'a', 'deposit', 'id' || n, 'USD', 0.1 * n, NULL,"
        " CASE n % 2 WHEN 0 THEN '' END, E'a \"note\",\\nof two lines', at, at, at, n"
        " FROM (SELECT n, TIMESTAMPTZ '2015-05-01Z' + n * INTERVAL '1 hour' AS at FROM generate_series(1, 1000) AS n) "
        "AS x;"
        "INSERT INTO execution.cash_movements SELECT 'b', 5000, 'a', 'deposit', 'new', 'USD', 1, NULL, NULL, NULL, at, "
        "at,"
        " at, 0 FROM (SELECT TIMESTAMPTZ '2026-11-02Z' AS at) AS x");
    all_rows_ = rows();
  }
  std::string rows() {
    return text_of(
        "SELECT count(*) || ' ' || coalesce(md5(string_agg(c::text, '|' ORDER BY seq)), '')"
        " FROM execution.cash_movements AS c");
  }
  RetireOptions retire_options() const {
    return {.archive_directory = directory_.path() + "/archive",
            .now = *parse_timestamp("2026-11-21T00:00:00Z"),
            .before_step = {}};
  }
  // What was dropped, or the first failure.
  Result<std::vector<Retirement>> retire(const RetireOptions& options) {
    BLOTTER_ASSIGN(RetireReport report, partitions_->retire(options));
    if (!report.failed.empty()) return fail(report.failed.front());
    return std::move(report.dropped);
  }
  void add_late(const std::string& at) {
    text_of("SELECT ledger.ensure_partitions('cash_movements', ARRAY[$1::text::timestamptz])", Parameters().add(at));
    const auto added = db().execute(
        "INSERT INTO execution.cash_movements SELECT 'b', 9000, 'a', 'deposit', 'late', 'USD', 1, NULL, NULL, NULL, at,"
        " at, at, 0 FROM (SELECT $1::text::timestamptz AS at) AS x",
        Parameters().add(at));
    ASSERT_TRUE(added.has_value()) << added.error().message;
  }
  // A reader of the partition makes DETACH CONCURRENTLY wait between its two transactions, where it is cut off.
  // Answers the reader.
  std::unique_ptr<Connection> cut_detachment(const std::string& partition) {
    auto reader = connect(url_);
    EXPECT_TRUE(reader->begin(kBeginOneMoment).has_value());
    EXPECT_TRUE(reader->query("SELECT count(*) FROM execution.cash_movements").has_value());
    const auto cut = connect(url_);
    EXPECT_TRUE(cut->run_script("SET lock_timeout = '300ms'").has_value());
    const std::string detach =
        "ALTER TABLE execution.cash_movements DETACH PARTITION execution." + partition + " CONCURRENTLY";
    EXPECT_FALSE(cut->run_script(detach.c_str()).has_value());
    EXPECT_EQ(text_of("SELECT partition_name FROM ledger.partitions WHERE detach_pending"), partition);
    return reader;
  }
  void restore(const std::string& archive) {
    run("SELECT ledger.ensure_partitions('cash_movements', ARRAY['2015-05-01Z', '2015-06-01Z']::timestamptz[])");
    const std::string command = "zstd -dc " + archive + " > " + directory_.path() + "/text.csv";
    ASSERT_EQ(std::system(command.c_str()), 0);
    std::FILE* file = std::fopen((directory_.path() + "/text.csv").c_str(), "rb");
    ASSERT_NE(file, nullptr);
    ASSERT_TRUE(db().begin_copy("COPY execution.cash_movements FROM STDIN (FORMAT csv, HEADER)").has_value());
    std::string buffer(1 << 16, '\0');
    for (std::size_t size = 0; (size = std::fread(buffer.data(), 1, buffer.size(), file)) > 0;) {
      ASSERT_TRUE(db().put_copy({buffer.data(), size}).has_value());
    }
    std::fclose(file);
    const auto count = db().end_copy();
    ASSERT_TRUE(count.has_value()) << count.error().message;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Partitions> partitions_;
  std::string all_rows_;
};

TEST_F(RetireTest, APlanChangesNothing) {
  const auto plan = partitions_->plan_retire(retire_options().now);
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  ASSERT_EQ(plan->size(), 2U);
  EXPECT_EQ(plan->at(0).partition, "cash_movements_2015_05");
  EXPECT_EQ(plan->at(0).state, RetirementState::due);
  EXPECT_EQ(plan->at(1).partition, "cash_movements_2015_06");
  EXPECT_EQ(rows(), all_rows_);
  EXPECT_TRUE(partitions_->retired_ranges()->empty());
  EXPECT_TRUE(partitions_->plan_retire(*parse_timestamp("2022-05-31T23:59:59Z"))->empty()) << "7 years are not over";
  EXPECT_EQ(partitions_->plan_retire(*parse_timestamp("2022-06-01T00:00:00Z"))->size(), 1U);
}

TEST_F(RetireTest, NothingIsRetiredWithoutARetention) {
  ASSERT_TRUE(partitions_->set_rule({"cash_movements", Period::month, "", 7}).has_value());
  EXPECT_TRUE(retire(retire_options())->empty());
  EXPECT_EQ(rows(), all_rows_);
}

TEST_F(RetireTest, RestoringTheArchivesGivesTheSameRows) {
  const auto retired = retire(retire_options());
  ASSERT_TRUE(retired.has_value()) << retired.error().message;
  ASSERT_EQ(retired->size(), 2U);
  EXPECT_EQ(text_of("SELECT count(*) FROM execution.cash_movements"), "1");
  EXPECT_EQ(retired->at(0).rows + retired->at(1).rows, 1000);
  EXPECT_EQ(text_of("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'cash_movements_2015%'"), "0");
  EXPECT_EQ(text_of("SELECT string_agg(state || row_count, ' ' ORDER BY retired_id) FROM ledger.retired_partitions"),
            "dropped743 dropped257");
  EXPECT_TRUE(std::filesystem::exists(retired->at(0).archive + ".json"));
  const auto ranges = *partitions_->retired_ranges();
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0].table, Table::cash_movements);
  EXPECT_EQ(to_text(ranges[0].from).substr(0, 10), "2015-05-01");
  for (const Retirement& each : *retired) restore(each.archive);
  EXPECT_EQ(rows(), all_rows_);
}

// Every place where the process can die: the retirement is done again and ends the same.
TEST_F(RetireTest, AnArchiveIsReadAgainLater) {
  ASSERT_TRUE(retire(retire_options()).has_value());
  const auto archives = partitions_->archives();
  ASSERT_TRUE(archives.has_value()) << archives.error().message;
  ASSERT_EQ(archives->size(), 2U);
  const Retirement& one = archives->front();
  EXPECT_EQ(*check_archive(one, one.archive), ArchiveState::whole);
  EXPECT_EQ(*check_archive(one, archives->back().archive), ArchiveState::damaged) << "another partition's";
  std::filesystem::resize_file(one.archive, std::filesystem::file_size(one.archive) - 1);
  EXPECT_EQ(*check_archive(one, one.archive), ArchiveState::damaged);
  std::filesystem::remove(one.archive);
  EXPECT_EQ(*check_archive(one, one.archive), ArchiveState::missing);
}

TEST_F(RetireTest, WhatWasRetiredIsKnownByItsNumbers) {
  RetireOptions dies = retire_options();
  dies.before_step = [&](std::string_view step, const std::string&) -> Result<void> {
    return step == "archive" ? Result<void>(fail(Errc::poisoned, "died")) : Result<void>();
  };
  EXPECT_FALSE(retire(dies).has_value());
  EXPECT_EQ(partitions_->retired_ranges()->at(0).last_seq, INT64_MAX) << "nobody has counted them yet";
  ASSERT_TRUE(retire(retire_options()).has_value());
  const auto ranges = *partitions_->retired_ranges();
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0].first_seq, 1);
  EXPECT_EQ(ranges[0].last_seq + 1, ranges[1].first_seq);
  EXPECT_EQ(ranges[1].last_seq, 1000);
}

TEST_F(RetireTest, ADeathBeforeAnyStepIsMadeGoodByTheNextRun) {
  std::set<std::string> steps;
  for (int death = 1;; ++death) {
    SCOPED_TRACE("death before step " + std::to_string(death));
    RetireOptions dying = retire_options();
    dying.archive_directory += std::to_string(death);
    int step = 0;
    dying.before_step = [&](std::string_view name, const std::string&) -> Result<void> {
      steps.insert(std::string(name));
      if (++step == death) return fail(Errc::unavailable, "died");
      return {};
    };
    const bool died = !retire(dying).has_value();
    dying.before_step = {};
    const auto retired = retire(dying);
    ASSERT_TRUE(retired.has_value()) << retired.error().message;
    EXPECT_EQ(text_of("SELECT count(*) FROM execution.cash_movements"), "1");
    EXPECT_EQ(text_of("SELECT count(*) FROM ledger.retired_partitions WHERE state <> 'dropped'"), "0");
    for (const char* month : {"05", "06"}) {
      restore(text_of("SELECT archive FROM ledger.retired_partitions WHERE partition_name = 'cash_movements_2015_" +
                      std::string(month) + "' ORDER BY retired_id DESC LIMIT 1"));
    }
    ASSERT_EQ(rows(), all_rows_);
    if (!died) break;
  }
  EXPECT_EQ(steps.size(), 8U);
}

TEST_F(RetireTest, ADetachmentCutOffInTheMiddleIsFinished) {
  const auto reader = cut_detachment("cash_movements_2015_05");
  EXPECT_EQ(partitions_->list()->front().state, PartitionState::detach_pending);
  const auto waits = retire(retire_options());
  ASSERT_FALSE(waits.has_value()) << "the reader still sees the partition";
  EXPECT_EQ(waits.error().code, Errc::unavailable) << waits.error().message;
  reader->rollback();
  const auto retired = retire(retire_options());
  ASSERT_TRUE(retired.has_value()) << retired.error().message;
  for (const Retirement& each : *retired) restore(each.archive);
  EXPECT_EQ(rows(), all_rows_);
}

// A late record makes an older partition anew while a younger one is half detached.
TEST_F(RetireTest, ADetachmentCutOffIsFinishedBeforeAnyOtherBegins) {
  RetireOptions dying = retire_options();
  dying.before_step = [](std::string_view step, const std::string& partition) -> Result<void> {
    if (partition == "cash_movements_2015_06" && step == "detach") return fail(Errc::unavailable, "died");
    return {};
  };
  ASSERT_FALSE(retire(dying).has_value());
  cut_detachment("cash_movements_2015_06")->rollback();
  add_late("2015-05-30Z");
  const auto plan = partitions_->plan_retire(retire_options().now);
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  ASSERT_EQ(plan->size(), 2U);
  EXPECT_EQ(plan->at(0).partition, "cash_movements_2015_06");
  EXPECT_EQ(plan->at(1).partition, "cash_movements_2015_05");
  const auto retired = retire(retire_options());
  ASSERT_TRUE(retired.has_value()) << retired.error().message;
  EXPECT_EQ(retired->size(), 2U);
  EXPECT_EQ(text_of("SELECT string_agg(id, ',') FROM execution.cash_movements"), "new");
}

TEST_F(RetireTest, SeveralRetirementsUnderWayAreAllFinishedByTheNextRun) {
  cut_detachment("cash_movements_2015_06")->rollback();
  run("INSERT INTO ledger.retired_partitions (table_name, partition_name, from_at, to_at, state)"
      " SELECT table_name, partition_name, from_at, to_at, 'detaching' FROM ledger.list_partitions()"
      " WHERE partition_name LIKE 'cash_movements_2015%'");
  run("SELECT ledger.ensure_partitions('cash_movements', ARRAY[TIMESTAMPTZ '2015-04-01Z'])");
  const auto retired = retire(retire_options());
  ASSERT_TRUE(retired.has_value()) << retired.error().message;
  ASSERT_EQ(retired->size(), 3U);
  EXPECT_EQ(retired->at(0).partition, "cash_movements_2015_06") << "it is pending";
  EXPECT_EQ(retired->at(1).partition, "cash_movements_2015_05") << "it is under way";
  EXPECT_EQ(retired->at(2).partition, "cash_movements_2015_04") << "it was only due";
  EXPECT_EQ(text_of("SELECT count(*) FROM ledger.retired_partitions WHERE state <> 'dropped'"), "0");
}

TEST_F(RetireTest, ALateRecordLandsWhileItsPeriodIsBeingRetired) {
  RetireOptions options = retire_options();
  bool landed = false;
  options.before_step = [&](std::string_view step, const std::string& partition) -> Result<void> {
    if (landed || partition != "cash_movements_2015_05" || step != "settle") return {};
    landed = true;
    add_late("2015-05-30Z");
    return {};
  };
  const auto retired = retire(options);
  ASSERT_TRUE(retired.has_value()) << retired.error().message;
  EXPECT_TRUE(landed);
  EXPECT_EQ(text_of("SELECT string_agg(id, ',' ORDER BY seq) FROM execution.cash_movements"), "new,late");
  const auto again = retire(options);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  ASSERT_EQ(again->size(), 1U) << "its new partition is retired in its turn";
  EXPECT_EQ(again->front().rows, 1);
}

// The partition on its way out is a month, and what the late record needs is a day of it.
TEST_F(RetireTest, ALateRecordLandsBesideADetachmentCutOffUnderAnotherRule) {
  ASSERT_TRUE(make_roles(options()).has_value());
  RetireOptions dying = retire_options();
  dying.before_step = [](std::string_view step, const std::string&) -> Result<void> {
    if (step == "detach") return fail(Errc::unavailable, "died");
    return {};
  };
  ASSERT_FALSE(retire(dying).has_value());
  cut_detachment("cash_movements_2015_05")->rollback();
  ASSERT_TRUE(partitions_->set_rule({"cash_movements", Period::day, "7 years", 7}).has_value());
  run("SET ROLE blotter_writer");
  add_late("2015-05-30Z");
  run("RESET ROLE");
  EXPECT_EQ(text_of("SELECT state FROM ledger.retired_partitions"), "detached");
  const auto retired = retire(retire_options());
  ASSERT_TRUE(retired.has_value()) << retired.error().message;
  EXPECT_EQ(retired->size(), 3U);
}

TEST_F(RetireTest, ALateRecordLandsBesideADetachmentThatAPersonBeganAndLeft) {
  cut_detachment("cash_movements_2015_05")->rollback();
  add_late("2015-05-30Z");
  EXPECT_EQ(text_of("SELECT count(*) FROM execution.cash_movements_2015_05"), "743") << "detached, as was wanted";
  EXPECT_EQ(text_of("SELECT partition_name FROM ledger.partitions WHERE from_at = '2015-05-01Z'"),
            "cash_movements_2015_05_2");
}

// list() sees the table in its snapshot, and its size cannot be told any more.
TEST_F(RetireTest, ATableThatIsDroppedWhileItIsListedHasNoSize) {
  RetireOptions dying = retire_options();
  dying.before_step = [](std::string_view step, const std::string&) -> Result<void> {
    if (step == "drop") return fail(Errc::unavailable, "died");
    return {};
  };
  ASSERT_FALSE(retire(dying).has_value());
  ASSERT_TRUE(db().begin(kBegin).has_value());
  run("LOCK TABLE pg_catalog.pg_inherits IN ACCESS EXCLUSIVE MODE");  // which list() needs after its snapshot
  std::vector<Partition> listed;
  std::thread lister([&] { listed = *partitions_->list(); });
  const auto watcher = connect(url_);
  while (text_of(*watcher,
                 "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database"
                 " WHERE datname = current_database())") == "0") {
  }
  run("DROP TABLE execution.cash_movements_2015_05_retired_1");
  ASSERT_TRUE(db().commit().has_value());
  lister.join();
  ASSERT_EQ(listed.size(), 3U);
  EXPECT_EQ(listed.front().state, PartitionState::detached);
  EXPECT_EQ(listed.front().bytes, 0);
}

TEST_F(RetireTest, AnArchiveThatHoldsSomethingElseIsNeitherOverwrittenNorTrusted) {
  RetireOptions options = retire_options();
  const std::string path = options.archive_directory + "/cash_movements_2015_05_retired_1.csv.zst";
  std::filesystem::create_directories(options.archive_directory);
  ASSERT_TRUE(write_archive(path, [](const TextSink& sink) { return sink("of\nanother\n"); }).has_value());
  const auto retired = retire(options);
  ASSERT_FALSE(retired.has_value());
  EXPECT_EQ(retired.error().code, Errc::invalid);
  EXPECT_THAT(retired.error().message, HasSubstr("nothing was dropped"));
  EXPECT_EQ(summarize_archive(path)->rows, 1);
  EXPECT_EQ(text_of("SELECT count(*) FROM execution.cash_movements_2015_05_retired_1"), "743");
  EXPECT_EQ(partitions_->list()->front().state, PartitionState::detached);
}

TEST_F(RetireTest, APartitionIsNotDroppedWhenItsArchiveHasGone) {
  RetireOptions options = retire_options();
  options.before_step = [&](std::string_view step, const std::string&) -> Result<void> {
    if (step == "drop") std::filesystem::remove_all(options.archive_directory);
    return {};
  };
  EXPECT_EQ(retire(options).error().code, Errc::not_found);
  EXPECT_EQ(text_of("SELECT count(*) FROM execution.cash_movements_2015_05_retired_1"), "743");
  const auto again = retire(retire_options());
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->size(), 2U);
  for (const Retirement& each : *again) restore(each.archive);
  EXPECT_EQ(rows(), all_rows_);
}

TEST_F(RetireTest, OneThatFailsKeepsBackNoOther) {
  RetireOptions options = retire_options();
  const std::string path = options.archive_directory + "/cash_movements_2015_05_retired_1.csv.zst";
  std::filesystem::create_directories(options.archive_directory);
  std::ofstream(path) << "of another";
  const auto report = partitions_->retire(options);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  ASSERT_EQ(report->failed.size(), 1U);
  EXPECT_EQ(report->failed[0].code, Errc::corrupt);
  EXPECT_THAT(report->failed[0].message, HasSubstr("cash_movements_2015_05 was not retired"));
  EXPECT_THAT(report->failed[0].message, HasSubstr("move the file away"));
  ASSERT_EQ(report->dropped.size(), 1U);
  EXPECT_EQ(report->dropped[0].partition, "cash_movements_2015_06");
  std::filesystem::remove(path);
  EXPECT_EQ(retire(options)->size(), 1U);
}

// '7 months' for '7 years', and a death before anything was detached.
TEST_F(RetireTest, ACorrectedRetentionForgetsWhatTheMistakenOneBegan) {
  run("SELECT ledger.ensure_partitions('cash_movements', ARRAY[TIMESTAMPTZ '2024-01-01Z'])");
  ASSERT_TRUE(partitions_->set_rule({"cash_movements", Period::month, "7 months", 7}).has_value());
  RetireOptions dying = retire_options();
  dying.before_step = [](std::string_view step, const std::string& partition) -> Result<void> {
    if (partition == "cash_movements_2024_01" && step == "detach") return fail(Errc::unavailable, "died");
    return {};
  };
  ASSERT_FALSE(retire(dying).has_value());
  EXPECT_EQ(text_of("SELECT partition_name FROM ledger.retired_partitions WHERE state = 'detaching'"),
            "cash_movements_2024_01");
  ASSERT_TRUE(partitions_->set_rule({"cash_movements", Period::month, "7 years", 7}).has_value());
  EXPECT_TRUE(partitions_->plan_retire(retire_options().now)->empty());
  EXPECT_TRUE(retire(retire_options())->empty());
  EXPECT_EQ(text_of("SELECT count(*) FROM ledger.retired_partitions WHERE state <> 'dropped'"), "0");
  EXPECT_EQ(text_of("SELECT count(*) FROM ledger.partitions WHERE partition_name = 'cash_movements_2024_01'"), "1");
}

TEST_F(RetireTest, ARetentionThatIsCorrectedWhileOthersAreRetiredHolds) {
  RetireOptions options = retire_options();
  options.before_step = [&](std::string_view step, const std::string& partition) -> Result<void> {
    if (step != "record" || partition != "cash_movements_2015_06") return {};
    const auto other = Partitions::open(this->options(), StoreAccess::write);
    return (*other)->set_rule({"cash_movements", Period::month, "", 7});
  };
  const auto report = partitions_->retire(options);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->dropped.size(), 1U);
  ASSERT_EQ(report->failed.size(), 1U);
  EXPECT_THAT(report->failed[0].message, HasSubstr("its rule was changed"));
  EXPECT_EQ(text_of("SELECT count(*) FROM execution.cash_movements"), "258");
}

TEST_F(RetireTest, AnOperatorsRightsAreEnough) {
  ASSERT_TRUE(make_roles(options()).has_value());
  run("CREATE ROLE retiring_operator LOGIN IN ROLE blotter_operator");
  StoreOptions as_operator = options();
  const std::string user = "postgres@";
  as_operator.url.replace(as_operator.url.find(user), user.size(), "retiring_operator@");
  auto opened = Partitions::open(as_operator, StoreAccess::write);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  const auto report = (*opened)->retire(retire_options());
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->dropped.size(), 2U);
}

}  // namespace
}  // namespace blotter::postgres
