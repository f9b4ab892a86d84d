// Through PgBouncer in transaction mode: connections to the server are nobody's, so nothing may be left on them.
#include "scratch/pgbouncer.h"

#include "postgres/landing_fixture.h"

namespace blotter::postgres_test {
namespace {

class ThroughPgBouncer : public LandingTest {
 protected:
  void SetUp() override {
    url_ = fresh_database();
    open_for_writing(url_);
    bouncer_ = expect_value(scratch::PgBouncer::start(
        {.directory = new_directory(), .server = scratch_server().directory(), .pool_size = 2}));
  }
  std::string through() const { return bouncer_->url(database_of(url_)); }

  std::string url_;
  std::unique_ptr<scratch::PgBouncer> bouncer_;
};

TEST_F(ThroughPgBouncer, LandsAndSurvivesRestarts) {
  start(through());
  while_recording([&] {
    for (int i = 0; i < 5; ++i) {
      const Seq before = projector_->stored();
      EXPECT_TRUE(soon([&] { return projector_->stored() > before; })) << projector_->problem();
      expect_value(bouncer_->restart());
      expect_value(bouncer_->command("RECONNECT"));
      expect_value(bouncer_->command("PAUSE"));
      expect_value(bouncer_->command("RESUME"));
    }
  });
  expect_exactly_once(url_);
}

// Twenty clients on two connections: four write books of their own, the others read. A statement's name, a setting or
// a lock left on a connection would meet somebody else (26000, 42P05, wrong answers).
TEST_F(ThroughPgBouncer, LeavesNothingOnAConnection) {
  constexpr int kClients = 20;
  constexpr int kWriters = 4;
  const std::uint64_t wanted = 100'000;
  Accepting accepting(directory_.journal());
  accepting.offer(RandomDay::definitions());
  for (int i = 0; i < 20; ++i) accepting.offer({day_.next()});
  const std::vector<Event> events = ledger_test::events_of(directory_.journal());
  std::atomic<std::uint64_t> transactions{0};
  std::mutex mutex;
  std::string problem;
  const auto note = [&](const Error& error) {
    const std::scoped_lock lock(mutex);
    if (problem.empty()) problem = error.message;
  };
  const auto client = [&](int number) {
    const bool writes = number < kWriters;
    const std::string book = "client_" + std::to_string(number % kWriters);
    auto store = postgres::open_postgres_store(options_for(through()), writes ? StoreAccess::write : StoreAccess::read);
    if (!store) return note(store.error());
    Select select;
    select.table = Table::balances;
    select.book_id = book;
    Batch batch;
    while (transactions < wanted) {
      Projection projection(book, Book{});
      std::uint64_t seq = 0;
      if (!writes) {
        if (const auto cursor = (*store)->cursor(book); !cursor) return note(cursor.error());
        if (const auto read = (*store)->select(select, [](const auto&) { return Result<void>{}; }); !read) {
          return note(read.error());
        }
        transactions += 2;
        continue;
      }
      if (const auto claimed = (*store)->claim(book, Epoch{1}); !claimed) return note(claimed.error());
      for (const Event& event : events) {
        projection.add(event, Seq{++seq});
        projection.take(Epoch{1}, batch);
        if (const auto applied = (*store)->apply(batch); !applied) return note(applied.error());
        ++transactions;
      }
      if (const auto reset = (*store)->reset(book, Epoch{1}); !reset) return note(reset.error());
    }
  };
  std::vector<std::thread> clients;
  for (int number = 0; number < kClients; ++number) clients.emplace_back(client, number);
  for (std::thread& each : clients) each.join();
  EXPECT_EQ(problem, "");
  EXPECT_GE(transactions, wanted);
  Session session(url_);
  EXPECT_LE(std::atoi(session
                          .ask("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
                               "pg_backend_pid()")
                          .c_str()),
            2);
}

}  // namespace
}  // namespace blotter::postgres_test
