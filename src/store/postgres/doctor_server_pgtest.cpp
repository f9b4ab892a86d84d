// The questions for which a server of its own is made: its settings, its counters, its limits.
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <deque>
#include <filesystem>
#include <thread>

#include "store/postgres/doctor_test.h"

namespace blotter::postgres {
namespace {

TEST_F(DoctorTest, FindsConnectionsNearlyUsedUp) {
  auto server =
      scratch::PostgresServer::start({.directory = scratch::new_directory(),
                                      .settings = {"max_connections = 13", "superuser_reserved_connections = 3"}});
  ASSERT_TRUE(server) << server.error().message;
  StoreOptions small;
  small.url = (*server)->url();
  std::deque<std::unique_ptr<Connection>> held;
  const auto level_with = [&](std::size_t count) {
    while (held.size() < count) held.push_back(connect(small.url));
    // The server processes of connections that were closed are on their way out for a moment.
    const char* kClients = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (text_of(*held.front(), kClients) != std::to_string(count) && std::chrono::steady_clock::now() < deadline) {
    }
    return check_of(small, "connections").level;
  };
  EXPECT_EQ(level_with(7), HealthLevel::ok) << "8 of 10";
  EXPECT_EQ(level_with(8), HealthLevel::warn) << "9 of 10";
  EXPECT_EQ(level_with(9), HealthLevel::crit) << "10 of 10";
}

// The server's own account of its oldest transaction is the catalogue's, so a row there makes it as old as needed.
TEST(DoctorFreezeTest, FindsOldTransactionNumbersWhateverAutovacuumIsSetTo) {
  auto server = scratch::PostgresServer::start(
      {.directory = scratch::new_directory(),
       .settings = {"autovacuum_freeze_max_age = 2000000000", "autovacuum = off", "allow_system_table_mods = on"}});
  ASSERT_TRUE(server) << server.error().message;
  StoreOptions options;
  options.url = (*server)->url();
  const auto connection = connect(options.url);
  const auto level_at = [&](std::int64_t age) {
    const auto made = connection->execute(
        "UPDATE pg_database SET datfrozenxid = (((txid_current() - $1) + 4294967296) % 4294967296)"
        "::text::xid WHERE datname = 'template0'",
        Parameters().add(age));
    EXPECT_TRUE(made) << made.error().message;
    const auto checks = examine(options);
    EXPECT_TRUE(checks) << checks.error().message;
    for (const HealthCheck& each : *checks) {
      if (each.name != "freeze_age") continue;
      EXPECT_THAT(each.value, HasSubstr("template0"));
      return each.level;
    }
    return HealthLevel::skipped;
  };
  EXPECT_EQ(level_at(1'000'000'000), HealthLevel::ok);
  EXPECT_EQ(level_at(1'100'000'000), HealthLevel::warn);
  EXPECT_EQ(level_at(1'600'000'000), HealthLevel::warn);
  EXPECT_EQ(level_at(1'620'000'000), HealthLevel::crit);
  EXPECT_EQ(level_at(2'100'000'000), HealthLevel::crit);
}

TEST(DoctorFreezeTest, FindsThatAutovacuumDoesNotFreeze) {
  auto server = scratch::PostgresServer::start(
      {.directory = scratch::new_directory(), .settings = {"autovacuum = off", "allow_system_table_mods = on"}});
  ASSERT_TRUE(server) << server.error().message;
  StoreOptions options;
  options.url = (*server)->url();
  const auto connection = connect(options.url);
  const auto made = connection->execute(
      "UPDATE pg_database SET datfrozenxid = (txid_current() - 410000000 + 4294967296)::text::xid"
      " WHERE datname = 'template0'");
  ASSERT_TRUE(made) << made.error().message;
  const auto checks = examine(options);
  ASSERT_TRUE(checks) << checks.error().message;
  for (const HealthCheck& each : *checks) {
    if (each.name == "freeze_age") {
      EXPECT_EQ(each.level, HealthLevel::warn) << "twice the default of 200 million";
    }
  }
}

class DoctorServerTest : public testing::Test {
 protected:
  void start(std::vector<std::string> settings) {
    auto server =
        scratch::PostgresServer::start({.directory = scratch::new_directory(), .settings = std::move(settings)});
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    connection_ = connect(server_->url());
  }
  void run(const std::string& sql) {
    const auto done = connection_->run_script(sql.c_str());
    ASSERT_TRUE(done) << done.error().message;
  }
  HealthCheck check(const std::string& name, const DoctorThresholds& thresholds = {}) const {
    return check_of(options_for(server_->url()), name, thresholds);
  }

  std::unique_ptr<scratch::PostgresServer> server_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(DoctorServerTest, FindsSlowStatements) {
  start({"shared_preload_libraries = 'pg_stat_statements'"});
  run("CREATE SCHEMA elsewhere; CREATE EXTENSION pg_stat_statements SCHEMA elsewhere");
  for (int i = 0; i < 5; ++i) {
    run("SELECT n, pause FROM generate_series(1, 100000) AS n, pg_sleep(0.11) AS pause");
    run("COPY (SELECT n, pause FROM generate_series(1, 100000) AS n, pg_sleep(0.11) AS pause) TO '/dev/null'");
    run("VACUUM pg_catalog.pg_class");
  }
  DoctorThresholds thresholds;
  thresholds.write_ms_mean = 20;
  const HealthCheck well = check("slow_statements", thresholds);
  EXPECT_EQ(well.level, HealthLevel::ok) << well.value;
  for (int i = 0; i < 5; ++i) run("SELECT pg_sleep(0.11)");
  const HealthCheck slow = check("slow_statements");
  EXPECT_EQ(slow.level, HealthLevel::warn) << slow.value;
  EXPECT_THAT(slow.value, HasSubstr("(5 calls): SELECT pg_sleep("));
  EXPECT_THAT(slow.advice, HasSubstr("pg_stat_statements_reset()"));
}

TEST_F(DoctorServerTest, MeasuresHowLongAFlushTakes) {
  start({"track_wal_io_timing = on"});
  run("CREATE TABLE written (n INT)");
  for (int i = 0; i < 200; ++i) run("INSERT INTO written VALUES (1)");
  run("SELECT pg_stat_force_next_flush()");
  DoctorThresholds thresholds;
  EXPECT_EQ(check("write_latency").level, HealthLevel::ok) << check("write_latency").value;
  EXPECT_THAT(check("write_latency").value, testing::StartsWith("no COMMIT is seen waiting; a flush took "));
  thresholds.commit_ms_crit = 0;
  EXPECT_EQ(check("write_latency", thresholds).level, HealthLevel::crit) << check("write_latency").value;
}

TEST_F(DoctorServerTest, FindsACommitThatWaits) {
  start({"synchronous_standby_names = 'nobody'"});
  const HealthCheck off = check("write_latency");
  EXPECT_EQ(off.level, HealthLevel::skipped);
  EXPECT_THAT(off.value, testing::StartsWith("no COMMIT is seen waiting; no average: turn track_wal_io_timing on"));
  const auto writer = connect(server_->url());
  ASSERT_TRUE(writer->begin(kBegin));
  ASSERT_TRUE(writer->run_script("CREATE TABLE written (n INT)"));
  std::thread waiting([&] { (void)writer->commit(); });
  const HealthCheck waits = check_until(options_for(server_->url()), "write_latency", HealthLevel::crit);
  EXPECT_THAT(waits.value, testing::MatchesRegex("a COMMIT has waited [0-9]+ ms for SyncRep; no average"));
  const HealthCheck nobody = check("replication_lag");
  EXPECT_EQ(nobody.level, HealthLevel::crit);
  EXPECT_THAT(nobody.value, HasSubstr("synchronous_standby_names"));
  run("ALTER SYSTEM SET synchronous_standby_names = ''");
  run("SELECT pg_reload_conf()");
  waiting.join();
}

TEST_F(DoctorServerTest, ASlotThatNobodyReadsIsAWarning) {
  start({});
  EXPECT_EQ(check("replication_slots").level, HealthLevel::ok);
  run("SELECT pg_create_physical_replication_slot('standby_1', true)");
  const HealthCheck slots = check("replication_slots");
  EXPECT_EQ(slots.level, HealthLevel::warn);
  EXPECT_THAT(slots.value, HasSubstr("standby_1"));
}

TEST_F(DoctorServerTest, MeasuresTheVolumesOfTheLogAndOfTablespaces) {
  const std::filesystem::path elsewhere = "/dev/shm/blotter-doctor-" + std::to_string(::getpid());
  struct stat here {
  }, there{};
  if (stat("/dev/shm", &there) != 0 || stat("/tmp", &here) != 0 || here.st_dev == there.st_dev) {
    GTEST_SKIP() << "/dev/shm is no volume of its own here";
  }
  start({});
  EXPECT_THAT(check("wal_disk").value, HasSubstr("volume of the data directory"));
  const std::filesystem::path wal = server_->directory() + "/data/pg_wal";
  connection_.reset();
  ASSERT_TRUE(server_->stop());
  std::filesystem::rename(wal, wal.string() + "_before");
  std::filesystem::create_directory_symlink(elsewhere, wal);
  std::filesystem::copy(wal.string() + "_before", elsewhere, std::filesystem::copy_options::recursive);
  struct stat owner {};
  ASSERT_EQ(stat((wal.string() + "_before").c_str(), &owner), 0);
  ASSERT_EQ(chown(elsewhere.c_str(), owner.st_uid, owner.st_gid), 0);
  for (const auto& each : std::filesystem::recursive_directory_iterator(elsewhere)) {
    ASSERT_EQ(chown(each.path().c_str(), owner.st_uid, owner.st_gid), 0);
  }
  ASSERT_TRUE(server_->start_again());
  EXPECT_THAT(check("wal_disk").value, HasSubstr(" free at " + wal.string()));
  connection_ = connect(server_->url());
  std::filesystem::create_directory(elsewhere / "space");
  ASSERT_EQ(chown((elsewhere / "space").c_str(), owner.st_uid, owner.st_gid), 0);
  run("CREATE TABLESPACE elsewhere LOCATION '" + (elsewhere / "space").string() + "'");
  EXPECT_THAT(check("tablespace_disk").value, HasSubstr((elsewhere / "space").string()));
  server_.reset();
  std::filesystem::remove_all(elsewhere);
}

// What the counters of tables and indexes are worth: a crash begins them anew, a restart does not.
TEST_F(DoctorServerTest, KnowsSinceWhenIsCounted) {
  start({});
  ASSERT_TRUE(PostgresMigrator(settings(server_->url())).up(INT32_MAX));
  const std::string at_first = check("unused_indexes").value;
  EXPECT_THAT(at_first, HasSubstr("counted only since"));
  ASSERT_TRUE(server_->stop());
  ASSERT_TRUE(server_->start_again());
  EXPECT_EQ(check("unused_indexes").value, at_first);
  // It is told in seconds: the crash has to come in another one.
  for (const std::time_t then = std::time(nullptr); std::time(nullptr) == then;) std::this_thread::yield();
  ASSERT_TRUE(server_->kill_hard());
  ASSERT_TRUE(server_->start_again());
  EXPECT_NE(check("unused_indexes").value, at_first);
}

}  // namespace
}  // namespace blotter::postgres
