// The network cuts at the worst moments: before COMMIT has arrived, before its answer has, at any byte, between two
// rows of a COPY. Each batch lands exactly once.
#include "postgres/landing_fixture.h"

namespace blotter::postgres_test {
namespace {

class Cuts : public LandingTest {
 protected:
  void SetUp() override {
    url_ = fresh_database();
    open_for_writing(url_);
    proxy_ = expect_value(TcpProxy::start(socket_of(scratch_server())));
  }
  std::string through() const { return proxy_->url(database_of(url_)); }

  // Every transaction is cut, often several times in a row.
  void cut_commits(Verdict how, std::uint64_t wanted) {
    std::mt19937_64 random(seed_);
    std::uint64_t cut = 0;
    std::atomic<bool> enough{false};
    proxy_->set_policy([&](const WireMessage& message) {
      if (!message.is_commit() || random() % 4 == 0) return Verdict::pass;
      enough = ++cut >= wanted;
      return how;
    });
    start(through());
    while (!enough) {
      record(2);
      expect_landed();
      if (HasFatalFailure()) break;
    }
    proxy_->set_policy(nullptr);
    EXPECT_GE(proxy_->cuts(), wanted);
    expect_exactly_once(url_);
  }

  std::string url_;
  std::unique_ptr<TcpProxy> proxy_;
};

TEST_F(Cuts, BeforeCommitArrives) { cut_commits(Verdict::cut, cuts_wanted(1'000)); }

TEST_F(Cuts, AfterCommitBeforeItsAnswer) { cut_commits(Verdict::swallow_answer, cuts_wanted(1'000)); }

TEST_F(Cuts, AtAnyMomentOfALongRecording) {
  start(through());
  while_recording([&] {
    std::mt19937_64 random(seed_);
    for (std::uint64_t cut = 0; cut < cuts_wanted(200); ++cut) {
      proxy_->cut_after(random() % 2 == 0 ? Direction::to_server : Direction::to_client, random() % 5'000);
      ASSERT_TRUE(soon([&] { return proxy_->cuts() > cut; })) << projector_->problem();
    }
    proxy_->cancel_cut();
  });
  expect_exactly_once(url_);
}

// The same batch for one book after another, cut one byte later each time.
TEST_F(Cuts, AtEveryByteOfABatch) {
  RandomDay day(seed_);
  Accepting accepting(directory_.journal());
  accepting.offer(RandomDay::definitions());
  for (int i = 0; i < 60; ++i) accepting.offer({day.next()});
  const std::vector<Event> events = ledger_test::events_of(directory_.journal());
  int books = 0;
  Batch batch;
  const auto next_batch = [&] {
    std::string number = std::to_string(1'000'000 + books++);
    Projection projection(number, Book{});
    std::uint64_t seq = 0;
    for (const Event& event : events) projection.add(event, Seq{++seq});
    projection.take(Epoch{1}, batch);
    return number;
  };
  auto store = open_for_writing(through());
  std::uint64_t size[2];
  {
    const std::string book = next_batch();
    expect_value(store->claim(book, Epoch{1}));
    const std::uint64_t before[2] = {proxy_->bytes(Direction::to_server), proxy_->bytes(Direction::to_client)};
    expect_value(store->apply(batch));
    for (const auto direction : {Direction::to_server, Direction::to_client}) {
      const auto i = static_cast<std::size_t>(direction);
      size[i] = proxy_->bytes(direction) - before[i];
    }
  }
  const auto oracle = ledger_test::memory_store();
  const auto expect_there = [&](const std::string& book) {
    expect_value(oracle->claim(book, Epoch{1}));
    expect_value(oracle->apply(batch));
    ASSERT_EQ(differences(*store, *oracle, book), "") << book;
    expect_value(oracle->reset(book, Epoch{1}));
  };
  std::uint64_t landed_before_the_cut = 0;
  for (const auto direction : {Direction::to_server, Direction::to_client}) {
    const std::uint64_t all = size[static_cast<std::size_t>(direction)];
    const std::uint64_t stride = all / std::min(all, cuts_wanted(300));
    // Another run cuts at other bytes.
    for (std::uint64_t byte = seed_ % stride; byte < all; byte += stride) {
      const std::string book = next_batch();
      expect_value(store->claim(book, Epoch{1}));
      proxy_->cut_after(direction, byte);
      const Result<Seq> applied = store->apply(batch);
      if (proxy_->cancel_cut()) {
        // Without the partitions that the first batch made it is shorter.
        expect_value(applied);
        break;
      }
      const Cursor cursor = expect_value(store->cursor(book));
      if (cursor.applied == batch.last) {
        // Only who was told nothing, or that it is in doubt, may find that it has landed.
        ++landed_before_the_cut;
        ASSERT_TRUE(applied.has_value() || applied.error().code == Errc::in_doubt) << byte << applied.error().message;
      } else {
        ASSERT_EQ(to_number(cursor.applied), 0u) << byte;
        ASSERT_FALSE(applied.has_value()) << byte;
        ASSERT_TRUE(applied.error().code == Errc::unavailable || applied.error().code == Errc::in_doubt)
            << byte << applied.error().message;
        expect_value(store->apply(batch));
      }
      if (books % 10 == 0) expect_there(book);
      ASSERT_FALSE(HasFailure());
    }
  }
  EXPECT_GT(landed_before_the_cut, 0u);
  // All books are alike.
  Session session(url_);
  EXPECT_EQ(session.ask(R"(
      SELECT count(DISTINCT (fills, events, orders, amount)) FROM ledger.books
      LEFT JOIN (SELECT book_id, count(*) AS fills FROM execution.fills GROUP BY 1) AS f USING (book_id)
      LEFT JOIN (SELECT book_id, count(*) AS events FROM execution.order_events GROUP BY 1) AS e USING (book_id)
      LEFT JOIN (SELECT book_id, count(*) AS orders FROM execution.orders GROUP BY 1) AS o USING (book_id)
      LEFT JOIN (SELECT book_id, sum(amount) AS amount FROM execution.balances GROUP BY 1) AS b USING (book_id))"),
            "1");
}

// The server cannot know that rows of a COPY are missing, when it was cut between two of them: whoever sent them does.
TEST_F(Cuts, BetweenTwoRowsOfACopy) {
  for (const Verdict how : {Verdict::drop_last_row, Verdict::drop, Verdict::cut}) {
    std::mt19937_64 random(seed_);
    int cut = 0;
    std::atomic<bool> enough{false};
    proxy_->set_policy([&](const WireMessage& message) {
      if (message.type != 'd' || message.direction != Direction::to_server || enough || random() % 2 == 0) {
        return Verdict::pass;
      }
      enough = ++cut >= 20;
      return how;
    });
    stop();
    record(5'000);
    start(through());
    while (!enough) {
      record(1'000);
      expect_landed();
      ASSERT_FALSE(HasFatalFailure());
    }
    expect_exactly_once(url_);
  }
}

}  // namespace
}  // namespace blotter::postgres_test
