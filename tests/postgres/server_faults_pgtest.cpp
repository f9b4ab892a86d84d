// What a server does to its clients, while a ledger records: exactly once, nothing lost, nobody waits.
#include <malloc.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "postgres/landing_fixture.h"

namespace blotter::postgres_test {
namespace {

class ServerFaults : public LandingTest {};

// From now on no COMMIT arrives, and nothing behind it, until the proxy is released.
void stall_commits(TcpProxy& proxy, std::atomic<bool>& stalled) {
  proxy.set_policy([&stalled](const WireMessage& message) {
    if (!message.is_commit()) return Verdict::pass;
    stalled = true;
    return Verdict::stall;
  });
}

// What the heap holds, of all threads; not what the allocator keeps of that which was freed.
std::int64_t heap_bytes() {
  const struct mallinfo2 heap = ::mallinfo2();
  return static_cast<std::int64_t>(heap.uordblks + heap.hblkhd);
}

TEST_F(ServerFaults, DownFromTheStartUntilTheEndOfARecording) {
  const auto server = server_of_its_own();
  const std::string url = expect_value(server->create_database("ledger"));
  expect_value(server->stop());
  start(url);
  record(10'000);
  const Result<void> waited = landed(100);
  ASSERT_FALSE(waited.has_value());
  EXPECT_EQ(waited.error().code, Errc::unavailable);
  expect_helpful(waited.error(), server->directory());
  expect_value(server->start_again());
  expect_exactly_once(url);
}

// A server that takes the connection and then says nothing is the worst of all: what waits for it must not pile up.
TEST_F(ServerFaults, HangsWhileMemoryStaysBounded) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer has a heap of its own";
#endif
  const std::string url = fresh_database();
  const auto proxy = expect_value(TcpProxy::start(socket_of(scratch_server())));
  open_for_writing(url);
  const auto grows_by = [&](int reports) {
    const std::int64_t before = heap_bytes();
    record(reports);
    return heap_bytes() - before;
  };
  record(15'000);
  // The book itself, with nobody who lands.
  const std::int64_t alone = grows_by(30'000);
  std::atomic<bool> stalled{false};
  stall_commits(*proxy, stalled);
  start(proxy->url(database_of(url)));
  ASSERT_TRUE(soon([&] { return stalled.load(); }));
  const std::int64_t beside = grows_by(30'000);
  // Kept as rows, these events would be fifty megabytes; there may be three batches of the first ones.
  EXPECT_LT(beside - alone, 20'000'000);
  proxy->set_policy(nullptr);
  proxy->release();
  expect_exactly_once(url);
}

TEST_F(ServerFaults, RestartsAndCrashes) {
  const auto server = server_of_its_own();
  const std::string url = expect_value(server->create_database("ledger"));
  start(url);
  for (const char* how : {"fast", "immediate", "kill", "smart"}) {
    while_recording([&] {
      ASSERT_TRUE(soon([&] { return to_number(projector_->stored()) > 0; }));
      if (std::string(how) == "smart") stop();  // which waits for its clients
      if (std::string(how) == "kill") {
        expect_value(server->kill_hard());
      } else {
        expect_value(server->stop(how));
      }
      expect_value(server->start_again());
      if (std::string(how) == "smart") start(url);
    });
    expect_landed();
  }
  expect_exactly_once(url);
}

TEST_F(ServerFaults, KillsTheBackendAndRecovers) {
  const auto server = server_of_its_own();
  const std::string url = expect_value(server->create_database("ledger"));
  start(url);
  record(100);
  expect_landed();
  while_recording([&] {
    Session session(url);
    const std::string pid = session.ask("SELECT pid FROM pg_stat_activity WHERE application_name = 'blotter'");
    ASSERT_GT(std::atoi(pid.c_str()), 1) << pid;
    ::kill(std::atoi(pid.c_str()), SIGKILL);
    ASSERT_TRUE(soon([&] { return Session(url).connected(); }));
  });
  expect_exactly_once(url);
}

TEST_F(ServerFaults, TerminatesTheConnectionAgainAndAgain) {
  const std::string url = fresh_database();
  start(url);
  while_recording([&] {
    Session session(url);
    int terminated = 0;
    EXPECT_TRUE(soon([&] {
      terminated += std::atoi(session
                                  .ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                                       "datname = current_database() AND pid <> pg_backend_pid()")
                                  .c_str());
      return terminated >= 100;
    }));
  });
  expect_exactly_once(url);
}

// Another session takes what the ledger has, and wants what it had before: the server aborts one of them.
TEST_F(ServerFaults, EndsDeadlocks) {
  const std::string url = fresh_database();
  Session(url).run("ALTER DATABASE " + database_of(url) + " SET deadlock_timeout = '10ms'");
  start(url);
  record(100);
  expect_landed();
  while_recording([&] {
    Session session(url);
    Session observer(url);
    EXPECT_TRUE(soon([&] {
      session.ask("BEGIN");
      session.ask("LOCK TABLE execution.balances IN EXCLUSIVE MODE");
      // The ledger takes the book first and waits for the balances: then this closes the circle.
      for (int i = 0; i < 100 && observer.ask("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0"; ++i) {
      }
      session.ask("UPDATE ledger.books SET epoch = epoch");
      session.ask("ROLLBACK");
      const std::string deadlocks =
          observer.ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
      return std::atoi(deadlocks.c_str()) >= 3;
    }));
  });
  expect_exactly_once(url);
}

// The server ends transactions of others' making, too. A sequence counts them: it never rolls back.
TEST_F(ServerFaults, TellsItToRunTheTransactionAgain) {
  for (const char* state : {"40001", "40P01"}) {
    const std::string url = fresh_database();
    open_for_writing(url);
    Session session(url);
    session.run("CREATE SEQUENCE public.ended");
    session.run(std::string("CREATE FUNCTION public.end_some() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN"
                            " IF nextval(''public.ended'') % 3 > 0 THEN RAISE ''run it again'' USING ERRCODE = ''") +
                state + "''; END IF; RETURN NEW; END'");
    session.run(
        "CREATE TRIGGER end_some BEFORE UPDATE ON ledger.books FOR EACH ROW EXECUTE FUNCTION public.end_some()");
    start(url);
    record(300);
    expect_exactly_once(url);
    EXPECT_GE(std::atoi(session.ask("SELECT last_value FROM public.ended").c_str()), 3) << state;
    EXPECT_EQ(projector_->refused(), 0u);
  }
}

// A person's forgotten lock, on what the rows go to or on what is looked at first. Whoever wants to end must be able
// to.
TEST_F(ServerFaults, HoldsALockWhileWeStop) {
  for (const char* tables : {"execution.orders, execution.fills", "ledger.schema_migrations"}) {
    SCOPED_TRACE(tables);
    const std::string url = fresh_database();
    open_for_writing(url);
    Session session(url);
    session.run(std::string("BEGIN; LOCK TABLE ") + tables);
    start(url);
    record(500);
    EXPECT_TRUE(soon([&] { return session.ask("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted") == "t"; }));
    EXPECT_FALSE(landed(200).has_value());
    const auto before = std::chrono::steady_clock::now();
    stop();
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(8));
    session.run("ROLLBACK");
    start(url);
    expect_exactly_once(url);
  }
}

// Our host loses its power in the middle of a transaction: the server hears nothing, and keeps the book for the dead.
TEST_F(ServerFaults, KeepsTheBookForAClientThatVanished) {
  const std::string url = fresh_database();
  open_for_writing(url);
  const auto proxy = expect_value(TcpProxy::start(socket_of(scratch_server())));
  std::atomic<bool> stalled{false};
  stall_commits(*proxy, stalled);
  start(proxy->url(database_of(url)));
  record(500);
  ASSERT_TRUE(soon([&] { return stalled.load(); }));
  stop();  // the proxy does not tell the server
  start(url);
  EXPECT_TRUE(soon([&] { return projector_->problem().find("lock timeout") != std::string::npos || landed(0); }))
      << projector_->problem();
  expect_exactly_once(url);
  EXPECT_TRUE(stalled);
}

// Stopped and not ended, as by a cgroup or a debugger: the kernel keeps its connections alive.
TEST_F(ServerFaults, FreezesTheBackend) {
  const std::string url = fresh_database();
  pace_.answer_ms_max = 500;
  start(url);
  record(100);
  expect_landed();
  const int pid = std::atoi(Session(url)
                                .ask("SELECT pid FROM pg_stat_activity WHERE application_name = 'blotter'"
                                     " AND datname = current_database()")
                                .c_str());
  ASSERT_GT(pid, 1);
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  record(500);
  // It may hold the book's row; then it has to wake up before anybody else can land.
  EXPECT_TRUE(soon([&] { return !projector_->problem().empty() || landed(0); }));
  EXPECT_EQ(::kill(pid, SIGCONT), 0);
  expect_exactly_once(url);
}

// We were frozen, in the middle of a transaction: the server does not wait for us longer than it was asked to.
TEST_F(ServerFaults, LosesAConnectionThatIdlesInATransaction) {
  const std::string url = fresh_database();
  open_for_writing(url);
  const auto proxy = expect_value(TcpProxy::start(socket_of(scratch_server())));
  std::atomic<int> stalls{0};
  proxy->set_policy(
      [&](const WireMessage& message) { return message.is_commit() && stalls++ < 1 ? Verdict::stall : Verdict::pass; });
  start(proxy->url(database_of(url)));
  record(1'000);
  Session session(url);
  EXPECT_TRUE(soon([&] {
    const bool idles = session.ask(
                           "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'blotter' AND "
                           "datname = current_database()") != "0";
    // The server has given up on it: now its words may arrive.
    if (!idles) proxy->release();
    return stalls > 1;
  }));
  expect_exactly_once(url);
}

TEST_F(ServerFaults, RunsIntoTheTimeOfAStatement) {
  const std::string url = fresh_database();
  open_for_writing(url);
  Session session(url);
  session.run("ALTER DATABASE " + database_of(url) + " SET statement_timeout = '100ms'");
  session.run("BEGIN; LOCK TABLE execution.fills IN EXCLUSIVE MODE");
  start(url);
  record(1'000);
  EXPECT_TRUE(soon([&] { return projector_->problem().find("timeout") != std::string::npos; }))
      << projector_->problem();
  session.run("ROLLBACK; ALTER DATABASE " + database_of(url) + " RESET statement_timeout");
  expect_exactly_once(url);
}

// A small volume in the place of a directory, with what is in it.
class SmallVolume {
 public:
  explicit SmallVolume(const std::string& path) : path_(path) {
    const std::string aside = path + ".aside";
    std::filesystem::rename(path, aside);
    std::filesystem::create_directory(path);
    mounted_ = ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=128m") == 0;
    std::filesystem::copy(aside, path, std::filesystem::copy_options::recursive);
    struct stat owner {};
    ::stat(aside.c_str(), &owner);
    own(path, owner);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) own(entry.path(), owner);
  }
  ~SmallVolume() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallVolume(const SmallVolume&) = delete;
  SmallVolume& operator=(const SmallVolume&) = delete;
  bool mounted() const { return mounted_; }
  void fill() const {
    std::ofstream file(path_ + "/hog");
    const std::string block(1u << 16, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void free() const { std::filesystem::remove(path_ + "/hog"); }

 private:
  static void own(const std::string& path, const struct stat& owner) {
    EXPECT_EQ(::chown(path.c_str(), owner.st_uid, owner.st_gid), 0);
  }
  const std::string path_;
  bool mounted_ = false;
};

TEST_F(ServerFaults, HasNoSpaceForItsLog) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can mount a small volume";
  // No segment of the log is used again, so that it needs space.
  const auto server = server_of_its_own({"wal_recycle = off", "wal_init_zero = on"});
  const std::string url = expect_value(server->create_database("ledger"));
  expect_value(server->stop());
  const SmallVolume volume(server->directory() + "/data/pg_wal");
  if (!volume.mounted()) GTEST_SKIP() << "this machine lets nobody mount a small volume";
  expect_value(server->start_again());
  start(url);
  record(1'000);
  expect_landed();
  volume.fill();
  EXPECT_TRUE(soon([&] {
    record(1'000);
    return !projector_->problem().empty();
  }));
  EXPECT_FALSE(landed(500).has_value());
  volume.free();
  // It panicked, and could not come back.
  expect_value(server->stop("immediate"));
  expect_value(server->start_again());
  expect_exactly_once(url);
  expect_value(server->stop("immediate"));
}

TEST_F(ServerFaults, HasNoConnectionLeft) {
  const auto server = server_of_its_own({"max_connections = 8", "superuser_reserved_connections = 0"});
  const std::string url = expect_value(server->create_database("ledger"));
  std::vector<std::unique_ptr<Session>> greedy;
  do greedy.push_back(std::make_unique<Session>(url));
  while (greedy.back()->connected());
  start(url);
  record(1'000);
  EXPECT_TRUE(soon([&] { return projector_->problem().find("too many clients") != std::string::npos; }))
      << projector_->problem();
  greedy.clear();
  expect_exactly_once(url);
}

// A primary that has died, and a standby that had not got the last events: the cursor goes back to where the standby
// was, and the journal has the rest.
class Failover : public ServerFaults {
 protected:
  void SetUp() override {
    primary_ = server_of_its_own();
    const std::string url = expect_value(primary_->create_database("ledger"));
    start(url);
    record(500);
    expect_landed();
    standby_ = expect_value(primary_->start_replica(new_directory()));
    // It gets nothing of what follows.
    expect_value(standby_->stop());
    start("postgresql://postgres@/ledger?host=" + primary_->directory() + "," + standby_->directory());
    record(2'000);
    expect_landed();
    expect_value(primary_->kill_hard());
  }
  std::unique_ptr<PostgresServer> primary_;
  std::unique_ptr<PostgresServer> standby_;
};

TEST_F(Failover, ToAStandbyThatLags) {
  const Seq lost = projector_->stored();
  record(500);
  EXPECT_TRUE(soon([&] { return !projector_->problem().empty(); }));
  expect_value(standby_->start_again());
  Session behind(standby_->url("ledger"));
  EXPECT_LT(std::atoll(behind.ask("SELECT applied_seq FROM ledger.books").c_str()),
            static_cast<std::int64_t>(to_number(lost)));
  // A standby takes no writes yet.
  EXPECT_FALSE(landed(200).has_value());
  expect_value(standby_->promote());
  expect_exactly_once(standby_->url("ledger"));
}

// At night: there is nothing that would have to land, and still what is missing there is landed again.
TEST_F(Failover, WhileNothingIsRecorded) {
  EXPECT_TRUE(soon([&] { return !projector_->problem().empty(); })) << "nobody had to ask";
  expect_value(standby_->start_again());
  expect_value(standby_->promote());
  Session after(standby_->url("ledger"));
  const std::string last = std::to_string(accepting().last());
  EXPECT_TRUE(soon([&] { return after.ask("SELECT applied_seq FROM ledger.books") == last; }));
  expect_exactly_once(standby_->url("ledger"));
}

TEST_F(ServerFaults, GoesBackInTime) {
  auto primary = server_of_its_own();
  const std::string url = expect_value(primary->create_database("ledger"));
  start(url);
  record(500);
  expect_landed();
  const std::uint64_t copied = to_number(projector_->stored());
  // A template is a backup of this moment.
  stop();
  Session(primary->url()).run("CREATE DATABASE backup TEMPLATE ledger");
  start(url);
  record(2'000);
  expect_landed();
  Session(primary->url()).run("DROP DATABASE ledger WITH (FORCE)");
  Session(primary->url()).run("ALTER DATABASE backup RENAME TO ledger");
  EXPECT_EQ(to_number(expect_value(open_for_writing(url)->cursor("main")).applied), copied);
  record(500);
  start(url);
  expect_exactly_once(url);
}

TEST_F(ServerFaults, FencesAnOlderWriter) {
  const std::string url = fresh_database();
  start(url);
  record(500);
  expect_landed();
  // Somebody else has taken the book over.
  const auto newer = open_for_writing(url);
  expect_value(newer->claim("main", Epoch{to_number(accepting().journal().epoch()) + 1}));
  record(500);
  const Result<void> waited = landed();
  ASSERT_FALSE(waited.has_value());
  EXPECT_EQ(waited.error().code, Errc::fenced) << waited.error().message;
  // The one after it goes on where it was.
  reopen_journal();
  start(url);
  expect_exactly_once(url);
}

TEST_F(ServerFaults, RefusesARowAndTakesTheOthers) {
  const std::string url = fresh_database();
  open_for_writing(url);
  Session session(url);
  session.run("ALTER TABLE execution.cash_movements ADD CONSTRAINT mine CHECK (id <> 'P7')");
  start(url);
  record(5'000);
  CashReport payment = cash_line("P7", CashKind::deposit, "USD", "1", 1);
  accepting().offer({payment});
  record(500);
  expect_landed();
  EXPECT_GE(projector_->refused(), 1u);
  EXPECT_TRUE(soon([&] {
    return std::to_string(projector_->refused()) == session.ask("SELECT count(*) FROM ledger.refused_rows");
  }));
  EXPECT_EQ(session.ask("SELECT count(*) FROM execution.cash_movements WHERE id = 'P7'"), "0");
  // All the others are there.
  const auto oracle = ledger_test::projected(ledger_test::events_of(directory_.journal()), 5'000);
  const auto store = open_for_writing(url);
  for (const Table table : {Table::orders, Table::order_events, Table::fills, Table::positions, Table::balances}) {
    EXPECT_EQ(expect_value(table_checksum(*store, table, "main")), expect_value(table_checksum(*oracle, table, "main")))
        << name_of(table);
  }
  const auto cash_rows = expect_value(table_checksum(*oracle, Table::cash_movements, "main")).rows;
  EXPECT_EQ(expect_value(table_checksum(*store, Table::cash_movements, "main")).rows + projector_->refused(),
            cash_rows);
}

// JSON that PostgreSQL's jsonb cannot hold is no reason to refuse the row: the text is kept.
TEST_F(ServerFaults, CannotHoldSomeJson) {
  const std::string url = fresh_database();
  start(url);
  OrderReport big = order_line("J1", Side::buy, "1", "1", 1, "AAPL");
  big.metadata = R"({"x":1e999999})";
  accepting().offer({big});
  expect_exactly_once(url);
  EXPECT_EQ(projector_->refused(), 0u);
}

}  // namespace
}  // namespace blotter::postgres_test
