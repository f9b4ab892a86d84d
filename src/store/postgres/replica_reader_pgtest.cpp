// Reads that may go to a replica: which ones do, and what sends them to the primary.
#include "store/postgres/replica_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>

#include "scratch/tcp_proxy.h"
#include "store/postgres/doctor.h"
#include "store/postgres/partitions.h"
#include "store/postgres/postgres_reader.h"
#include "store/postgres/postgres_schema_test.h"

namespace blotter::postgres {
namespace {

using testing::HasSubstr;
using testing::Not;

class ReplicaReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    primary_ = started({.directory = scratch::new_directory(), .settings = {"wal_keep_size = 64MB"}});
    ASSERT_TRUE(primary_);
    const auto migrated = PostgresMigrator(settings_for(primary_->url())).up(INT32_MAX);
    ASSERT_TRUE(migrated) << migrated.error().message;
    on_primary_ = connect(primary_->url());
    primary_pool_.emplace(settings_for(primary_->url()), PoolLimits{});
    run(*on_primary_, "INSERT INTO ledger.books VALUES ('main', 1, 10, 0)");
    auto replica = primary_->start_replica(scratch::new_directory());
    ASSERT_TRUE(replica) << replica.error().message;
    replica_ = std::move(*replica);
    ConnectionSettings standby = settings_for(replica_->url());
    standby.target = Target::any;
    auto on_replica = Connection::connect(standby);
    ASSERT_TRUE(on_replica) << on_replica.error().message;
    on_replica_ = std::move(*on_replica);
    // A transaction to replay, so that the replica can tell how old what it shows is.
    run(*on_primary_, "UPDATE ledger.books SET epoch = 2");
    until(*on_replica_,
          "SELECT EXISTS (SELECT FROM ledger.books WHERE epoch = 2) AND EXISTS (SELECT FROM"
          " pg_stat_wal_receiver WHERE status = 'streaming')");
  }

  static ConnectionSettings settings_for(const std::string& url) {
    ConnectionSettings settings;
    settings.url = url;
    return settings;
  }
  static std::unique_ptr<scratch::PostgresServer> started(const scratch::PostgresOptions& options) {
    auto server = scratch::PostgresServer::start(options);
    EXPECT_TRUE(server) << server.error().message;
    return server ? std::move(*server) : nullptr;
  }
  static void run(Connection& connection, const char* sql) {
    const auto done = connection.run_script(sql);
    ASSERT_TRUE(done) << done.error().message;
  }
  // Waits until the statement says true.
  static void until(Connection& connection, const char* sql, const Parameters& parameters = {}) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (true) {
      const auto rows = connection.query(sql, parameters);
      ASSERT_TRUE(rows) << rows.error().message;
      if (rows->boolean(0, 0)) return;
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << sql;
    }
  }

  StoreOptions options() const {
    StoreOptions options;
    options.url = primary_->url();
    options.replica_url = replica_->url();
    return options;
  }
  std::int64_t system_identifier() {
    const auto rows = on_primary_->query(kSystemIdentifier);
    EXPECT_TRUE(rows);
    return rows ? rows->integer(0, 0) : 0;
  }
  std::unique_ptr<Store> reader(const StoreOptions& options) {
    auto opened = open_postgres_reader(options);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  // Moves the cursor on the primary, and returns when the replica has received it.
  void move_cursor(int seq) {
    run(*on_primary_, ("UPDATE ledger.books SET applied_seq = " + std::to_string(seq)).c_str());
    const auto rows = on_primary_->query("SELECT pg_current_wal_flush_lsn()::text");
    ASSERT_TRUE(rows);
    until(*on_replica_, "SELECT pg_last_wal_receive_lsn() >= $1::pg_lsn", Parameters().add(rows->text(0, 0)));
  }
  // Until the reader says what is expected of it: a verdict is good for a second.
  static void eventually(ReplicaReader& reader, bool lends) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (reader.lease_for("main").has_value() != lends) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << reader.last_refusal();
    }
  }

  std::unique_ptr<scratch::PostgresServer> primary_;
  std::unique_ptr<scratch::PostgresServer> replica_;
  std::unique_ptr<Connection> on_primary_;
  std::optional<ConnectionPool> primary_pool_;
  std::unique_ptr<Connection> on_replica_;
};

