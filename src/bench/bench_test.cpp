#include "bench/bench.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <set>

namespace blotter {
namespace {

class BenchTest : public ::testing::Test {
 protected:
  BenchTest() {
    std::string name = (std::filesystem::temp_directory_path() / "bench-test-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    // PostgreSQL runs as another user when the tests run as root, and has to get through.
    ::chmod(directory_.c_str(), 0711);
  }
  ~BenchTest() override { std::filesystem::remove_all(directory_); }

  Result<std::vector<BenchRow>> run(std::vector<std::string> measures) const {
    return run_bench({.directory = directory_, .scale = BenchScale::smoke, .measures = std::move(measures)}, nullptr);
  }

  std::string directory_;
};

// Figures of a smoke run mean nothing, so nothing is asked of them but to be there.
void expect_figures(const BenchRow& row) {
  SCOPED_TRACE(row.name + ": " + row.conditions);
  ASSERT_TRUE(row.ours && row.ceiling && row.ratio);
  EXPECT_TRUE(std::isfinite(*row.ours) && *row.ours >= 0);
  EXPECT_TRUE(std::isfinite(*row.ceiling) && *row.ceiling > 0);
  EXPECT_TRUE(std::isfinite(*row.ratio) && *row.ratio >= 0);
  EXPECT_FALSE(row.unit.empty());
  EXPECT_FALSE(row.conditions.empty());
}

TEST_F(BenchTest, EveryMeasureGivesFiniteFigures) {
  std::vector<std::string> measures = bench_measures();
  std::erase(measures, "peers");
  std::erase(measures, "postgres");
  for (const std::string& measure : measures) {
    const auto rows = run({measure});
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_FALSE(rows->empty()) << measure;
    for (const BenchRow& row : *rows) {
      EXPECT_EQ(row.measure, measure);
      expect_figures(row);
    }
  }
}

TEST_F(BenchTest, PeersAreMeasuredOrSaidToBeAbsent) {
  const auto rows = run({"peers"});
  ASSERT_TRUE(rows) << rows.error().message;
  std::set<std::string> names;
  for (const BenchRow& row : *rows) {
    names.insert(row.name);
    if (row.ours) {
      expect_figures(row);
    } else {
      EXPECT_FALSE(row.conditions.empty()) << row.name;
    }
  }
  EXPECT_TRUE(names.contains("against SQLite, 1 caller"));
  EXPECT_TRUE(names.contains("against SQLite, 64 callers"));
  for (const char* peer : {"LevelDB", "RocksDB", "PostgreSQL"}) {
    const std::string name = std::string("against ") + peer;
    EXPECT_TRUE(names.contains(name) || names.contains(name + ", 64 callers")) << peer;
  }
}

TEST_F(BenchTest, PostgresIsMeasured) {
  const auto rows = run({"postgres"});
  ASSERT_TRUE(rows) << rows.error().message;
  std::set<std::string> names;
  for (const BenchRow& row : *rows) {
    SCOPED_TRACE(row.name + ": " + row.conditions);
    if (row.name.starts_with("landing against ")) continue;  // what the peer needs may not be installed
    names.insert(row.name);
    ASSERT_TRUE(row.ours);
    EXPECT_TRUE(std::isfinite(*row.ours) && *row.ours >= 0);
  }
  EXPECT_TRUE(names.contains("landing in PostgreSQL"));
  EXPECT_TRUE(names.contains("100 readers at once: order by id"));
}

TEST_F(BenchTest, LeavesNothingBehind) {
  ASSERT_TRUE(run({"callers"}));
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST_F(BenchTest, RefusesAMeasureThatDoesNotExist) {
  const auto rows = run({"speed-of-light"});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Errc::invalid);
}

TEST_F(BenchTest, RefusesADirectoryThatIsNotThere) {
  const auto rows =
      run_bench({.directory = directory_ + "/nowhere", .scale = BenchScale::smoke, .measures = {}}, nullptr);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Errc::unavailable);
}

TEST(BenchTable, KeepsColumnsInLineAndNumbersTheConditions) {
  BenchRow fast;
  fast.name = "fast";
  fast.unit = "µs";
  fast.ours = 50;
  fast.ceiling = 40;
  fast.ratio = 1.25;
  fast.goal = "<= 1.25";
  fast.met = true;
  fast.conditions = "on a quiet day";
  BenchRow absent;
  absent.name = "absent";
  absent.unit = "records/s";
  absent.conditions = "not installed";
  const std::string table = render_table({fast, absent, fast});
  EXPECT_EQ(table,
            "     what    unit       ours  ceiling  ratio  goal          p50 µs  p99 µs  p99.9 µs\n"
            "[1]  fast    µs         50.0     40.0   1.25  <= 1.25  met       -       -         -\n"
            "[2]  absent  records/s     -        -      -                     -       -         -\n"
            "[1]  fast    µs         50.0     40.0   1.25  <= 1.25  met       -       -         -\n"
            "[1] on a quiet day\n"
            "[2] not installed\n");
}

}  // namespace
}  // namespace blotter
