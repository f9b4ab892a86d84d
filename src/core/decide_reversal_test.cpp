// Busts, corrections and late fees: the position is what it would be, had the original never been.
#include "core/test_ledger_test.h"

namespace blotter {
namespace {

constexpr Side kBuy = Side::buy;
constexpr Side kSell = Side::sell;

struct DecideReversal : testing::Test {
  TestLedger ledger;
  void buy(std::string exec_id, std::string_view quantity, std::string_view at_price, std::int64_t at) {
    ledger.offer(fill_line(std::move(exec_id), "C1", kBuy, quantity, at_price, at));
  }
  void sell(std::string exec_id, std::string_view quantity, std::string_view at_price, std::int64_t at) {
    ledger.offer(fill_line(std::move(exec_id), "C2", kSell, quantity, at_price, at));
  }
  std::string held() const { return ledger.held("SYM"); }
  void TearDown() override { prove_conservation(ledger); }
};

TEST_F(DecideReversal, ABustTakesTheTradeOutOfTheMiddle) {
  buy("E1", "10", "100", 1);
  buy("E2", "10", "200", 2);
  sell("E3", "10", "180", 3);
  EXPECT_EQ(held(), "10 1500 300");
  EXPECT_EQ(ledger.offer(bust_line("E2", 4)), Outcome::created);
  EXPECT_EQ(held(), "0 0 800");
  EXPECT_EQ(to_text(ledger.balance("USD")), "800");
}

TEST_F(DecideReversal, ABustTwiceHasOneEffect) {
  buy("E1", "10", "100", 1);
  ledger.offer(bust_line("E1", 4));
  EXPECT_EQ(ledger.offer(bust_line("E1", 4)), Outcome::exists);
  EXPECT_EQ(ledger.offer(bust_line("E1", 5)), Outcome::exists);
  EXPECT_EQ(ledger.offer(bust_line("E1", 90'000)), Outcome::exists) << "told again the next day";
  BustReport worded = bust_line("E1", 4);
  worded.symbol = "SYM";
  EXPECT_EQ(ledger.offer(worded), Outcome::exists);
  EXPECT_EQ(held(), "0 0 0");
  EXPECT_EQ(ledger.book().counters().busts, 1u);
}

TEST_F(DecideReversal, ABustBeforeItsFillWaitsForIt) {
  EXPECT_EQ(ledger.offer(bust_line("E1", 4)), Outcome::quarantined);
  EXPECT_EQ(ledger.offer(bust_line("E1", 4), "spelled otherwise"), Outcome::exists);
  buy("E1", "10", "100", 1);
  EXPECT_EQ(held(), "0 0 0");
  EXPECT_TRUE(ledger.book().awaited().empty());
}

TEST_F(DecideReversal, ACorrectionReplacesTheTrade_NotADelta) {
  buy("E1.01", "10", "100", 1);
  EXPECT_EQ(ledger.offer(correct_line("E1.01", "E1.02", "8", "101", 2)), Outcome::created);
  EXPECT_EQ(held(), "8 808 0");
  EXPECT_EQ(ledger.offer(correct_line("E1.01", "E1.02", "8", "101", 2)), Outcome::exists);
  EXPECT_EQ(ledger.offer(correct_line("E1.01", "E1.02", "7", "101", 2)), Outcome::conflict);
  EXPECT_EQ(held(), "8 808 0");
}

TEST_F(DecideReversal, CorrectionsOfCorrectionsFollowTheChain) {
  buy("E1", "10", "100", 1);
  ledger.offer(correct_line("E1", "E2", "8", "101", 2));
  ledger.offer(correct_line("E2", "E3", "9", "99", 3));
  EXPECT_EQ(held(), "9 891 0");
  CorrectReport fee_only;
  fee_only.account = "A";
  fee_only.at = second(4);
  fee_only.exec_id = "E3";
  fee_only.new_exec_id = "E4";
  fee_only.fee = dec("1");
  ledger.offer(fee_only);
  EXPECT_EQ(held(), "9 891 0");
  EXPECT_EQ(to_text(ledger.balance("USD")), "-892");
}

TEST_F(DecideReversal, ACorrectedExecutionIsBustedByItsOldAndByItsNewId) {
  for (const char* id : {"E1", "E2"}) {
    TestLedger fresh;
    fresh.offer(with_fee(fill_line("E1", "C1", kBuy, "10", "100", 1), "2", "USD"));
    fresh.offer(correct_line("E1", "E2", "8", "101", 2));
    EXPECT_EQ(to_text(fresh.balance("USD")), "-810");
    EXPECT_EQ(fresh.offer(bust_line(id, 3)), Outcome::created);
    EXPECT_EQ(fresh.held("SYM"), "0 0 0") << id;
    EXPECT_EQ(to_text(fresh.balance("USD")), "0") << id;
    EXPECT_EQ(fresh.offer(bust_line(id[1] == '1' ? "E2" : "E1", 3)), Outcome::exists);
    prove_conservation(fresh);
  }
}

TEST_F(DecideReversal, AnExecutionMayBeCorrectedBackToItsFirstId) {
  buy("E1", "10", "100", 1);
  ledger.offer(correct_line("E1", "E2", "8", "101", 2));
  EXPECT_EQ(ledger.offer(correct_line("E2", "E1", "10", "100", 3)), Outcome::created);
  EXPECT_EQ(held(), "10 1000 0");
  EXPECT_EQ(ledger.offer(bust_line("E1", 4)), Outcome::created);
  EXPECT_EQ(held(), "0 0 0");
}

TEST_F(DecideReversal, CorrectionsAndBustsOfTheNewIdWaitInAnyOrder) {
  EXPECT_EQ(ledger.offer(bust_line("E3", 5)), Outcome::quarantined);
  EXPECT_EQ(ledger.offer(correct_line("E2", "E3", "9", "99", 3)), Outcome::quarantined);
  EXPECT_EQ(ledger.offer(correct_line("E1", "E2", "8", "101", 2)), Outcome::quarantined);
  buy("E1", "10", "100", 1);
  EXPECT_EQ(held(), "0 0 0");
  EXPECT_TRUE(ledger.book().awaited().empty());
}

TEST_F(DecideReversal, TheCorrectedTradeReportedAsAFillOfItsOwnIsNotBookedTwice) {
  buy("E1", "10", "100", 1);
  ledger.offer(correct_line("E1", "E2", "8", "101", 2));
  EXPECT_EQ(ledger.offer(fill_line("E2", "C1", kBuy, "8", "101", 2)), Outcome::exists);
  EXPECT_EQ(ledger.offer(fill_line("E2", "C1", kBuy, "8", "102", 2)), Outcome::conflict);
  EXPECT_EQ(held(), "8 808 0");
  EXPECT_EQ(ledger.offer(fill_line("E2", "C9", kSell, "1", "102", 2)), Outcome::created) << "the other side of it";
}

TEST_F(DecideReversal, ACorrectionToATradeThatIsBookedAlreadyTakesTheOldOneAway) {
  buy("E1", "10", "100", 1);
  buy("E2", "8", "101", 2);
  EXPECT_EQ(held(), "18 1808 0");
  EXPECT_EQ(ledger.offer(correct_line("E1", "E2", "9", "101", 2)), Outcome::quarantined);
  EXPECT_EQ(held(), "18 1808 0");
  EXPECT_EQ(ledger.offer(correct_line("E1", "E2", "8", "101", 2)), Outcome::created);
  EXPECT_EQ(held(), "8 808 0");
  EXPECT_EQ(ledger.offer(bust_line("E2", 3)), Outcome::created);
  EXPECT_EQ(held(), "0 0 0");
}

TEST_F(DecideReversal, ACorrectionOfABustedTradeIsKeptForAPerson) {
  buy("E1", "10", "100", 1);
  ledger.offer(bust_line("E1", 2));
  EXPECT_EQ(ledger.offer(correct_line("E1", "E2", "8", "101", 3)), Outcome::quarantined);
  EXPECT_EQ(ledger.last<Quarantined>().reason, QuarantineReason::contradiction);
  EXPECT_EQ(held(), "0 0 0");
}

TEST_F(DecideReversal, AnAmbiguousIdMustSayWhichOneItMeans) {
  ledger.offer(fill_line("1", "C1", kBuy, "4", "20", 3, "AAA"));
  ledger.offer(fill_line("1", "C2", kBuy, "5", "20", 3, "BBB"));
  EXPECT_EQ(ledger.offer(bust_line("1", 4)), Outcome::quarantined);
  EXPECT_EQ(ledger.last<Quarantined>().reason, QuarantineReason::ambiguous);
  BustReport exact = bust_line("1", 4);
  exact.symbol = "BBB";
  EXPECT_EQ(ledger.offer(exact), Outcome::created);
  EXPECT_EQ(ledger.held("AAA"), "4 80 0");
  EXPECT_EQ(ledger.held("BBB"), "0 0 0");
}

TEST_F(DecideReversal, SelfTradeBothLegsShareTheId_TheSideTellsThemApart) {
  buy("T7", "4", "20", 3);
  sell("T7", "4", "20", 3);
  BustReport sold = bust_line("T7", 4);
  sold.side = kSell;
  EXPECT_EQ(ledger.offer(sold), Outcome::created);
  EXPECT_EQ(held(), "4 80 0");
  sold.side = kBuy;
  EXPECT_EQ(ledger.offer(sold), Outcome::created);
  EXPECT_EQ(held(), "0 0 0");
}

TEST_F(DecideReversal, AnIdThatIsReusedTheNextDayIsBustedOnEachDay) {
  buy("E1", "10", "100", 1);
  ledger.offer(bust_line("E1", 2));
  buy("E1", "7", "100", 86'401);
  EXPECT_EQ(held(), "7 700 0");
  EXPECT_EQ(ledger.offer(bust_line("E1", 2)), Outcome::exists) << "yesterday's bust says nothing of today's trade";
  EXPECT_EQ(held(), "7 700 0");
  EXPECT_EQ(ledger.offer(bust_line("E1", 86'402)), Outcome::created);
  EXPECT_EQ(held(), "0 0 0");
}

TEST_F(DecideReversal, ABustNamesTheLatestTradeUntilThen) {
  buy("E1", "10", "100", 1);
  buy("E1", "7", "100", 86'401);
  EXPECT_EQ(ledger.offer(bust_line("E1", 3)), Outcome::created);
  EXPECT_EQ(held(), "7 700 0");
}

TEST_F(DecideReversal, LateFeesInAnyAssetReferToTheirExecution) {
  ledger.offer(instrument_line("SYM", AssetClass::crypto, "BTC", "USD"));
  buy("E1", "2", "100", 1);
  EXPECT_EQ(ledger.offer(fee_line("E1", "F1", "0.5", "USD", 2)), Outcome::created);
  EXPECT_EQ(ledger.offer(fee_line("E1", "F2", "0.1", "BNB", 2)), Outcome::created);
  EXPECT_EQ(ledger.offer(fee_line("E1", "F3", "0.5", "BTC", 2)), Outcome::created);
  EXPECT_EQ(held(), "1.5 150 -50");
  EXPECT_EQ(to_text(ledger.balance("USD")), "-200.5");
  EXPECT_EQ(to_text(ledger.balance("BNB")), "-0.1");
  EXPECT_EQ(to_text(ledger.balance("BTC")), "1.5");
  EXPECT_EQ(ledger.offer(fee_line("E1", "F1", "0.5", "USD", 9)), Outcome::exists);
  EXPECT_EQ(ledger.offer(fee_line("E1", "F1", "0.6", "USD", 2)), Outcome::conflict);
  EXPECT_NE(ledger.last<Quarantined>().existing.find("\"fee_id\":\"F1\""), std::string::npos);
}

TEST_F(DecideReversal, AFeeThatNamesItsExecutionMoreFullyIsTheSameFee) {
  buy("E1", "2", "100", 1);
  ledger.offer(fee_line("E1", "F1", "0.5", "USD", 2));
  FeeReport fuller = fee_line("E1", "F1", "0.5", "USD", 2);
  fuller.symbol = "SYM";
  fuller.venue = "X";
  fuller.side = kBuy;
  EXPECT_EQ(ledger.offer(fuller), Outcome::exists);
  EXPECT_EQ(to_text(ledger.balance("USD")), "-200.5");
}

TEST_F(DecideReversal, TheTwoSidesOfASelfTradePayTheirOwnFees) {
  buy("T7", "4", "20", 3);
  sell("T7", "4", "20", 3);
  FeeReport fee = fee_line("T7", "F1", "0.5", "USD", 4);
  EXPECT_EQ(ledger.offer(fee), Outcome::quarantined);
  fee.side = kBuy;
  EXPECT_EQ(ledger.offer(fee), Outcome::created);
  fee.side = kSell;
  EXPECT_EQ(ledger.offer(fee), Outcome::created);
  EXPECT_EQ(ledger.offer(fee), Outcome::exists);
  EXPECT_EQ(to_text(ledger.balance("USD")), "-1");
}

TEST_F(DecideReversal, AFeeBeforeItsFillWaitsForIt) {
  EXPECT_EQ(ledger.offer(fee_line("E1", "F1", "0.5", "USD", 2)), Outcome::quarantined);
  EXPECT_EQ(to_text(ledger.balance("USD")), "0");
  buy("E1", "2", "100", 1);
  EXPECT_EQ(to_text(ledger.balance("USD")), "-200.5");
  EXPECT_EQ(ledger.offer(fee_line("E1", "F1", "0.5", "USD", 2)), Outcome::exists);
}

TEST_F(DecideReversal, ABustOfATradeFromBeforeTheSplitRestatesTheLots) {
  for (const AccountingMethod method :
       {AccountingMethod::average, AccountingMethod::fifo, AccountingMethod::lifo, AccountingMethod::hifo}) {
    TestLedger fresh;
    fresh.offer(account_line(method));
    fresh.offer(fill_line("E1", "C1", kBuy, "10", "100", 1));
    fresh.offer(fill_line("E2", "C1", kBuy, "10", "200", 2));
    fresh.offer(split_line("SYM", "4", "1", 3));
    EXPECT_EQ(fresh.held("SYM"), "80 3000 0");
    fresh.offer(fill_line("E3", "C2", kSell, "20", "60", 4));
    fresh.offer(bust_line("E2", 5));
    EXPECT_EQ(fresh.held("SYM"), "20 500 700") << name_of(method);
    prove_conservation(fresh);
  }
}

TEST_F(DecideReversal, ASplitWhileFlatCountsWhenABustReopensThePosition) {
  buy("E1", "10", "100", 1);
  sell("E2", "10", "110", 2);
  ledger.offer(split_line("SYM", "4", "1", 3));
  ledger.offer(bust_line("E2", 4));
  EXPECT_EQ(held(), "40 1000 0");
}

}  // namespace
}  // namespace blotter
