#include "store/sqlite/doctor.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "store/named_check_test.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/migrations.h"
#include "store/test_directory.h"

namespace blotter::sqlite {
namespace {

class SqliteDoctorTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(SqliteMigrator(path_).up(INT32_MAX)); }

  HealthCheck check(const std::string& name) const { return named_check(examine(path_), name); }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/blotter.db";
};

TEST_F(SqliteDoctorTest, FindsAHealthyFileHealthy) {
  for (const char* name : {"schema", "quick_check", "refused_rows", "wal"}) {
    EXPECT_EQ(check(name).level, HealthLevel::ok) << name << ": " << check(name).value;
  }
  EXPECT_NE(check("disk").level, HealthLevel::skipped);
  const auto checks = examine(path_);
  ASSERT_TRUE(checks);
  for (const HealthCheck& each : *checks) EXPECT_TRUE(is_health_check(each.name)) << each.name;
}

TEST_F(SqliteDoctorTest, FindsARefusedRow) {
  auto connection = Connection::open(path_, Mode::write);
  ASSERT_TRUE(connection);
  ASSERT_TRUE((*connection)->execute("INSERT INTO refused_rows SELECT 'main', 7, 'fills', 'k', 'why', 'x'"));
  EXPECT_EQ(check("refused_rows").level, HealthLevel::crit);
}

TEST_F(SqliteDoctorTest, FindsAWalThatGrewTooLarge) {
  // Sparse, and not read: an empty header means an empty log.
  std::ofstream(path_ + "-wal").close();
  std::filesystem::resize_file(path_ + "-wal", 300ull << 20);
  EXPECT_EQ(check("wal").level, HealthLevel::warn);
}

TEST_F(SqliteDoctorTest, FindsADamagedPage) {
  const auto size = std::filesystem::file_size(path_);
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  // Behind the first pages, which hold the schema that opening reads.
  for (std::uintmax_t at = size / 2; at + 64 < size; at += 4096) {
    file.seekp(static_cast<std::streamoff>(at));
    file.write(std::string(64, '\xff').data(), 64);
  }
  file.close();
  const auto checks = examine(path_);
  if (!checks) {
    EXPECT_EQ(checks.error().code, Errc::corrupt);
  } else {
    EXPECT_EQ(check("quick_check").level, HealthLevel::crit);
  }
}

TEST(SqliteDoctorOpenTest, SaysWhenThereIsNoFile) {
  const auto checks = examine("/nonexistent/blotter.db");
  ASSERT_FALSE(checks);
  EXPECT_EQ(checks.error().code, Errc::not_found);
}

}  // namespace
}  // namespace blotter::sqlite
