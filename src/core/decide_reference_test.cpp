// Accounts, instruments, cash, marks, splits and the audit trail.
#include "core/snapshot.h"
#include "core/test_ledger_test.h"

namespace blotter {
namespace {

constexpr Side kBuy = Side::buy;

struct DecideReference : testing::Test {
  TestLedger ledger;
  void TearDown() override { prove_conservation(ledger); }
};

TEST_F(DecideReference, AnInstrumentLineFillsInWhatFirstSightGuessed) {
  ledger.offer(order_line("C1", kBuy, "10", "20", 1));
  InstrumentReport stated = instrument_line("SYM", AssetClass::future, "", "EUR");
  stated.multiplier = dec("5");
  EXPECT_EQ(ledger.offer(stated), Outcome::created);
  EXPECT_EQ(ledger.offer(stated), Outcome::exists);
  ledger.offer(fill_line("E1", "C1", kBuy, "2", "20", 2));
  EXPECT_EQ(ledger.held("SYM"), "2 200 0");
  stated.multiplier = dec("6");
  EXPECT_EQ(ledger.offer(stated), Outcome::conflict);
  EXPECT_EQ(to_text(ledger.book().find_instrument("SYM", "X")->multiplier), "5");
}

TEST_F(DecideReference, ADefinitionAfterTheFirstFillMustBeTheSame) {
  ledger.offer(fill_line("E1", "C1", kBuy, "2", "20", 2));
  InstrumentReport stated = instrument_line("SYM", AssetClass::future, "", "USD");
  EXPECT_EQ(ledger.offer(stated), Outcome::conflict);
  stated.asset_class = AssetClass::other;
  EXPECT_EQ(ledger.offer(stated), Outcome::created) << "it says what was assumed";
  EXPECT_EQ(ledger.offer(stated), Outcome::exists);
}

TEST_F(DecideReference, AnAccountsMethodIsFixedByItsFirstFill) {
  EXPECT_EQ(ledger.offer(account_line(AccountingMethod::fifo)), Outcome::created);
  EXPECT_EQ(ledger.offer(account_line(AccountingMethod::fifo)), Outcome::exists);
  EXPECT_EQ(ledger.offer(account_line(AccountingMethod::lifo)), Outcome::conflict);
  FillReport other = fill_line("E1", "C1", kBuy, "2", "20", 2);
  other.account = "B";
  ledger.offer(other);
  EXPECT_EQ(ledger.offer(account_line(AccountingMethod::hifo, "B")), Outcome::conflict);
  EXPECT_EQ(ledger.offer(account_line(AccountingMethod::average, "B")), Outcome::created);
  EXPECT_EQ(ledger.book().find_account("A")->method, AccountingMethod::fifo);
}

TEST_F(DecideReference, FundingIsNeverOverwrittenOrCountedTwice) {
  EXPECT_EQ(ledger.offer(cash_line("1", CashKind::funding, "USDT", "-0.25", 1)), Outcome::created);
  EXPECT_FALSE(ledger.try_offer(cash_line("1", CashKind::funding, "USDT", "0", 2)).has_value()) << "zero says nothing";
  EXPECT_EQ(ledger.offer(cash_line("1", CashKind::funding, "USDT", "-0.25", 9)), Outcome::exists);
  EXPECT_EQ(to_text(ledger.balance("USDT")), "-0.25");
}

TEST_F(DecideReference, CashOfEveryKindMovesItsBalanceOnce) {
  const std::pair<CashKind, const char*> movements[] = {
      {CashKind::deposit, "100"},   {CashKind::withdrawal, "-30"}, {CashKind::fee, "-1"},
      {CashKind::funding, "-0.25"}, {CashKind::dividend, "2"},     {CashKind::interest, "0.5"},
      {CashKind::transfer, "-10"},  {CashKind::adjustment, "1"},   {CashKind::realized_pnl, "0.75"}};
  for (int round = 0; round < 2; ++round) {
    for (const auto& [kind, amount] : movements) {
      EXPECT_EQ(ledger.offer(cash_line("1", kind, "USD", amount, 1)), round == 0 ? Outcome::created : Outcome::exists);
    }
  }
  EXPECT_EQ(to_text(ledger.balance("USD")), "63");
  EXPECT_EQ(ledger.offer(cash_line("1", CashKind::funding, "USD", "-0.3", 1)), Outcome::conflict);
  EXPECT_EQ(to_text(ledger.balance("USD")), "63");
}

TEST_F(DecideReference, OnlyNewMarksCount) {
  EXPECT_EQ(ledger.offer(mark_line("SYM", "20", 5)), Outcome::created);
  EXPECT_EQ(ledger.offer(mark_line("SYM", "19", 4)), Outcome::exists) << "older";
  EXPECT_EQ(ledger.offer(mark_line("SYM", "20", 5)), Outcome::exists);
  EXPECT_EQ(ledger.offer(mark_line("SYM", "21", 5)), Outcome::created) << "a later one of the same instant";
  EXPECT_EQ(ledger.offer(mark_line("SYM", "20", 5)), Outcome::exists);
  EXPECT_EQ(ledger.offer(mark_line("SYM", "20", 6)), Outcome::created);
  EXPECT_EQ(ledger.book().find_instrument("SYM", "X")->mark, price("20"));
}

TEST_F(DecideReference, AMarkBeyondReasonDoesNotStopTheFillsAfterIt) {
  ledger.offer(mark_line("SYM", "150000000000000000000", 1));
  EXPECT_EQ(ledger.offer(fill_line("E1", "C1", kBuy, "1000", "20", 2)), Outcome::created);
}

TEST_F(DecideReference, ASplitScalesPositionsMarksAndCoins) {
  ledger.offer(instrument_line("SYM", AssetClass::crypto, "OLD", "USD"));
  ledger.offer(mark_line("SYM", "40", 1));
  ledger.offer(fill_line("E1", "C1", kBuy, "3", "40", 2));
  EXPECT_EQ(ledger.offer(split_line("SYM", "4", "1", 3)), Outcome::created);
  EXPECT_EQ(ledger.offer(split_line("SYM", "4", "1", 3)), Outcome::exists);
  EXPECT_EQ(ledger.offer(split_line("SYM", "5", "1", 3)), Outcome::conflict);
  EXPECT_EQ(ledger.held("SYM"), "12 120 0");
  EXPECT_EQ(ledger.book().find_instrument("SYM", "X")->mark, price("10"));
  EXPECT_EQ(to_text(ledger.balance("OLD")), "12") << "the account holds as many coins as its positions";
  EXPECT_EQ(ledger.offer(mark_line("SYM", "40", 1)), Outcome::exists) << "the mark of before the split stays known";
}

TEST_F(DecideReference, ASplitThatWouldLeaveNothingIsInvalid) {
  ledger.offer(fill_line("E1", "C1", kBuy, "3", "40", 2));
  EXPECT_FALSE(ledger.try_offer(split_line("SYM", "0.000000000000000001", "100", 3)).has_value());
  ledger.offer(mark_line("SYM", "100", 4));
  EXPECT_FALSE(ledger.try_offer(split_line("SYM", "0.000000000000000001", "1", 5)).has_value()) << "the mark overflows";
  EXPECT_EQ(ledger.held("SYM"), "3 120 0");
}

TEST_F(DecideReference, AnAuditEntryIsKeptOnceUnderItsId) {
  AuditReport entry = audit_line("gate", "refused", "a-1", 1);
  entry.details = R"({"limit":"max_notional"})";
  EXPECT_EQ(ledger.offer(entry), Outcome::created);
  entry.at = second(9);
  EXPECT_EQ(ledger.offer(entry), Outcome::exists) << "said again later";
  entry.details = R"( { "limit" : "max_notional" } )";
  EXPECT_EQ(ledger.offer(entry), Outcome::exists) << "with other blanks";
  entry.component = "engine";
  EXPECT_EQ(ledger.offer(entry), Outcome::created) << "an id is the component's own";
  const auto kept = ledger.all<AuditRecorded>();
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].times.at, second(1));
  EXPECT_EQ(kept[0].details, R"({"limit":"max_notional"})");
  EXPECT_EQ(kept[1].details, R"({"limit":"max_notional"})") << "without its blanks";
}

