// Start-up is replay: a prefix, a snapshot of it and the rest give the state that the whole gives.
#include "core/random_day_test.h"
#include "core/random_seed_test.h"
#include "core/snapshot.h"

namespace blotter {
namespace {

TEST(Replay, APrefixAndTheRestGiveTheWholeAtEveryCutAlsoThroughASnapshot) {
  RandomDay day(test_seed());
  TestLedger ledger;
  ledger.offer_all(RandomDay::definitions());
  while (ledger.events().size() < 250) static_cast<void>(ledger.try_offer(day.next()));
  const std::vector<Event>& events = ledger.events();
  const std::string whole = canonical(ledger.state());
  State prefix;
  for (std::size_t cut = 0; cut <= events.size(); ++cut) {
    State restored;
    const auto decoded = decode_snapshot(encode_snapshot(prefix), restored);
    ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
    ASSERT_EQ(canonical(restored), canonical(prefix)) << "at " << cut;
    for (std::size_t i = cut; i < events.size(); ++i) evolve(restored, events[i], Seq{i + 1});
    ASSERT_EQ(canonical(restored), whole) << "cut at " << cut;
    if (cut < events.size()) evolve(prefix, events[cut], Seq{cut + 1});
  }
}

TEST(Replay, ARestartedLedgerDecidesAsTheOneThatNeverStopped) {
  std::uint64_t seed = test_seed();
  for (int run = 0; run < 5; ++run) {
    RandomDay day(seed++);
    TestLedger steady;
    TestLedger restarting;
    steady.offer_all(RandomDay::definitions());
    restarting.offer_all(RandomDay::definitions());
    for (int i = 1; i <= 600; ++i) {
      const Report report = day.next();
      const auto a = steady.try_offer(report);
      const auto b = restarting.try_offer(report);
      ASSERT_EQ(a.has_value(), b.has_value());
      if (a) {
        ASSERT_EQ(a->outcome, b->outcome);
      }
      if (i % 100 == 50) {
        State restored;
        ASSERT_TRUE(decode_snapshot(encode_snapshot(restarting.state()), restored).has_value());
        restarting.state() = std::move(restored);
      }
      if (i % 100 == 0) {
        const std::vector<Event> events = restarting.events();
        restarting.replay(events);
      }
    }
    ASSERT_EQ(canonical(steady.state()), canonical(restarting.state()));
  }
}

TEST(Replay, TheBookOfASnapshotIsReadWithoutItsIdentities) {
  TestLedger ledger;
  ledger.offer(order_line("C1", Side::buy, "10", "20", 1));
  ledger.offer(fill_line("E1", "C1", Side::buy, "4", "20", 2));
  Book book;
  ASSERT_TRUE(decode_snapshot(encode_snapshot(ledger.state()), book).has_value());
  EXPECT_EQ(book.seq(), ledger.book().seq());
  EXPECT_EQ(to_text(book.find_order(order_key("A", "C1"))->cum), "4");
}

TEST(Replay, ACutSnapshotIsRefused) {
  TestLedger ledger;
  ledger.offer(order_line("C1", Side::buy, "10", "20", 1));
  ledger.offer(status_line("C9", OrdStatus::canceled, 2));
  const auto bytes = encode_snapshot(ledger.state());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    State restored;
    ASSERT_FALSE(decode_snapshot({bytes.data(), size}, restored).has_value()) << size;
  }
}

}  // namespace
}  // namespace blotter
