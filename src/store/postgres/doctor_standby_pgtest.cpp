// The doctor and standbys: frozen, paused, and one of several hosts.
#include <csignal>

#include "store/postgres/doctor_test.h"

namespace blotter::postgres {
namespace {

class DoctorStandbyTest : public testing::Test {
 protected:
  void SetUp() override {
    auto primary =
        scratch::PostgresServer::start({.directory = scratch::new_directory(), .settings = {"wal_keep_size = 64MB"}});
    ASSERT_TRUE(primary) << primary.error().message;
    primary_ = std::move(*primary);
    ASSERT_TRUE(PostgresMigrator(settings(primary_->url())).up(INT32_MAX));
    auto standby = primary_->start_replica(scratch::new_directory());
    ASSERT_TRUE(standby) << standby.error().message;
    standby_ = std::move(*standby);
    on_primary_ = connect(primary_->url());
    ConnectionSettings any = settings(standby_->url());
    any.target = Target::any;
    auto connection = Connection::connect(any);
    ASSERT_TRUE(connection) << connection.error().message;
    on_standby_ = std::move(*connection);
    write();
    until(*on_primary_,
          "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn IS NOT NULL)");
    strict_.lag_s_warn = 1;
    strict_.lag_s_crit = 2;
  }

  void write() {
    const auto done = on_primary_->run_script(
        "INSERT INTO ledger.books VALUES ('main', 1, 0, 0) ON CONFLICT (book_id) DO UPDATE SET epoch = books.epoch + "
        "1");
    ASSERT_TRUE(done) << done.error().message;
  }
  static void until(Connection& connection, const char* sql) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (true) {
      const auto rows = connection.query(sql);
      ASSERT_TRUE(rows) << rows.error().message;
      if (rows->boolean(0, 0)) return;
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << sql;
    }
  }
  // Stops a process of the standby, and lets it go on at the end.
  class Frozen {
   public:
    Frozen(Connection& standby, const char* kind) {
      const auto rows =
          standby.query("SELECT pid::bigint FROM pg_stat_activity WHERE backend_type = $1", Parameters().add(kind));
      EXPECT_TRUE(rows && rows->size() == 1) << kind;
      if (rows && rows->size() == 1) pid_ = static_cast<pid_t>(rows->integer(0, 0));
      if (pid_ > 0) ::kill(pid_, SIGSTOP);
    }
    ~Frozen() {
      if (pid_ > 0) ::kill(pid_, SIGCONT);
    }
    Frozen(const Frozen&) = delete;
    Frozen& operator=(const Frozen&) = delete;

   private:
    pid_t pid_ = 0;
  };
  StoreOptions options() const { return options_for(primary_->url()); }

  DoctorThresholds strict_;
  std::unique_ptr<scratch::PostgresServer> primary_;
  std::unique_ptr<scratch::PostgresServer> standby_;
  std::unique_ptr<Connection> on_primary_;
  std::unique_ptr<Connection> on_standby_;
};

TEST_F(DoctorStandbyTest, AStandbyThatFollowsIsWell) {
  for (int i = 0; i < 5; ++i) {
    write();
    const HealthCheck lag = check_of(options(), "replication_lag", strict_);
    EXPECT_EQ(lag.level, HealthLevel::ok) << lag.value;
    EXPECT_THAT(lag.value, HasSubstr("(streaming)"));
  }
  EXPECT_THAT(check_of(options(), "server").value, HasSubstr("primary"));
}

TEST_F(DoctorStandbyTest, FindsAStandbyThatReceivesNothing) {
  const Frozen receiver(*on_standby_, "walreceiver");
  write();
  check_until(options(), "replication_lag", HealthLevel::crit, strict_);
}

TEST_F(DoctorStandbyTest, FindsAStandbyThatReplaysNothing) {
  const Frozen startup(*on_standby_, "startup");
  write();
  check_until(options(), "replication_lag", HealthLevel::crit, strict_);
}

TEST_F(DoctorStandbyTest, AStandbyTellsItsOwnLag) {
  const StoreOptions standby = options_for(standby_->url());
  check_until(standby, "standby_lag", HealthLevel::ok, strict_);
  EXPECT_THAT(check_of(standby, "server").value, HasSubstr("standby"));
  ASSERT_TRUE(on_standby_->run_script("SELECT pg_wal_replay_pause()"));
  write();
  check_until(standby, "standby_lag", HealthLevel::crit, strict_);
}

TEST_F(DoctorStandbyTest, OfSeveralHostsThePrimaryIsExamined) {
  const StoreOptions several =
      options_for("postgresql://postgres@/postgres?host=" + standby_->directory() + "," + primary_->directory() +
                  "&port=" + std::to_string(standby_->port()) + "," + std::to_string(primary_->port()));
  EXPECT_THAT(check_of(several, "server").value, HasSubstr("primary"));
}

TEST_F(DoctorStandbyTest, SaysThatStandbysCountTheirOwnReads) {
  DoctorThresholds thresholds;
  thresholds.unused_days = 0;
  thresholds.unused_bytes_min = 0;
  EXPECT_THAT(check_of(options(), "unused_indexes", thresholds).value, HasSubstr("standbys count their own reads"));
}

}  // namespace
}  // namespace blotter::postgres