TEST_F(ReplicaReaderTest, ReadsGoToTheReplicaAndMomentsToThePrimary) {
  run(*on_replica_, "SELECT pg_wal_replay_pause()");
  StoreOptions patient = options();
  patient.staleness_ms_max = 3'600'000;
  const auto store = reader(patient);
  move_cursor(11);
  EXPECT_EQ(store->cursor("main")->applied, Seq{10}) << "an hour behind is allowed";
  const auto moment = store->one_moment();
  ASSERT_TRUE(moment) << moment.error().message;
  EXPECT_EQ((*moment)->cursor("main")->applied, Seq{11});
}

TEST_F(ReplicaReaderTest, AUrlMayNameAStandbyAloneForReading) {
  StoreOptions alone;
  alone.url = replica_->url();
  const auto store = reader(alone);
  EXPECT_EQ(store->cursor("main")->applied, Seq{10});
  EXPECT_TRUE(store->one_moment().has_value());
  const auto writer = open_store(alone, StoreAccess::write);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, Errc::unavailable) << "it may be promoted";
  EXPECT_THAT(writer.error().message, HasSubstr("read-only"));
}

// Everything that only looks: `migrate status` and `plan`, `partitions list`, `rules` and `retire --dry-run`, `verify`.
void expect_readable(const StoreOptions& options) {
  const auto migrator = make_migrator(options);
  const auto status = migrator->status();
  EXPECT_TRUE(status) << status.error().message;
  const auto plan = migrator->plan();
  EXPECT_TRUE(plan) << plan.error().message;
  const auto partitions = Partitions::open(options, StoreAccess::read);
  ASSERT_TRUE(partitions) << partitions.error().message;
  EXPECT_TRUE((*partitions)->list());
  EXPECT_TRUE((*partitions)->rules());
  EXPECT_TRUE((*partitions)->plan_retire({0}));
  EXPECT_TRUE((*partitions)->retired_ranges());
  const auto writer = Partitions::open(options, StoreAccess::write);
  ASSERT_FALSE(writer);
  EXPECT_THAT(writer.error().message, HasSubstr("read-only"));
}

TEST_F(ReplicaReaderTest, MigrationsAndPartitionsCanBeSeenOnAStandby) {
  StoreOptions alone;
  alone.url = replica_->url();
  expect_readable(alone);
}

TEST_F(ReplicaReaderTest, MigrationsAndPartitionsCanBeSeenByWhoMayOnlyRead) {
  run(*on_primary_,
      "CREATE ROLE looks LOGIN; GRANT USAGE ON SCHEMA ledger TO looks;"
      "GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO looks;"
      "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger TO looks;"
      "ALTER ROLE looks SET default_transaction_read_only = on");
  StoreOptions looks;
  looks.url = primary_->url();
  looks.url.replace(looks.url.find("postgres@"), 8, "looks");
  expect_readable(looks);
}

TEST_F(ReplicaReaderTest, OfSeveralHostsThePrimaryIsMigratedAndPlannedFor) {
  StoreOptions both;
  both.url = "postgresql://postgres@/postgres?host=" + replica_->directory() + "," + primary_->directory();
  run(*on_replica_, "SELECT pg_wal_replay_pause()");
  run(*on_primary_,
      "DELETE FROM ledger.schema_migrations WHERE version = (SELECT max(version) FROM ledger.schema_migrations)");
  const auto plan = make_migrator(both)->plan();
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->size(), 1U) << "the standby does not know yet";
}

