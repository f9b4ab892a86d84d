#include "contract/store_agreement.h"
#include "scratch/postgres_environment_test.h"
#include "store/postgres/postgres_store.h"
#include "store/test_directory.h"

namespace blotter {
namespace {

TEST(StoreAgreementTest, AllThreeStoresGiveTheSameAnswersAndHoldTheSameRows) {
  const TemporaryDirectory directory;
  const auto memory = std::move(*open_store("memory:", StoreAccess::write));
  const auto sqlite = std::move(*open_store("sqlite:" + directory.path() + "/blotter.db", StoreAccess::write));
  StoreOptions options;
  options.url = scratch::fresh_database();
  auto postgres = postgres::open_postgres_store(options, StoreAccess::write);
  ASSERT_TRUE(postgres.has_value()) << postgres.error().message;
  expect_agreement({{"memory", memory.get()}, {"sqlite", sqlite.get()}, {"postgres", postgres->get()}},
                   {.seed = std::random_device{}(), .rounds = 300});
}

}  // namespace
}  // namespace blotter
