// For the tests of PostgreSQL's faults: a ledger's accepting half and a projector, with any way to a server between,
// and the memory store as the oracle of what must have landed.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "core/random_day_test.h"
#include "core/random_seed_test.h"
#include "ledger/accepting_test.h"
#include "ledger/projector.h"
#include "scratch/postgres_environment_test.h"
#include "scratch/tcp_proxy.h"
#include "store/postgres/postgres_store.h"
#include "store/table_checksum.h"

namespace blotter::postgres_test {

using ledger_test::Accepting;
using ledger_test::expect_value;
using scratch::Direction;
using scratch::fresh_database;
using scratch::new_directory;
using scratch::PostgresServer;
using scratch::scratch_server;
using scratch::TcpProxy;
using scratch::Verdict;
using scratch::WireMessage;

constexpr std::int64_t kPatienceMs = 60'000;

// How many cuts of each kind: BLOTTER_CUTS for a long campaign.
inline std::uint64_t cuts_wanted(std::uint64_t usually) {
  const char* const given = std::getenv("BLOTTER_CUTS");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : usually;
}

template <class Condition>
bool soon(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// A connection of a person, beside the ledger.
class Session {
 public:
  explicit Session(const std::string& url) : handle_(PQconnectdb(url.c_str())) {
    PQsetNoticeReceiver(
        handle_, [](void*, const PGresult*) {}, nullptr);
  }
  ~Session() { PQfinish(handle_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool connected() const { return PQstatus(handle_) == CONNECTION_OK; }
  // The answer's first value; the error's text when it is one.
  std::string ask(const std::string& sql) {
    PGresult* result = PQexec(handle_, sql.c_str());
    std::string answer = PQresultErrorMessage(result);
    if (answer.empty() && PQntuples(result) > 0) answer = PQgetvalue(result, 0, 0);
    PQclear(result);
    return answer;
  }
  void run(const std::string& sql) {
    const std::string answer = ask(sql);
    EXPECT_EQ(answer.find("ERROR"), std::string::npos) << sql << ": " << answer;
  }

 private:
  PGconn* handle_;
};

inline StoreOptions options_for(const std::string& url) {
  StoreOptions options;
  options.url = url;
  return options;
}

inline std::unique_ptr<Store> open_for_writing(const std::string& url) {
  return expect_value(postgres::open_postgres_store(options_for(url), StoreAccess::write));
}

inline std::unique_ptr<PostgresServer> server_of_its_own(std::vector<std::string> settings = {}) {
  return expect_value(PostgresServer::start({.directory = new_directory(), .settings = std::move(settings)}));
}

inline std::string socket_of(const PostgresServer& server) {
  return server.directory() + "/.s.PGSQL." + std::to_string(server.port());
}

inline std::string database_of(const std::string& url) {
  const std::size_t begin = url.find("@/") + 2;
  return url.substr(begin, url.find('?') - begin);
}

// What differs between the store and the oracle, by checksum; empty when nothing does.
inline std::string differences(StoreReader& store, StoreReader& oracle, const std::string& book = "main") {
  std::string found;
  for (int number = 0; number <= static_cast<int>(Table::ledger_entries); ++number) {
    const auto table = static_cast<Table>(number);
    // Whose epoch it is differs.
    if (table == Table::books) continue;
    const TableChecksum is = expect_value(table_checksum(store, table, book));
    const TableChecksum should = expect_value(table_checksum(oracle, table, book));
    if (is == should) continue;
    found.append(found.empty() ? "" : ", ").append(name_of(table)).append(": ");
    found += std::to_string(is.rows) + " rows instead of " + std::to_string(should.rows);
  }
  return found;
}

// Retries at once and does without the breaker's long rests: these tests fail a thousand times a minute.
inline Projector::Pace quick(std::uint64_t seed) {
  return {.retry = {.ms_min = 1, .ms_max = 20},
          .breaker = {.failures_max = 20, .cool_down_ms_min = 5, .cool_down_ms_max = 50},
          .seed = seed,
          .idle_look_ms = 50};
}

class LandingTest : public ::testing::Test {
 protected:
  // Records, and lands through what open() reaches.
  void start(const std::string& url) {
    start([url] { return open_store_for_landing(options_for(url)); });
  }
  void start(Projector::OpenStore open) {
    projector_.reset();
    projector_ = std::make_unique<Projector>(accepting().journal(), "main", std::move(open), pace_);
  }
  void stop() { projector_.reset(); }

  Accepting& accepting() {
    if (!accepting_) {
      accepting_ = std::make_unique<Accepting>(directory_.journal());
      accepting_->offer(RandomDay::definitions());
    }
    return *accepting_;
  }
  // As after a restart of the process: with a new epoch.
  void reopen_journal() {
    stop();
    accepting_.reset();
    accepting_ = std::make_unique<Accepting>(directory_.journal());
  }

  // Made durable; never waits for the store.
  void record(int reports) {
    for (int i = 0; i < reports; ++i) {
      const Result<Receipt> receipt = accepting().door().offer(day_.next(), {});
      // A long day by chance comes to numbers that no decimal holds.
      EXPECT_TRUE(receipt.has_value() || receipt.error().code == Errc::invalid) << receipt.error().message;
    }
    expect_value(accepting().journal().wait_durable(accepting().journal().appended()));
  }
  Result<void> landed(std::int64_t patience_ms = kPatienceMs) {
    return projector_->wait_stored(Seq{accepting().last()}, patience_ms);
  }
  void expect_landed() {
    const Result<void> done = landed();
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  // The end of every test: everything is there, exactly once.
  void expect_exactly_once(const std::string& url) {
    expect_landed();
    const auto store = open_for_writing(url);
    const auto oracle = ledger_test::projected(ledger_test::events_of(directory_.journal()), 5'000);
    EXPECT_EQ(to_number(expect_value(store->cursor("main")).applied), accepting().last());
    EXPECT_EQ(differences(*store, *oracle), "");
  }

  // Keeps recording while a fault is made, but not as fast as it can: a projector that has to fold anew does so from
  // the journal's start, because there are no snapshots here.
  void while_recording(const std::function<void()>& fault) {
    std::atomic<bool> done{false};
    std::thread recorder([&] {
      while (!done) {
        record(2);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    });
    fault();
    done = true;
    recorder.join();
  }

  // One line, and what to change.
  static void expect_helpful(const Error& error, const std::string& setting) {
    EXPECT_NE(error.message.find(setting), std::string::npos) << error.message;
    EXPECT_EQ(error.message.find('\n'), std::string::npos) << error.message;
    EXPECT_EQ(error.message.find("secret"), std::string::npos) << error.message;
  }

  const std::uint64_t seed_ = test_seed();
  ledger_test::Directory directory_;
  RandomDay day_{seed_};
  Projector::Pace pace_ = quick(seed_);
  std::unique_ptr<Accepting> accepting_;
  std::unique_ptr<Projector> projector_;
};

}  // namespace blotter::postgres_test