TEST_F(ReplicaReaderTest, OfSeveralHostsThePrimaryIsRead) {
  run(*on_replica_, "SELECT pg_wal_replay_pause()");
  move_cursor(11);
  StoreOptions both;
  both.url = "postgresql://postgres@/postgres?host=" + replica_->directory() + "," + primary_->directory();
  EXPECT_EQ(reader(both)->cursor("main")->applied, Seq{11});
  both.url += "&target_session_attrs=standby";
  EXPECT_EQ(reader(both)->cursor("main")->applied, Seq{10}) << "the URL's own word wins";
}

TEST_F(ReplicaReaderTest, AQuietPrimaryDoesNotMakeItsReplicaStale) {
  StoreOptions strict = options();
  strict.staleness_ms_max = 1'000;
  ReplicaReader replica(strict, system_identifier(), *primary_pool_);
  until(*on_replica_, "SELECT clock_timestamp() - pg_last_xact_replay_timestamp() > interval '1100 ms'");
  const std::int64_t began = Pool::steady_ms();
  while (Pool::steady_ms() - began < 2 * strict.staleness_ms_max) {
    const auto lease = replica.lease_for("main");
    ASSERT_TRUE(lease) << lease.error().message;
  }
}

// Asking the primary how far it is must not depend on its pool, which may be full of moments.
TEST_F(ReplicaReaderTest, AFullPoolOfThePrimaryDoesNotMakeItsReplicaStale) {
  StoreOptions one = options();
  one.pool_size = 1;
  one.staleness_ms_max = 500;
  const auto store = reader(one);
  const auto moment = store->one_moment();
  ASSERT_TRUE(moment) << moment.error().message;
  until(*on_replica_, "SELECT clock_timestamp() - pg_last_xact_replay_timestamp() > interval '600 ms'");
  const std::int64_t began = Pool::steady_ms();
  EXPECT_EQ(store->cursor("main")->applied, Seq{10});
  EXPECT_LT(Pool::steady_ms() - began, one.wait_ms_max);
}

// A primary that cannot be asked: the URL leads to a standby. The age of the last replayed transaction decides.
TEST_F(ReplicaReaderTest, WithoutThePrimaryTheAgeOfTheLastTransactionDecides) {
  ConnectionSettings standby = settings_for(replica_->url());
  standby.target = Target::any;
  ConnectionPool no_primary(standby, {});
  StoreOptions patient = options();
  patient.staleness_ms_max = 3'600'000;
  EXPECT_TRUE(ReplicaReader(patient, system_identifier(), no_primary).lease_for("main"));
  StoreOptions strict = options();
  strict.url = replica_->url();
  strict.staleness_ms_max = 100;
  until(*on_replica_, "SELECT clock_timestamp() - pg_last_xact_replay_timestamp() > interval '200 ms'");
  EXPECT_EQ(ReplicaReader(strict, system_identifier(), no_primary).lease_for("main").error().code, Errc::stale);
}

TEST_F(ReplicaReaderTest, AFullPoolOfTheReplicaDoesNotMakeItAbsent) {
  StoreOptions one = options();
  one.pool_size = 1;
  one.wait_ms_max = 100;
  ReplicaReader replica(one, system_identifier(), *primary_pool_);
  {
    const auto held = replica.lease_for("main");
    ASSERT_TRUE(held) << held.error().message;
    EXPECT_EQ(replica.lease_for("main").error().code, Errc::exhausted);
  }
  const auto next = replica.lease_for("main");
  EXPECT_TRUE(next) << next.error().message;
}

