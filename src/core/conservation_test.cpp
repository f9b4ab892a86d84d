// Conservation under thousands of random reports: balances are the sum of legs, positions the fold from nothing of the
// trades that still stand, cash = realised - cost.
#include "core/random_day_test.h"
#include "core/random_seed_test.h"

namespace blotter {
namespace {

TEST(Conservation, HoldsThroughoutARandomDay) {
  std::uint64_t seed = test_seed();
  for (int run = 0; run < 12; ++run) {
    RandomDay day(seed++);
    TestLedger ledger;
    ledger.offer_all(RandomDay::definitions());
    for (int i = 1; i <= 1200; ++i) {
      static_cast<void>(ledger.try_offer(day.next()));
      if (i % 200 == 0) prove_conservation(ledger);
      ASSERT_FALSE(testing::Test::HasFailure()) << "run " << run << " step " << i;
    }
    EXPECT_GT(ledger.book().counters().fills, 200u);
    EXPECT_GT(ledger.book().counters().busts, 5u);
    EXPECT_GT(ledger.all<PositionSplit>().size(), 3u);
  }
}

TEST(Conservation, TheSameDayToldAgainHasNoEffect) {
  RandomDay day(test_seed());
  std::vector<Report> said = RandomDay::definitions();
  for (int i = 0; i < 1500; ++i) said.push_back(day.next());
  TestLedger ledger;
  for (const Report& report : said) static_cast<void>(ledger.try_offer(report));
  // A conflict may have become one only later in the day, so the second telling may quarantine; money does not move.
  const auto money = [&] {
    std::map<std::string, std::string> amounts;
    ledger.book().for_each_balance([&](const Balance& b) {
      amounts[std::to_string(static_cast<std::uint32_t>(b.key.account)) + std::string(b.key.asset.text())] =
          to_text(b.amount);
    });
    return amounts;
  };
  const auto before = money();
  const auto fills = ledger.book().counters().fills;
  for (const Report& report : said) static_cast<void>(ledger.try_offer(report));
  EXPECT_EQ(money(), before);
  EXPECT_EQ(ledger.book().counters().fills, fills);
}

}  // namespace
}  // namespace blotter