TEST_F(DecideReference, AnAuditEntryThatContradictsItsIdIsKeptInQuarantine) {
  const AuditReport entry = audit_line("gate", "refused", "a-1", 1);
  ledger.offer(entry);
  AuditReport other = entry;
  other.severity = AuditSeverity::error;
  EXPECT_EQ(ledger.offer(other), Outcome::conflict);
  other.at = second(5);
  EXPECT_EQ(ledger.offer(other), Outcome::exists) << "the contradiction is kept once";
  const auto quarantined = ledger.last<Quarantined>();
  EXPECT_EQ(quarantined.reason, QuarantineReason::conflict);
  EXPECT_EQ(quarantined.account, "");
  EXPECT_EQ(quarantined.claims, "audit gate a-1");
  EXPECT_NE(quarantined.existing.find(R"("type":"audit_recorded")"), std::string::npos) << quarantined.existing;
  EXPECT_NE(quarantined.content.find(R"("severity":"error")"), std::string::npos) << quarantined.content;
  EXPECT_EQ(ledger.all<AuditRecorded>().size(), 1u);
}

TEST_F(DecideReference, EveryPartOfAnAuditEntryWithoutAnIdTellsItApart) {
  const AuditReport entry = audit_line("gate", "refused", "", 1);
  std::vector<AuditReport> others(7, entry);
  others[1].at = second(2);
  others[2].action = "passed";
  others[3].details = "{\"n\":1}";
  others[4].user_id = "ann";
  others[5].session_id = "ann";
  others[6].severity = AuditSeverity::error;
  for (const AuditReport& other : others) EXPECT_EQ(ledger.offer(other), Outcome::created);
  for (const AuditReport& other : others) EXPECT_EQ(ledger.offer(other), Outcome::exists);
  AuditReport empty = entry;
  empty.details = "{}";
  EXPECT_EQ(ledger.offer(empty), Outcome::exists) << "no details and empty ones are the same";
}