// A restartpoint puts the rows into the replica's own files, where their page is damaged.
TEST_F(ReplicaReaderTest, ADamagedReplicaCostsNobodyAnAnswer) {
  run(*on_primary_, "INSERT INTO execution.balances VALUES ('main', 'A', 'X', 1, 1); CHECKPOINT");
  until(*on_replica_, "SELECT EXISTS (SELECT FROM execution.balances)");
  run(*on_replica_, "CHECKPOINT");
  const auto path = on_replica_->query("SELECT pg_relation_filepath('execution.balances')");
  ASSERT_TRUE(path);
  on_replica_.reset();
  ASSERT_TRUE(replica_->stop());
  {
    std::fstream file(replica_->directory() + "/data/" + path->text(0, 0),
                      std::ios::in | std::ios::out | std::ios::binary);
    file << std::string(64, '\xff');
    ASSERT_TRUE(file.flush());
  }
  ASSERT_TRUE(replica_->start_again());
  StoreOptions patient = options();
  patient.staleness_ms_max = 3'600'000;
  StoreOptions damaged = patient;
  damaged.url = replica_->url();
  damaged.replica_url.clear();
  const Select balances{.table = Table::balances, .book_id = "main", .columns = {}, .filters = {}, .order = {}};
  int rows = 0;
  const auto count = [&](const std::vector<Cell>&) -> Result<void> {
    ++rows;
    return {};
  };
  EXPECT_EQ(reader(damaged)->select(balances, count).error().code, Errc::corrupt);
  const auto store = reader(patient);
  const auto done = store->select(balances, count);
  EXPECT_TRUE(done) << done.error().message;
  EXPECT_EQ(rows, 1);
  Select wrong = balances;
  wrong.columns = {"nobody"};
  EXPECT_EQ(store->select(wrong, count).error().code, Errc::invalid);
}

TEST_F(ReplicaReaderTest, OneThatIsTooFarBehindIsNotAsked) {
  StoreOptions strict = options();
  strict.staleness_ms_max = 50;
  run(*on_replica_, "SELECT pg_wal_replay_pause()");
  move_cursor(11);
  const auto store = reader(strict);
  until(*on_replica_, "SELECT clock_timestamp() - pg_last_xact_replay_timestamp() > interval '60 ms'");
  EXPECT_EQ(store->cursor("main")->applied, Seq{11});
  ReplicaReader replica(strict, system_identifier(), *primary_pool_);
  const auto lease = replica.lease_for("main");
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().code, Errc::stale);
  EXPECT_THAT(lease.error().message, HasSubstr("ms behind the primary"));
  run(*on_replica_, "SELECT pg_wal_replay_resume()");
  eventually(replica, true);
}

TEST_F(ReplicaReaderTest, ReadsSeeWhatTheirWriterWrote) {
  run(*on_replica_, "SELECT pg_wal_replay_pause()");
  move_cursor(11);
  StoreOptions after = options();
  after.staleness_ms_max = 3'600'000;
  after.read_after = Seq{11};
  EXPECT_EQ(reader(after)->cursor("main")->applied, Seq{11});
  ReplicaReader replica(after, system_identifier(), *primary_pool_);
  const auto lease = replica.lease_for("main");
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().code, Errc::stale);
  EXPECT_THAT(lease.error().message, HasSubstr("has applied event 10 of book main and 11 is asked for"));
  run(*on_replica_, "SELECT pg_wal_replay_resume()");
  eventually(replica, true);
}

// `--after` of every reading verb: opening the reader asks about no book, and must not give up on the replica.
TEST_F(ReplicaReaderTest, OneThatHasTheEventAnswersTheFirstReadToo) {
  run(*on_replica_, "SELECT pg_wal_replay_pause()");
  StoreOptions after = options();
  after.staleness_ms_max = 3'600'000;
  after.read_after = Seq{10};
  move_cursor(11);
  EXPECT_EQ(reader(after)->cursor("main")->applied, Seq{10});
}

