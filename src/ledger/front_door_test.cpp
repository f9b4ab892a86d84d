// What the front door answers, and what is true when it has answered.
#include <map>

#include "core/book.h"
#include "ledger/front_door.h"
#include "ledger/ledger_fixture_test.h"
#include "ledger/recovery.h"

namespace blotter::ledger_test {
namespace {

struct FrontDoorTest : testing::Test {
  Directory directory;
  std::unique_ptr<Ledger> ledger = open_ledger(directory);

  void reopen() {
    ledger.reset();
    ledger = open_ledger(directory);
  }
  std::uint64_t appended() const { return to_number(ledger->watermarks().appended); }
  OrderRow row(const std::string& id) const {
    const auto found = ledger->order("A", id);
    EXPECT_TRUE(found.has_value()) << id;
    return found.value_or(OrderRow{});
  }
};

TEST_F(FrontDoorTest, AnswersCreatedThenExistsForTheSameRecord) {
  EXPECT_EQ(recorded(*ledger, order("C1")), Outcome::created);
  EXPECT_EQ(recorded(*ledger, fill("E1", "C1")), Outcome::created);
  const std::uint64_t before = appended();
  EXPECT_EQ(recorded(*ledger, order("C1")), Outcome::exists);
  EXPECT_EQ(recorded(*ledger, fill("E1", "C1")), Outcome::exists);
  EXPECT_EQ(appended(), before) << "a repetition is no event";
}

TEST_F(FrontDoorTest, AnswersConflictOnceAndKeepsBothContents) {
  recorded(*ledger, fill("E1", "C1", "4", "20"));
  const Receipt conflict = expect_value(ledger->record(fill("E1", "C1", "4", "21")));
  EXPECT_EQ(conflict.outcome, Outcome::conflict);
  EXPECT_FALSE(conflict.detail.empty());
  EXPECT_EQ(recorded(*ledger, fill("E1", "C1", "4", "21")), Outcome::exists) << "kept already";
  EXPECT_EQ(ledger->counters().conflicts, 1u);
  EXPECT_EQ(ledger->counters().fills, 1u);
}

TEST_F(FrontDoorTest, AnswersQuarantinedForWhatItCannotApplyYet) {
  const Receipt waiting = expect_value(ledger->record(status("C1", OrdStatus::canceled)));
  EXPECT_EQ(waiting.outcome, Outcome::quarantined);
  EXPECT_FALSE(waiting.detail.empty());
}

TEST_F(FrontDoorTest, RefusesTheInvalidWithoutATrace) {
  const auto refused = ledger->record(order("C1", "-1"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::invalid);
  EXPECT_EQ(appended(), 0u);
  EXPECT_FALSE(ledger->order("A", "C1").has_value());
}

TEST_F(FrontDoorTest, CommandsAreAcceptedRefusedAndRepeatedByTheirRules) {
  EXPECT_EQ(ledger->cancel(cancel("C1")).error().code, Errc::not_found);
  EXPECT_EQ(ledger->replace(replace("C1", "5")).error().code, Errc::not_found);
  EXPECT_EQ(expect_value(ledger->submit({order("C1")})).outcome, Outcome::created);
  EXPECT_EQ(expect_value(ledger->submit({order("C1")})).outcome, Outcome::exists);
  EXPECT_EQ(expect_value(ledger->submit({order("C1", "11")})).outcome, Outcome::conflict);
  EXPECT_EQ(row("C1").origin, OrderOrigin::intent);
  EXPECT_EQ(expect_value(ledger->replace(replace("C1", "5"))).outcome, Outcome::created);
  EXPECT_EQ(expect_value(ledger->cancel(cancel("C1"))).outcome, Outcome::created);
  EXPECT_EQ(expect_value(ledger->cancel(cancel("C1"))).outcome, Outcome::exists);
  recorded(*ledger, status("C1", OrdStatus::canceled, 9));
  EXPECT_EQ(ledger->cancel(cancel("C1", 10)).error().code, Errc::stale);
  EXPECT_EQ(ledger->replace(replace("C1", "6", 10)).error().code, Errc::stale);
}

// The copy is what the disk would hold if the process died right now.
TEST_F(FrontDoorTest, WhatABlockingCallAnsweredIsInACopyOfTheDirectoryTakenAtThatInstant) {
  const std::vector<std::function<void()>> steps = {
      [&] { recorded(*ledger, order("C1")); },
      [&] { expect_value(ledger->submit({order("C2")})); },
      [&] { expect_value(ledger->replace(replace("C2", "7"))); },
      [&] { expect_value(ledger->cancel(cancel("C2"))); },
      [&] { recorded(*ledger, fill("E1", "C1")); },
      [&] { recorded(*ledger, bust("E1")); },
  };
  for (std::size_t step = 0; step < steps.size(); ++step) {
    steps[step]();
    const std::string copy = directory / ("copy-" + std::to_string(step));
    std::filesystem::create_directory(copy);
    copy_directory(directory.journal(), copy + "/journal");
    const auto there = expect_value(Ledger::open(options_for(copy)));
    EXPECT_EQ(there->watermarks().durable, ledger->watermarks().appended) << "step " << step;
    EXPECT_EQ(there->counters().fills, ledger->counters().fills) << "step " << step;
    const auto here_row = ledger->order("A", "C2");
    const auto there_row = there->order("A", "C2");
    ASSERT_EQ(here_row.has_value(), there_row.has_value()) << "step " << step;
    if (here_row) {
      EXPECT_EQ(here_row->status, there_row->status) << "step " << step;
    }
  }
}

TEST_F(FrontDoorTest, ExistsWaitsUntilTheOriginalIsDurable) {
  const Receipt first = expect_value(ledger->offer(order("C1"), {}));
  const Receipt again = expect_value(ledger->record(order("C1")));
  EXPECT_EQ(again.outcome, Outcome::exists);
  EXPECT_GE(again.seq, first.seq);
  EXPECT_GE(ledger->watermarks().durable, first.seq);
}

TEST_F(FrontDoorTest, WhatAFeedCannotAttributeIsKeptOnce) {
  const auto keep = [&] { return expect_value(ledger->offer_unattributed("A", second(1), "no such order", "line 7")); };
  EXPECT_EQ(keep().outcome, Outcome::quarantined);
  const std::uint64_t before = appended();
  EXPECT_EQ(keep().outcome, Outcome::exists);
  EXPECT_EQ(appended(), before);
}

TEST_F(FrontDoorTest, WhatWaitedIsAppliedAsSoonAsItsSubjectIsKnown) {
  EXPECT_EQ(recorded(*ledger, bust("E1", 9)), Outcome::quarantined);
  EXPECT_EQ(recorded(*ledger, status("C1", OrdStatus::canceled, 8)), Outcome::quarantined);
  EXPECT_EQ(recorded(*ledger, fill("E1", "C1")), Outcome::created);
  EXPECT_EQ(ledger->counters().busts, 1u);
  EXPECT_EQ(row("C1").status, OrdStatus::canceled);
  EXPECT_EQ(ledger->positions().front().quantity, Decimal{});
}

// The journal up to each event in turn, as a crash at that moment would leave it. Opening finishes what was begun.
TEST_F(FrontDoorTest, ACrashBetweenAnEventAndWhatItWokeIsMadeUpForAtTheNextOpening) {
  recorded(*ledger, bust("E1", 9));
  recorded(*ledger, status("C1", OrdStatus::canceled, 8));
  const std::uint64_t before = appended();
  recorded(*ledger, fill("E1", "C1"));
  const std::uint64_t after = appended();
  ledger.reset();
  const auto reader = expect_value(journal::open_reader(directory.journal()));
  std::vector<std::string> records;
  while (const auto record = expect_value(reader->next())) records.push_back(journal::as_text(record->bytes));
  ASSERT_EQ(records.size(), after);
  for (std::uint64_t cut = before; cut <= after; ++cut) {
    Directory torn;
    {
      const journal::Options small{.segment_bytes = 1u << 20};
      expect_value(journal::create_journal(torn.journal(), "main", small));
      const auto cut_journal = expect_value(journal::open_journal(torn.journal(), small));
      for (std::uint64_t i = 0; i < cut; ++i) {
        expect_value(cut_journal->append(journal::as_record(records[i]), journal::Priority::fact));
      }
      expect_value(cut_journal->wait_durable(Seq{cut}));
    }
    const auto again = open_ledger(torn);
    recorded(*again, fill("E1", "C1"));
    EXPECT_EQ(again->counters().busts, 1u) << "cut after event " << cut;
    EXPECT_EQ(again->counters().fills, 1u) << "cut after event " << cut;
    EXPECT_EQ(again->order("A", "C1")->status, OrdStatus::canceled) << "cut after event " << cut;
    EXPECT_EQ(to_number(again->watermarks().appended), after) << "nothing twice; cut after event " << cut;
  }
}

TEST_F(FrontDoorTest, AllEventsOfOneDecisionLieInOneFrame) {
  // An order of a new account, a new instrument and a new strategy: four events.
  OrderReport first = order("C1");
  first.strategy = "S";
  recorded(*ledger, first);
  EXPECT_EQ(appended(), 4u);
  EXPECT_EQ(expect_value(journal::check_journal(directory.journal())).frames, 1u);
}

TEST_F(FrontDoorTest, OrdersDroppedLongAgoComeBackForLateFactsAlsoAfterReopening) {
  recorded(*ledger, order("C1"));
  recorded(*ledger, fill("E1", "C1"));
  recorded(*ledger, status("C1", OrdStatus::canceled));
  recorded(*ledger, order("C2"));
  recorded(*ledger, fill("E2", "C2"));
  recorded(*ledger, status("C2", OrdStatus::canceled));
  for (std::size_t i = 0; i < Book::kClosedOrdersKept + 2; ++i) {
    const std::string id = "N" + std::to_string(i);
    expect_value(ledger->offer(order(id, "10", 5), {}));
    expect_value(ledger->offer(status(id, OrdStatus::canceled, 6), {}));
  }
  EXPECT_FALSE(ledger->order("A", "C1").has_value()) << "dropped";
  EXPECT_EQ(recorded(*ledger, fill("E9", "C1", "5", "20", 50)), Outcome::created);
  EXPECT_EQ(row("C1").filled_quantity, qty("9"));
  reopen();
  EXPECT_FALSE(ledger->order("A", "C2").has_value()) << "dropped still";
  EXPECT_EQ(row("C1").filled_quantity, qty("9"));
  EXPECT_EQ(recorded(*ledger, bust("E2", 60)), Outcome::created);
  EXPECT_EQ(row("C2").filled_quantity, Quantity{});
  EXPECT_EQ(recorded(*ledger, status("C2", OrdStatus::expired, 61)), Outcome::created);
  EXPECT_EQ(expect_value(ledger->submit({order("C2")})).outcome, Outcome::exists);
  EXPECT_EQ(ledger->cancel(cancel("N0", 70)).error().code, Errc::stale);
}

}  // namespace
}  // namespace blotter::ledger_test
