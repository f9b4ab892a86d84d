// Exactly once, whatever the store does: away, in doubt, behind, reset, refusing, misconfigured, fenced, broken.
#include "ledger/projector.h"

#include <gmock/gmock.h>

#include "ledger/scripted_server_test.h"

namespace blotter::ledger_test {
namespace {

constexpr std::int64_t kPatienceMs = 20'000;

using Server = ScriptedServer;
using Fault = Server::Fault;

const Error kAway{Errc::unavailable, "the server is away"};

// So fast that no test waits for it.
Projector::Pace quick_pace() {
  return {.retry = {.ms_min = 1, .ms_max = 5},
          .breaker = {.failures_max = 5, .cool_down_ms_min = 1, .cool_down_ms_max = 5},
          .seed = 1,
          .idle_look_ms = 1};
}

struct ProjectorTest : testing::Test {
  Directory directory;
  Server server;
  Accepting accepting{directory.journal()};

  std::unique_ptr<Projector> start(const Projector::Pace& pace = quick_pace()) {
    return std::make_unique<Projector>(accepting.journal(), "main", server.opener(), pace);
  }
  Result<void> landed(Projector& projector) { return projector.wait_stored(Seq{accepting.last()}, kPatienceMs); }
  void expect_all_there() {
    const auto expected = projected(events_of(directory.journal()), 10'000);
    const Tables found = server.with_store([](Store& store) { return tables(store, {"epoch"}); });
    EXPECT_EQ(difference(tables(*expected, {"epoch"}), found), "");
  }
};

TEST_F(ProjectorTest, LandsOneEventAsABatchOfItsOwn) {
  const auto projector = start();
  accepting.offer({cash("1", "5")});
  ASSERT_TRUE(landed(*projector).has_value());
  accepting.offer({cash("2", "5")});
  ASSERT_TRUE(landed(*projector).has_value());
  EXPECT_EQ(server.batches().back(), 1u);
  EXPECT_EQ(projector->problem(), "");
  expect_all_there();
}

TEST_F(ProjectorTest, LandsEachEventExactlyOnceWhateverPasses) {
  const std::vector<std::deque<Fault>> scripts = {
      {Fault::unavailable, Fault::unavailable, Fault::unavailable},
      {Fault::in_doubt_lost},
      {Fault::in_doubt_done},
      {Fault::stale, Fault::none, Fault::stale},
      {Fault::none, Fault::in_doubt_done, Fault::unavailable, Fault::in_doubt_lost, Fault::none, Fault::in_doubt_done},
  };
  const auto projector = start();
  std::uint64_t seed = 0;
  for (const auto& script : scripts) {
    server.misbehave(script);
    accepting.offer(simulated(1'500, ++seed));
    const auto stored = landed(*projector);
    ASSERT_TRUE(stored.has_value()) << stored.error().message;
    EXPECT_EQ(projector->problem(), "") << "over when it has landed";
  }
  expect_all_there();
}

TEST_F(ProjectorTest, GoesBackWithACursorThatWentBack) {
  const auto projector = start();
  accepting.offer(simulated(500, 1));
  ASSERT_TRUE(landed(*projector).has_value());
  server.with_store([&](Store& store) { expect_value(store.reset("main", accepting.journal().epoch())); });
  accepting.offer({cash("after", "1")});
  // What it knows from before does not count: the store must say so again.
  while (server.with_store([](Store& store) { return to_number(store.cursor("main")->applied); }) < accepting.last()) {
    std::this_thread::yield();
  }
  ASSERT_TRUE(landed(*projector).has_value());
  expect_all_there();
}

// A failover or a restore at night, when nothing happens that would have to land.
TEST_F(ProjectorTest, FillsACursorThatWentBackWithoutWaitingForTheNextEvent) {
  const auto projector = start();
  accepting.offer(simulated(500, 1));
  ASSERT_TRUE(landed(*projector).has_value());
  server.start_over();
  const auto applied = [&] {
    return server.with_store([](Store& store) { return to_number(store.cursor("main")->applied); });
  };
  while (applied() < accepting.last()) std::this_thread::yield();
  expect_all_there();
}

TEST_F(ProjectorTest, AStoreThatGoesAwayWhileNothingHappensShows) {
  const auto projector = start();
  accepting.offer({cash("1", "5")});
  ASSERT_TRUE(landed(*projector).has_value());
  server.set_away(kAway);
  while (projector->problem() != kAway.message) std::this_thread::yield();
  server.set_away({});
  while (!projector->problem().empty()) std::this_thread::yield();
}

// Behind PgBouncer a connection survives a restore: the claim is gone, and nobody has taken our place.
TEST_F(ProjectorTest, ClaimsAgainWhenTheClaimIsGone) {
  Projector::Pace pace = quick_pace();
  pace.idle_look_ms = 600'000;
  const auto projector = start(pace);
  accepting.offer({cash("1", "5")});
  ASSERT_TRUE(landed(*projector).has_value());
  server.start_over();
  accepting.offer({cash("2", "5")});
  const auto stored = landed(*projector);
  ASSERT_TRUE(stored.has_value()) << stored.error().message;
  expect_all_there();
}

TEST_F(ProjectorTest, GivesUpAStoreThatDoesNotAnswer) {
  Projector::Pace pace = quick_pace();
  pace.answer_ms_max = 20;
  const auto projector = start(pace);
  server.misbehave({Fault::none, Fault::silent});
  accepting.offer({cash("1", "5")});
  ASSERT_TRUE(landed(*projector).has_value());
  accepting.offer({cash("2", "5")});
  const auto stored = landed(*projector);
  ASSERT_TRUE(stored.has_value()) << stored.error().message;
  EXPECT_EQ(server.opened(), 2);
  expect_all_there();
}

TEST_F(ProjectorTest, AStoreThatIsAwayAllDayStopsNothingAndGetsItAllAfterwards) {
  server.set_away(kAway);
  const auto projector = start();
  accepting.offer(simulated(25'000, 3));
  const auto waited = projector->wait_stored(Seq{accepting.last()}, 1);
  ASSERT_FALSE(waited.has_value());
  EXPECT_EQ(waited.error().code, Errc::unavailable);
  EXPECT_THAT(waited.error().message, testing::HasSubstr("events behind"));
  while (projector->problem().empty()) std::this_thread::yield();
  EXPECT_EQ(projector->problem(), "the server is away");
  server.set_away({});
  ASSERT_TRUE(landed(*projector).has_value());
  expect_all_there();
  const std::vector<std::uint64_t> sizes = server.batches();
  for (const std::uint64_t events : sizes) EXPECT_LE(events, Projector::kEventsMax) << "memory is bounded";
  EXPECT_GT(*std::max_element(sizes.begin(), sizes.end()), 1'000u) << "they grow with the backlog";
}

TEST_F(ProjectorTest, WhateverMayPassIsNotYetToWhoeverWaits) {
  const auto projector = start();
  server.misbehave(std::deque<Fault>(100'000, Fault::in_doubt_lost));
  accepting.offer({cash("1", "5")});
  while (projector->problem().empty()) std::this_thread::yield();
  EXPECT_EQ(projector->wait_stored(Seq{1}, 1).error().code, Errc::unavailable);
  EXPECT_EQ(projector->problem(), "lost before COMMIT") << "reaching the cursor is no progress";
  server.misbehave({});
  EXPECT_TRUE(landed(*projector).has_value());
}

struct Halting : ProjectorTest, testing::WithParamInterface<std::pair<Fault, Errc>> {};

TEST_P(Halting, StopsForGoodAndSaysWhy) {
  const auto projector = start();
  server.misbehave({GetParam().first});
  accepting.offer({cash("1", "5")});
  const auto waited = projector->wait_stored(Seq{accepting.last()}, -1);
  ASSERT_FALSE(waited.has_value());
  EXPECT_EQ(waited.error().code, GetParam().second);
  EXPECT_EQ(projector->problem(), waited.error().message);
  const std::size_t tried = server.batches().size();
  accepting.offer({cash("2", "5")});
  EXPECT_FALSE(projector->wait_stored(Seq{accepting.last()}, -1).has_value()) << "at once";
  projector->stop();
  EXPECT_EQ(server.batches().size(), tried) << "no further attempt";
}

INSTANTIATE_TEST_SUITE_P(Projector, Halting,
                         testing::Values(std::pair(Fault::fenced, Errc::fenced),
                                         std::pair(Fault::corrupt, Errc::corrupt),
                                         std::pair(Fault::senseless, Errc::invalid)));

TEST_F(ProjectorTest, SetsARefusedRowAsideAndSaysHowManyThereAre) {
  const auto projector = start();
  server.misbehave({Fault::refused_row});
  accepting.offer({cash("1", "5")});
  ASSERT_TRUE(landed(*projector).has_value());
  accepting.offer({cash("2", "5")});
  ASSERT_TRUE(landed(*projector).has_value()) << "landing goes on";
  while (projector->refused() == 0) std::this_thread::yield();
  EXPECT_EQ(projector->refused(), 1u);
  EXPECT_EQ(projector->problem(), "") << "it is making progress";
  const Tables found = server.with_store([](Store& store) { return tables(store); });
  EXPECT_THAT(found, testing::Contains(testing::AllOf(testing::StartsWith("refused_rows"),
                                                      testing::HasSubstr("table_name=cash_movements"),
                                                      testing::HasSubstr("id is empty"))));
  EXPECT_THAT(found,
              testing::Contains(testing::AllOf(testing::StartsWith("cash_movements"), testing::HasSubstr(" id=2 "))));
  // Another life of the projector counts the same rows, and counts them once.
  const auto second = start();
  while (second->refused() == 0) std::this_thread::yield();
  EXPECT_EQ(second->refused(), 1u);
}

struct Mending : ProjectorTest, testing::WithParamInterface<Error> {};

TEST_P(Mending, WhatAPersonCanMendIsSaidAtOnceAndHealsWithoutARestart) {
  server.set_away(GetParam());
  const auto projector = start();
  accepting.offer({cash("1", "5")});
  const auto waited = projector->wait_stored(Seq{accepting.last()}, -1);
  ASSERT_FALSE(waited.has_value());
  EXPECT_EQ(waited.error().code, GetParam().code);
  EXPECT_EQ(waited.error().message, GetParam().message);
  EXPECT_EQ(projector->problem(), GetParam().message);
  while (server.opened() < 3) std::this_thread::yield();
  server.set_away({});
  while (projector->stored() < Seq{accepting.last()}) std::this_thread::yield();
  EXPECT_TRUE(landed(*projector).has_value());
  EXPECT_EQ(projector->problem(), "");
  EXPECT_EQ(projector->breaker(), BreakerState::closed);
  expect_all_there();
}

INSTANTIATE_TEST_SUITE_P(
    Projector, Mending,
    testing::Values(Error{Errc::not_found, "password authentication failed for user \"u\"; see DATABASE_URL"},
                    Error{Errc::invalid, "the schema is older than this program; run `blotter migrate up`"}));

TEST_F(ProjectorTest, RightsThatAreMissingAreTriedSlowlyToo) {
  const auto projector = start();
  server.misbehave(std::deque<Fault>(3, Fault::no_rights));
  accepting.offer({cash("1", "5")});
  EXPECT_EQ(projector->wait_stored(Seq{accepting.last()}, -1).error().code, Errc::not_found);
  while (projector->stored() < Seq{accepting.last()}) std::this_thread::yield();
  EXPECT_EQ(server.batches().size(), 4u);
  expect_all_there();
}

TEST_F(ProjectorTest, ServerThatStaysAwayOpensTheBreakerAndThenCostsNothing) {
  server.set_away(kAway);
  Projector::Pace pace = quick_pace();
  pace.breaker = {.failures_max = 3, .cool_down_ms_min = 600'000, .cool_down_ms_max = 600'000};
  const auto projector = start(pace);
  while (projector->breaker() != BreakerState::open) std::this_thread::yield();
  EXPECT_EQ(server.opened(), 3);
  server.set_away({});
  accepting.offer(simulated(500, 4));
  EXPECT_EQ(projector->wait_stored(Seq{accepting.last()}, 50).error().code, Errc::unavailable);
  EXPECT_EQ(server.opened(), 3) << "no attempt while it is open";
  EXPECT_EQ(projector->problem(), kAway.message);
}

TEST_F(ProjectorTest, OneTrialAfterTheCoolDownClosesTheBreaker) {
  server.set_away(kAway);
  const auto projector = start();
  while (server.opened() < 12) std::this_thread::yield();
  EXPECT_NE(projector->breaker(), BreakerState::closed);
  accepting.offer(simulated(500, 5));
  server.set_away({});
  ASSERT_TRUE(landed(*projector).has_value());
  EXPECT_EQ(projector->breaker(), BreakerState::closed);
  expect_all_there();
}

TEST_F(ProjectorTest, RefusesAStoreThatWasFilledFromAnotherJournal) {
  {
    const auto projector = start();
    accepting.offer({cash("1", "5"), cash("2", "6")});
    ASSERT_TRUE(landed(*projector).has_value());
  }
  const Directory other;
  Accepting others{other.journal()};
  others.offer({cash("1", "5"), cash("2", "7"), cash("3", "8")});
  Projector projector(others.journal(), "main", server.opener(), quick_pace());
  const auto waited = projector.wait_stored(Seq{others.last()}, -1);
  ASSERT_FALSE(waited.has_value());
  EXPECT_EQ(waited.error().code, Errc::corrupt);
  EXPECT_THAT(waited.error().message, testing::HasSubstr("another journal"));
  EXPECT_THAT(waited.error().message, testing::HasSubstr("blotter store rebuild"));
}

TEST_F(ProjectorTest, ABatchThatDidNotLandIsAppliedAgainAsItWas) {
  server.misbehave({Fault::none, Fault::unavailable, Fault::in_doubt_lost});
  accepting.offer(simulated(15'000, 6));
  const auto projector = start();
  ASSERT_TRUE(landed(*projector).has_value());
  expect_all_there();
  const std::vector<std::uint64_t> sizes = server.batches();
  ASSERT_GT(sizes.size(), 5u);
  EXPECT_THAT(std::vector(sizes.begin() + 1, sizes.begin() + 4), testing::Each(sizes[1])) << "nothing is folded anew";
  EXPECT_GT(sizes[4], sizes[1]) << "and what was folded ahead follows it";
}

TEST_F(ProjectorTest, BatchesThatTakeTooLongBecomeSmaller) {
  server.set_events_max(3'000);
  accepting.offer(simulated(20'000, 6));
  const auto projector = start();
  ASSERT_TRUE(landed(*projector).has_value());
  expect_all_there();
  const std::vector<std::uint64_t> sizes = server.batches();
  EXPECT_EQ(std::count(sizes.begin(), sizes.end(), 4'000u), 3) << "it is not tried for ever, nor again and again";
}

TEST_F(ProjectorTest, WhatWasFoldedIsDroppedWhenTheStoreStartsOver) {
  const auto projector = start();
  accepting.offer(simulated(3'000, 6));
  ASSERT_TRUE(landed(*projector).has_value());
  server.misbehave(std::deque<Fault>(100'000, Fault::unavailable));
  accepting.offer(simulated(3'000, 7));
  while (projector->problem().empty()) std::this_thread::yield();
  server.start_over();
  server.misbehave({});
  ASSERT_TRUE(landed(*projector).has_value());
  expect_all_there();
}

// In-doubt and plain failures at whatever moment they hit, with batches folded ahead or not.
TEST_F(ProjectorTest, FailuresInARowLandEverythingOnce) {
  const auto projector = start();
  accepting.offer(simulated(15'000, 6));
  for (int round = 0; round < 20; ++round) {
    server.misbehave({Fault::none, Fault::in_doubt_done, Fault::in_doubt_lost, Fault::none, Fault::unavailable});
    std::this_thread::yield();
  }
  ASSERT_TRUE(landed(*projector).has_value());
  expect_all_there();
}

TEST_F(ProjectorTest, IsFencedByANewerWritersClaim) {
  const auto projector = start();
  accepting.offer({cash("1", "5")});
  ASSERT_TRUE(landed(*projector).has_value());
  server.with_store([](Store& store) { expect_value(store.claim("main", Epoch{99})); });
  accepting.offer({cash("2", "5")});
  EXPECT_EQ(projector->wait_stored(Seq{accepting.last()}, -1).error().code, Errc::fenced);
  EXPECT_FALSE(projector->problem().empty());
}

TEST_F(ProjectorTest, RefusesAStoreThatIsAheadOfTheJournal) {
  server.with_store([](Store& store) {
    expect_value(store.claim("main", Epoch{1}));
    Batch batch;
    batch.book_id = "main";
    batch.epoch = Epoch{1};
    batch.first = Seq{1};
    batch.last = Seq{50};
    batch.last_hash = 7;
    expect_value(store.apply(batch));
  });
  const auto projector = start();
  const auto waited = projector->wait_stored(Seq{60}, -1);
  EXPECT_EQ(waited.error().code, Errc::corrupt);
  EXPECT_THAT(projector->problem(), testing::HasSubstr("event 50"));
}

TEST_F(ProjectorTest, StopsAtOnceWhileItBacksOff) {
  server.set_away(kAway);
  Projector::Pace pace = quick_pace();
  pace.breaker = {.failures_max = 1, .cool_down_ms_min = 600'000, .cool_down_ms_max = 600'000};
  auto projector = start(pace);
  while (projector->problem().empty()) std::this_thread::yield();
  const auto begin = std::chrono::steady_clock::now();
  projector.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(server.opened(), 1);
}

// Passes everything on to a journal, and counts who waits for more.
class Counting final : public journal::Journal {
 public:
  explicit Counting(journal::Journal& inner) : inner_(inner) {}
  const journal::Recovery& recovery() const override { return inner_.recovery(); }
  Epoch epoch() const override { return inner_.epoch(); }
  const std::string& directory() const override { return inner_.directory(); }
  Result<Seq> append(std::span<const std::byte> record, journal::Priority priority) override {
    return inner_.append(record, priority);
  }
  Result<Seq> append_all(std::span<const std::span<const std::byte>> records, journal::Priority priority) override {
    return inner_.append_all(records, priority);
  }
  Result<void> wait_durable(Seq seq) override { return inner_.wait_durable(seq); }
  void flush_soon() override { inner_.flush_soon(); }
  Seq appended() const override { return inner_.appended(); }
  Seq durable() const override { return inner_.durable(); }
  bool poisoned() const override { return poison.load(); }
  bool reserve_only() const override { return inner_.reserve_only(); }
  Seq wait_beyond(Seq, int) const override {
    ++waits;
    return inner_.durable();
  }

  std::atomic<bool> poison{false};
  mutable std::atomic<int> waits{0};

 private:
  journal::Journal& inner_;
};

TEST_F(ProjectorTest, RestsWhenTheJournalIsPoisonedButLandsWhatIsDurable) {
  accepting.offer({cash("1", "5")});
  Counting counting(accepting.journal());
  counting.poison = true;
  Projector projector(counting, "main", server.opener(), quick_pace());
  ASSERT_TRUE(projector.wait_stored(Seq{accepting.last()}, kPatienceMs).has_value());
  projector.stop();
  EXPECT_EQ(counting.waits, 0) << "a poisoned journal answers at once, again and again";
}

}  // namespace
}  // namespace blotter::ledger_test