TEST_F(ReplicaReaderTest, OneThatIsCutOffWithoutAWordFallsBehindAlthoughItsReceiverStreams) {
  StoreOptions strict = options();
  strict.staleness_ms_max = 500;
  ReplicaReader replica(strict, system_identifier(), *primary_pool_);
  ASSERT_TRUE(replica.lease_for("main"));
  const auto sender = on_primary_->query("SELECT pid FROM pg_stat_replication");
  ASSERT_TRUE(sender);
  const auto process = static_cast<pid_t>(sender->integer(0, 0));
  ASSERT_EQ(::kill(process, SIGSTOP), 0);
  run(*on_primary_, "UPDATE ledger.books SET applied_seq = 11");
  const std::int64_t committed = Pool::steady_ms();
  const auto state = ask_replica(*on_replica_, "main");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->lag_ms, 0) << "it takes itself for current";
  // Whatever the replica answers after the bound includes the commit.
  while (Pool::steady_ms() - committed < 3 * strict.staleness_ms_max) {
    const std::int64_t asked = Pool::steady_ms();
    if (replica.lease_for("main")) {
      EXPECT_LE(asked - committed, strict.staleness_ms_max);
    }
  }
  EXPECT_EQ(replica.lease_for("main").error().code, Errc::stale);
  ASSERT_EQ(::kill(process, SIGCONT), 0);
  eventually(replica, true);
}

TEST_F(ReplicaReaderTest, OneWhoseReceiverIsGoneFallsBehindAlthoughItReplayedAll) {
  StoreOptions strict = options();
  strict.staleness_ms_max = 200;
  ReplicaReader replica(strict, system_identifier(), *primary_pool_);
  ASSERT_TRUE(replica.lease_for("main"));
  run(*on_replica_, "ALTER SYSTEM SET primary_conninfo = 'host=/nonexistent'; ");
  run(*on_replica_, "SELECT pg_reload_conf()");
  until(*on_replica_, "SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')");
  eventually(replica, false);
  EXPECT_THAT(replica.last_refusal(), HasSubstr("behind"));
}

TEST_F(ReplicaReaderTest, OneThatIsAwayCostsNobodyAReadAndIsAskedAgainLater) {
  const auto store = reader(options());
  ReplicaReader replica(options(), system_identifier(), *primary_pool_);
  ASSERT_TRUE(replica.lease_for("main"));
  on_replica_.reset();
  ASSERT_TRUE(replica_->stop("immediate"));
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(store->cursor("main"));
  eventually(replica, false);
  for (int i = 0; i < 200; ++i) {
    const auto lease = replica.lease_for("main");
    ASSERT_FALSE(lease);
    EXPECT_EQ(lease.error().code, Errc::unavailable);
  }
  ASSERT_TRUE(replica_->start_again());
  eventually(replica, true);
}

TEST_F(ReplicaReaderTest, ItMayBeAwayWhenTheReaderOpens) {
  on_replica_.reset();
  ASSERT_TRUE(replica_->stop("immediate"));
  const auto store = reader(options());
  ASSERT_TRUE(store);
  EXPECT_EQ(store->cursor("main")->applied, Seq{10});
}

TEST_F(ReplicaReaderTest, ItMayHaveBeenPromotedWhenTheReaderOpens) {
  ASSERT_TRUE(replica_->promote());
  run(*connect(replica_->url()), "UPDATE ledger.books SET applied_seq = 99");
  const auto opened = open_postgres_reader(options());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->cursor("main")->applied, Seq{10});
}

TEST_F(ReplicaReaderTest, WhatIsWrongAtOpeningIsToldWithTheNameOfItsSetting) {
  std::vector<std::string> told;
  StoreOptions wrong = options();
  wrong.on_replica_problem = [&](const std::string& why) { told.push_back(why); };
  wrong.replica_url = "postgresql://postgres@/postgres?host=" + replica_->directory() + "&prot=1";
  EXPECT_EQ(reader(wrong)->cursor("main")->applied, Seq{10});
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], HasSubstr("correct DATABASE_REPLICA_URL"));
  EXPECT_THAT(told[0], Not(HasSubstr("DATABASE_URL")));
  wrong.replica_url = "postgresql://postgres@/nobody?host=" + replica_->directory();
  EXPECT_EQ(reader(wrong)->cursor("main")->applied, Seq{10});
  ASSERT_EQ(told.size(), 2U);
  EXPECT_THAT(told[1], HasSubstr("change the one in DATABASE_REPLICA_URL"));
  wrong.replica_url = replica_->url();
  EXPECT_EQ(reader(wrong)->cursor("main")->applied, Seq{10});
  EXPECT_EQ(told.size(), 2U);
}

