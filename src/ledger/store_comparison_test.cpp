// What verify says of the audit trail, and of rows that the store refused.
#include "ledger/store_comparison.h"

#include "ledger/accepting_test.h"

namespace blotter::ledger_test {
namespace {

AuditReport audit(std::string id, std::int64_t at = 1) {
  AuditReport report;
  report.at = second(at);
  report.component = "gate";
  report.action = "refused";
  report.id = std::move(id);
  return report;
}

// A journal, and a store that holds what the test lets it hold.
struct StoreComparisonTest : testing::Test {
  Directory directory;
  std::unique_ptr<Store> store = memory_store();

  // Projects the journal's events in one batch, which `change` may spoil.
  template <class Change>
  void land(const std::vector<Report>& reports, Change&& change) {
    { Accepting(directory.journal()).offer(reports); }
    expect_value(store->claim("main", Epoch{1}));
    Projection projection("main", Book{});
    Batch batch;
    std::uint64_t seq = 0;
    for (const Event& event : events_of(directory.journal())) projection.add(event, Seq{++seq});
    projection.take(Epoch{1}, batch);
    change(batch);
    expect_value(store->apply_setting_aside(batch));
  }
  // The findings that name this table.
  std::vector<std::string> findings(const std::string& table) {
    std::vector<std::string> found;
    for (const Finding& finding : expect_value(verify(directory.journal(), "main", store.get(), {})).findings) {
      if (finding.detail.rfind(table + ": ", 0) == 0) found.push_back(finding.detail);
    }
    return found;
  }
};

TEST_F(StoreComparisonTest, TheAuditTrailIsComparedRowByRow) {
  land({audit("a"), audit("b"), audit("c"), cash("P1", "5")}, [](Batch& batch) {
    batch.audit_log[0].severity = AuditSeverity::critical;
    batch.audit_log.erase(batch.audit_log.begin() + 1);
    batch.audit_log[1].details = "{\"edited\":true}";
    batch.audit_log.push_back(batch.audit_log[1]);
    batch.audit_log.back().seq = 4;
    batch.audit_log.push_back(batch.audit_log[1]);
    batch.audit_log.back().seq = 99;
  });
  EXPECT_THAT(findings("audit_log"),
              testing::ElementsAre("audit_log: event 1: severity is 'critical', the journal says 'info'",
                                   "audit_log: the row of event 2 is missing",
                                   "audit_log: event 3: details is '{\"edited\":true}', the journal says '{}'",
                                   "audit_log: event 4 has a row that the journal does not explain",
                                   "audit_log: a row of event 99 lies beyond the store's cursor 5"));
}

TEST_F(StoreComparisonTest, ARefusedRowIsSaidToBeRefusedAndNotMissing) {
  AuditReport entry = audit("b", 2);
  entry.session_id = "\xff";  // the journal takes any bytes, no database does
  land({audit("a"), entry, audit("c")}, [](Batch&) {});
  EXPECT_THAT(findings("audit_log"),
              testing::ElementsAre("audit_log: the row of event 2 was refused by the store: session_id is not UTF-8"));
}

TEST_F(StoreComparisonTest, ARefusedRowOfAMutableTableTooAndItsChangesAreNotNamedAgain) {
  AccountReport account;
  account.account = "B";
  account.at = second(0);
  account.base_currency = Asset::of("USD");
  account.broker = "\xff";
  FillReport odd = fill("\xff", "C1");
  land({account, order("C1"), odd, bust("\xff")}, [](Batch&) {});
  const auto accounts = findings("accounts");
  ASSERT_EQ(accounts.size(), 1u);
  EXPECT_THAT(accounts[0], testing::HasSubstr("was refused by the store: broker is not UTF-8"));
  EXPECT_THAT(findings("fills"), testing::ElementsAre(testing::HasSubstr("was refused by the store: exec_id is not")));
}

}  // namespace
}  // namespace blotter::ledger_test
