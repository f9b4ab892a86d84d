// The doctor always ends, and shows what it found: held locks, servers that fall silent, connections that are lost.
#include <thread>

#include "scratch/tcp_proxy.h"
#include "store/postgres/doctor_test.h"

namespace blotter::postgres {
namespace {

constexpr std::int64_t kSilentMs = 500;

class DoctorFaultsTest : public DoctorTest {
 protected:
  void SetUp() override {
    DoctorTest::SetUp();
    auto& server = scratch::scratch_server();
    auto proxy = scratch::TcpProxy::start(server.directory() + "/.s.PGSQL." + std::to_string(server.port()));
    ASSERT_TRUE(proxy) << proxy.error().message;
    proxy_ = std::move(*proxy);
    impatient_.answer_ms_max = kSilentMs;
  }
  StoreOptions through_proxy() const {
    const std::size_t begin = url_.find("@/") + 2;
    return options_for(proxy_->url(url_.substr(begin, url_.find('?') - begin)));
  }
  // What happens to the first message that says `word`, and to whatever follows.
  void at(std::string_view word, scratch::Verdict verdict) {
    proxy_->set_policy([word, verdict](const scratch::WireMessage& message) {
      const bool there =
          message.direction == scratch::Direction::to_server && message.body.find(word) != std::string_view::npos;
      return there ? verdict : scratch::Verdict::pass;
    });
  }
  template <class Work>
  static std::int64_t ms_of(const Work& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
  }
  static void lock(Connection& holder, const char* table) {
    ASSERT_TRUE(holder.begin(kBegin));
    ASSERT_TRUE(holder.execute((std::string("LOCK TABLE ") + table + " IN ACCESS EXCLUSIVE MODE").c_str()));
  }

  DoctorThresholds impatient_;
  std::unique_ptr<scratch::TcpProxy> proxy_;
};

TEST_F(DoctorFaultsTest, AServerThatFallsSilentIsAFindingBesideTheOthers) {
  at("pg_stat_user_indexes", scratch::Verdict::stall);
  Result<std::vector<HealthCheck>> checks = std::vector<HealthCheck>{};
  EXPECT_LT(ms_of([&] { checks = examine(through_proxy(), impatient_); }), 20 * kSilentMs);
  ASSERT_TRUE(checks) << checks.error().message;
  ASSERT_GT(checks->size(), 10u) << "what was found before";
  const HealthCheck& last = checks->back();
  EXPECT_EQ(last.name, "connection");
  EXPECT_EQ(last.level, HealthLevel::crit);
  EXPECT_THAT(last.value, HasSubstr("lost at unused_indexes"));
  EXPECT_THAT(last.value, HasSubstr("has not answered in 500 ms"));
}

TEST_F(DoctorFaultsTest, AServerThatIsSilentFromTheBeginningIsAFinding) {
  at("BEGIN", scratch::Verdict::stall);
  const auto checks = examine(through_proxy(), impatient_);
  ASSERT_TRUE(checks) << checks.error().message;
  ASSERT_EQ(checks->size(), 1u);
  EXPECT_EQ(checks->back().name, "connection");
}

TEST_F(DoctorFaultsTest, ALostConnectionKeepsWhatWasFound) {
  at("pg_stat_user_indexes", scratch::Verdict::cut);
  const auto checks = examine(through_proxy());
  ASSERT_TRUE(checks) << checks.error().message;
  ASSERT_GT(checks->size(), 10u);
  EXPECT_EQ(checks->back().name, "connection");
  EXPECT_EQ(checks->back().level, HealthLevel::crit);
}

TEST_F(DoctorFaultsTest, ASilentReplicaIsAWarningInTime) {
  at("pg_is_in_recovery", scratch::Verdict::stall);
  StoreOptions options = this->options();
  options.replica_url = through_proxy().url;
  HealthCheck replica;
  EXPECT_LT(ms_of([&] { replica = check_of(options, "replica", impatient_); }), 20 * kSilentMs);
  EXPECT_EQ(replica.level, HealthLevel::warn);
  EXPECT_THAT(replica.value, HasSubstr("has not answered"));
}

TEST_F(DoctorFaultsTest, ALockedTableHoldsNoQuestionUp) {
  const auto holder = connect(url_);
  lock(*holder, "ledger.schema_migrations");
  const HealthCheck schema = check("schema");
  EXPECT_EQ(schema.level, HealthLevel::warn);
  EXPECT_THAT(schema.value, HasSubstr("lock timeout"));
  EXPECT_NE(check("durability").level, HealthLevel::skipped) << "the others are asked";
}

TEST_F(DoctorFaultsTest, TheCursorIsAskedWithinBounds) {
  run("INSERT INTO ledger.books VALUES ('main', 1, 10, 0)");
  const auto found = book_cursor(options(), "main");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->applied, Seq{10});
  const auto holder = connect(url_);
  lock(*holder, "ledger.books");
  const auto locked = book_cursor(options(), "main");
  ASSERT_FALSE(locked);
  EXPECT_THAT(locked.error().message, HasSubstr("lock timeout"));
  holder->rollback();
  at("applied_seq", scratch::Verdict::stall);
  const auto silent = book_cursor(through_proxy(), "main", impatient_);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace blotter::postgres