TEST_F(ReplicaReaderTest, OneThatAnswersNothingDelaysNoOpeningForLong) {
  const auto proxy = scratch::TcpProxy::start(replica_->directory() + "/.s.PGSQL.5432");
  ASSERT_TRUE(proxy) << proxy.error().message;
  (*proxy)->set_policy([](const scratch::WireMessage&) { return scratch::Verdict::stall; });
  StoreOptions silent = options();
  silent.replica_url = (*proxy)->url("postgres");
  const std::int64_t began = Pool::steady_ms();
  EXPECT_EQ(reader(silent)->cursor("main")->applied, Seq{10});
  EXPECT_LT(Pool::steady_ms() - began, 5'000);
}

TEST_F(ReplicaReaderTest, OneThatWasPromotedIsNotAsked) {
  const auto store = reader(options());
  ReplicaReader replica(options(), system_identifier(), *primary_pool_);
  ASSERT_TRUE(replica.lease_for("main"));
  ASSERT_TRUE(replica_->promote());
  const auto promoted = connect(replica_->url());
  run(*promoted, "UPDATE ledger.books SET applied_seq = 99");
  eventually(replica, false);
  EXPECT_THAT(replica.last_refusal(), HasSubstr("promoted"));
  // What the store saw for less than a second may still be trusted; then it looks.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (store->cursor("main")->applied != Seq{10}) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
}

TEST_F(ReplicaReaderTest, OneOfAnotherSystemIsAWrongSetting) {
  const auto other = started({.directory = scratch::new_directory(), .settings = {}});
  const auto migrated = PostgresMigrator(settings_for(other->url())).up(INT32_MAX);
  ASSERT_TRUE(migrated) << migrated.error().message;
  StoreOptions wrong = options();
  wrong.replica_url = other->url();
  const auto opened = open_postgres_reader(wrong);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::invalid);
  EXPECT_THAT(opened.error().message, HasSubstr("DATABASE_REPLICA_URL"));
}

TEST_F(ReplicaReaderTest, TheDoctorSeesItFallBehind) {
  const auto level_of = [&](const char* name, const DoctorThresholds& thresholds = {}) {
    const auto checks = examine(options(), thresholds);
    EXPECT_TRUE(checks) << checks.error().message;
    for (const HealthCheck& each : *checks) {
      if (each.name == name) return each;
    }
    return HealthCheck{};
  };
  EXPECT_EQ(level_of("replica").level, HealthLevel::ok);
  EXPECT_EQ(level_of("replication_lag").level, HealthLevel::ok);
  EXPECT_THAT(level_of("replication_lag").value, HasSubstr("streaming"));
  run(*on_replica_, "SELECT pg_wal_replay_pause()");
  move_cursor(11);
  until(*on_replica_, "SELECT clock_timestamp() - pg_last_xact_replay_timestamp() > interval '60 ms'");
  DoctorThresholds strict;
  strict.lag_s_warn = 0.05;
  EXPECT_EQ(level_of("replica", strict).level, HealthLevel::warn);
  strict.lag_s_crit = 0.05;
  EXPECT_EQ(level_of("replica", strict).level, HealthLevel::crit);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (level_of("replication_lag", strict).level != HealthLevel::crit) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << level_of("replication_lag", strict).value;
  }
  on_replica_.reset();
  ASSERT_TRUE(replica_->promote());
  EXPECT_EQ(level_of("replica").level, HealthLevel::crit);
  ASSERT_TRUE(replica_->stop());
  EXPECT_EQ(level_of("replica").level, HealthLevel::warn);
}

}  // namespace
}  // namespace blotter::postgres