TEST_F(DecideReference, AnAuditEntryIsRefusedForNothingButItsForm) {
  const auto refused = [&](auto change) {
    AuditReport entry = audit_line("gate", "refused", "a-1", 1);
    change(entry);
    const auto answer = ledger.try_offer(entry);
    return answer ? std::string("taken") : answer.error().message;
  };
  EXPECT_EQ(refused([](AuditReport&) {}), "taken");
  EXPECT_EQ(refused([](AuditReport& r) { r.component.clear(); }), "component: must not be empty");
  EXPECT_EQ(refused([](AuditReport& r) { r.action.clear(); }), "action: must not be empty");
  EXPECT_EQ(refused([](AuditReport& r) { r.user_id.assign(257, 'u'); }), "user: longer than 256 bytes");
  EXPECT_EQ(refused([](AuditReport& r) { r.session_id = "a\nb"; }), "session: holds a control character");
  EXPECT_EQ(refused([](AuditReport& r) { r.id.assign(1, '\0'); }), "id: holds a control character");
  EXPECT_EQ(refused([](AuditReport& r) { r.details = "[1]"; }),
            "details: must be a JSON object: expected '{' at byte 1");
  for (const char* details : {"x", "{", "{}x", "{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}",
                              "{\"a\":01}", " ", "{\"a\":1}{}"}) {
    EXPECT_NE(refused([&](AuditReport& r) { r.details = details; }), "taken") << details;
  }
  EXPECT_NE(refused([](AuditReport& r) { r.details = "{\"a\":\"" + std::string(5'000, 'x') + "\"}"; }), "taken");
  EXPECT_NE(refused([](AuditReport& r) { r.details = std::string("{}\0", 3); }), "taken");
  EXPECT_EQ(ledger.events().size(), 1u);
}

TEST_F(DecideReference, TheAuditTrailChangesNothingOfTheBook) {
  ledger.offer(fill_line("E1", "C1", kBuy, "2", "20", 2));
  const std::string held = ledger.held("SYM");
  const std::size_t size = encode_snapshot(ledger.state()).size();
  AuditReport entry = audit_line("gate", "refused", "a-1", 1);
  entry.details = "{\"text\":\"" + std::string(4'000, 'x') + "\"}";
  EXPECT_EQ(ledger.offer(entry), Outcome::created);
  EXPECT_EQ(ledger.held("SYM"), held);
  EXPECT_EQ(encode_snapshot(ledger.state()).size(), size + sizeof(Identities::Entry));
}

}  // namespace
}  // namespace blotter
