// Batches that follow each other without a gap, of a size that fits the backlog.
#include "ledger/batcher.h"

#include <fstream>

#include "ledger/accepting_test.h"

namespace blotter::ledger_test {
namespace {

constexpr int kPatienceMs = 20'000;

struct BatcherTest : testing::Test {
  Directory directory;
  Accepting accepting{directory.journal()};

  std::unique_ptr<Batcher> start() { return std::make_unique<Batcher>(accepting.journal(), reader(), "main", Book{}); }
  std::unique_ptr<journal::Reader> reader() {
    return expect_value(journal::open_reader(directory.journal(), &accepting.journal()));
  }
  static std::uint64_t events_in(const Batch& batch) { return to_number(batch.last) - to_number(batch.first) + 1; }
};

TEST_F(BatcherTest, MakesBatchesThatFollowEachOtherAndHoldEveryRow) {
  accepting.offer(simulated(5'000, 81));
  const auto batcher = start();
  const auto store = memory_store();
  expect_value(store->claim("main", accepting.journal().epoch()));
  Batch batch;
  for (std::uint64_t last = 0; last < accepting.last(); last = to_number(batch.last)) {
    ASSERT_TRUE(expect_value(batcher->next(batch, kPatienceMs)));
    ASSERT_EQ(to_number(batch.first), last + 1);
    EXPECT_EQ(batch.epoch, accepting.journal().epoch());
    EXPECT_EQ(batch.last_hash, hash_of(expect_value(reader()->at(batch.last))));
    expect_value(store->apply(batch));
  }
  const auto expected = projected(events_of(directory.journal()), 10'000);
  EXPECT_EQ(difference(tables(*expected, {"epoch"}), tables(*store, {"epoch"})), "");
}

TEST_F(BatcherTest, BatchesBeginSmallAndGrowWithTheBacklogUpToALimit) {
  std::vector<Report> reports;
  for (int i = 0; i < 55'000; ++i) reports.emplace_back(cash(std::to_string(i), "1"));
  accepting.offer(reports);
  const auto batcher = start();
  std::vector<std::uint64_t> sizes;
  Batch batch;
  do {
    ASSERT_TRUE(expect_value(batcher->next(batch, kPatienceMs)));
    sizes.push_back(events_in(batch));
  } while (to_number(batch.last) < accepting.last());
  sizes.pop_back();  // what was left
  EXPECT_THAT(sizes, testing::ElementsAre(1'000, 2'000, 4'000, 8'000, 16'000, 20'000));
}

TEST_F(BatcherTest, GivesOneEventAloneWhenThereIsNoMore) {
  const auto batcher = start();
  Batch batch;
  accepting.offer({cash("0", "1")});  // with the account it registers
  ASSERT_TRUE(expect_value(batcher->next(batch, kPatienceMs)));
  for (const char* id : {"1", "2", "3"}) {
    accepting.offer({cash(id, "5")});
    ASSERT_TRUE(expect_value(batcher->next(batch, kPatienceMs)));
    EXPECT_EQ(events_in(batch), 1u);
    EXPECT_EQ(to_number(batch.last), accepting.last());
  }
}

TEST_F(BatcherTest, ASmallBatchGrowsUntilTheStoreCanTakeIt) {
  const auto batcher = start();
  Batch batch;
  for (int i = 0; i < 50; ++i) accepting.offer({cash(std::to_string(i), "5")});
  ASSERT_TRUE(expect_value(batcher->next(batch, kPatienceMs)));
  EXPECT_EQ(to_number(batch.last), accepting.last()) << "all that became durable meanwhile";
}

TEST_F(BatcherTest, LargeEventsMakeBatchesOfFewer) {
  const std::string content(std::size_t{512} << 10, 'x');
  for (int i = 0; i < 150; ++i) {
    expect_value(
        accepting.door().offer_unattributed("MAIN", Timestamp{1}, "cannot be read", content + std::to_string(i)));
  }
  expect_value(accepting.journal().wait_durable(accepting.journal().appended()));
  const auto batcher = start();
  Batch batch;
  do {
    ASSERT_TRUE(expect_value(batcher->next(batch, kPatienceMs)));
    std::size_t bytes = 0;
    for (const QuarantineRow& row : batch.quarantine) bytes += row.content.size();
    EXPECT_LE(bytes, Batcher::kBytesMax + content.size());
    EXPECT_GT(events_in(batch), 1u);
  } while (to_number(batch.last) < accepting.last());
}

TEST_F(BatcherTest, SaysWhenThereIsNothing) {
  const auto batcher = start();
  Batch batch;
  EXPECT_FALSE(expect_value(batcher->next(batch, 1)));
}

TEST_F(BatcherTest, EndsAtOnceWithBatchesThatNobodyTook) {
  accepting.offer(simulated(10'000, 82));
  for (int i = 0; i < 20; ++i) {
    const auto batcher = start();
    Batch batch;
    if (i % 2 == 0) {
      ASSERT_TRUE(expect_value(batcher->next(batch, kPatienceMs)));
    }
  }
}

TEST_F(BatcherTest, HandsOverWhatItMadeBeforeItSaysThatTheJournalIsDamaged) {
  accepting.offer(simulated(20'000, 83));
  std::string damaged;
  for (const auto& entry : std::filesystem::directory_iterator(directory.journal())) {
    if (entry.path().extension() == ".seg") damaged = std::max(damaged, entry.path().string());
  }
  std::fstream file(damaged, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(4096 + 300);
  const char byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(4096 + 300);
  file.put(byte);
  file.close();
  const auto batcher = start();
  Batch batch;
  int batches = 0;
  while (true) {
    const auto made = batcher->next(batch, kPatienceMs);
    if (!made) {
      EXPECT_EQ(made.error().code, Errc::corrupt);
      break;
    }
    ASSERT_TRUE(*made);
    ++batches;
  }
  EXPECT_GT(batches, 0);
  EXPECT_EQ(batcher->next(batch, kPatienceMs).error().code, Errc::corrupt) << "and says so again";
}

}  // namespace
}  // namespace blotter::ledger_test
