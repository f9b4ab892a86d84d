#include "store/sqlite/migrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "store/test_directory.h"

namespace blotter::sqlite {
namespace {

using testing::HasSubstr;

class MigrationsTest : public testing::Test {
 protected:
  const std::int32_t newest_ = static_cast<std::int32_t>(built_in_migrations().size());
  SqliteMigrator migrator() { return SqliteMigrator(path_); }

  std::string schema() {
    auto connection = *Connection::open(path_, Mode::read);
    Statement rows = *connection->prepare(
        "SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name");
    std::string text;
    while (*rows.next_row()) text.append(rows.text(0)).append("\n");
    return text;
  }
  void execute(const char* sql) { ASSERT_TRUE((*Connection::open(path_, Mode::write))->execute(sql).has_value()); }
  std::string plan_error() {
    const auto planned = migrator().plan();
    return planned ? "planned" : planned.error().message;
  }
  std::string message_of(StoreAccess access, Errc code) {
    auto opened = open_store("sqlite:" + path_, access);
    EXPECT_FALSE(opened.has_value());
    if (opened) return {};
    EXPECT_EQ(opened.error().code, code) << opened.error().message;
    return opened.error().message;
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.path() + "/blotter.db";
};

TEST_F(MigrationsTest, StatusOfAMissingDatabaseIsAllPendingAndCreatesNothing) {
  const auto status = migrator().status();
  ASSERT_TRUE(status.has_value());
  ASSERT_EQ(status->size(), built_in_migrations().size());
  for (const Migration& each : *status) EXPECT_EQ(each.state, MigrationState::pending);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(MigrationsTest, UpAppliesEachMigrationOnce) {
  EXPECT_EQ(migrator().plan()->size(), built_in_migrations().size());
  EXPECT_FALSE(std::filesystem::exists(path_));
  const auto applied = migrator().up(INT32_MAX);
  ASSERT_TRUE(applied.has_value()) << applied.error().message;
  EXPECT_EQ(applied->size(), built_in_migrations().size());
  EXPECT_TRUE(migrator().plan()->empty());
  EXPECT_TRUE(migrator().up(INT32_MAX)->empty());
  const auto status = *migrator().status();
  for (const Migration& each : status) {
    EXPECT_EQ(each.state, MigrationState::applied);
    EXPECT_EQ(each.applied_at.size(), static_cast<std::size_t>(kTimestampTextSize));
  }
}

TEST_F(MigrationsTest, UpStopsAtTheAskedVersion) {
  EXPECT_EQ(migrator().up(1)->size(), 1u);
  const auto status = *migrator().status();
  EXPECT_EQ(status[0].state, MigrationState::applied);
  EXPECT_EQ(status[1].state, MigrationState::pending);
}

TEST_F(MigrationsTest, UpDownUpGivesTheSameSchema) {
  ASSERT_TRUE(migrator().up(INT32_MAX).has_value());
  const std::string first = schema();
  for (std::int32_t version = newest_ - 1; version >= 0; --version) {
    const auto undone = migrator().down(version);
    ASSERT_TRUE(undone.has_value()) << undone.error().message;
    ASSERT_EQ(undone->size(), 1U);
    EXPECT_EQ((*undone)[0].version, version + 1);
  }
  EXPECT_EQ(schema().find("fills"), std::string::npos);
  ASSERT_TRUE(migrator().up(INT32_MAX).has_value());
  EXPECT_EQ(schema(), first);
}

TEST_F(MigrationsTest, AnOlderSchemaIsRefusedWithTheCommandThatHelps) {
  ASSERT_TRUE(migrator().up(1).has_value());
  for (const StoreAccess access : {StoreAccess::read, StoreAccess::write}) {
    EXPECT_THAT(message_of(access, Errc::invalid), HasSubstr("blotter migrate up"));
  }
  ASSERT_TRUE(migrator().up(INT32_MAX).has_value());
  EXPECT_TRUE(open_store("sqlite:" + path_, StoreAccess::write).has_value());
}

TEST_F(MigrationsTest, ANewerSchemaIsRefusedAndLeftAlone) {
  ASSERT_TRUE(migrator().up(INT32_MAX).has_value());
  execute("INSERT INTO schema_migrations VALUES (99, 'future', 'x', '2030-01-01T00:00:00.000000000Z')");
  const std::string before = schema();
  EXPECT_EQ(migrator().status()->back().state, MigrationState::unknown);
  EXPECT_EQ(migrator().up(INT32_MAX).error().code, Errc::invalid);
  EXPECT_EQ(migrator().down(0).error().code, Errc::invalid);
  EXPECT_EQ(plan_error(), migrator().up(INT32_MAX).error().message);
  EXPECT_THAT(message_of(StoreAccess::write, Errc::invalid), HasSubstr("newer"));
  EXPECT_EQ(schema(), before);
}

TEST_F(MigrationsTest, ADatabaseOfAnotherProgramIsNeitherPlannedForNorMigrated) {
  ASSERT_TRUE((*Connection::open(path_, Mode::create))->execute("CREATE TABLE theirs (a INTEGER)").has_value());
  const std::string before = schema();
  const auto applied = migrator().up(INT32_MAX);
  ASSERT_FALSE(applied.has_value());
  EXPECT_THAT(applied.error().message, HasSubstr("another program"));
  EXPECT_EQ(plan_error(), applied.error().message);
  EXPECT_EQ(schema(), before);
}

TEST_F(MigrationsTest, AChangedMigrationIsReportedAndNothingIsDone) {
  ASSERT_TRUE(migrator().up(1).has_value());
  execute("UPDATE schema_migrations SET checksum = 'other' WHERE version = 1");
  EXPECT_EQ(migrator().status()->front().state, MigrationState::changed);
  EXPECT_EQ(migrator().up(INT32_MAX).error().code, Errc::corrupt);
  EXPECT_EQ(plan_error(), migrator().up(INT32_MAX).error().message);
  EXPECT_EQ(migrator().down(0).error().code, Errc::corrupt);
  message_of(StoreAccess::read, Errc::corrupt);
  message_of(StoreAccess::write, Errc::corrupt);
}

TEST_F(MigrationsTest, AFailingMigrationLeavesNothingBehind) {
  static constexpr std::array<MigrationText, 2> kBroken = {
      {{1, "good", "CREATE TABLE good (a);", "DROP TABLE good;"},
       {2, "bad", "CREATE TABLE half (a); CREATE TABLE good (a);", "DROP TABLE half;"}}};
  SqliteMigrator broken(path_, kBroken);
  EXPECT_FALSE(broken.up(INT32_MAX).has_value());
  EXPECT_EQ(schema(), "") << "a new database gets all or nothing";

  ASSERT_TRUE(broken.up(1).has_value());
  EXPECT_FALSE(broken.up(INT32_MAX).has_value());
  const auto status = *broken.status();
  EXPECT_EQ(status[0].state, MigrationState::applied);
  EXPECT_EQ(status[1].state, MigrationState::pending);
  EXPECT_EQ(schema().find("half"), std::string::npos);
}

TEST_F(MigrationsTest, TheDatabaseOfAnotherProgramIsNotMigrated) {
  ASSERT_TRUE((*Connection::open(path_, Mode::create))->execute("CREATE TABLE theirs (a)").has_value());
  const std::string before = schema();
  EXPECT_EQ(migrator().up(INT32_MAX).error().code, Errc::invalid);
  EXPECT_EQ(schema(), before);
}

TEST_F(MigrationsTest, DownOfAMissingDatabaseIsNotFound) {
  EXPECT_EQ(migrator().down(0).error().code, Errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace blotter::sqlite
