#include "journal/lock.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/journal_fixture.h"

namespace blotter::journal {
namespace {

// A child that holds the journal open until it is told to go.
class Holder {
 public:
  explicit Holder(const std::string& directory) {
    int ready[2];
    int leave[2];
    if (::pipe(ready) != 0 || ::pipe(leave) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(leave[1]);
      auto journal = open_journal(directory, small_options());
      char byte = journal ? 'y' : 'n';
      static_cast<void>(::write(ready[1], &byte, 1) == 1);
      static_cast<void>(::read(leave[0], &byte, 1) == 1);
      ::_exit(0);
    }
    leave_ = leave[1];
    ::close(leave[0]);
    ::close(ready[1]);
    char byte = 'n';
    holds_ = ::read(ready[0], &byte, 1) == 1 && byte == 'y';
    ::close(ready[0]);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() { finish(); }
  bool holds() const { return holds_; }
  pid_t pid() const { return pid_; }
  void finish() {
    if (leave_ < 0) return;
    ::close(leave_);
    leave_ = -1;
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_ = 0;
  int leave_ = -1;
  bool holds_ = false;
};

TEST(WriterLock, ASecondWriterIsToldWhoHoldsItSinceWhen) {
  TemporaryDirectory directory;
  expect_value(create_journal(directory.path(), "test-book", small_options()));
  Holder holder(directory.path());
  ASSERT_TRUE(holder.holds());
  const BookFile before = expect_value(read_book_file(directory.path()));
  const auto refused = open_journal(directory.path(), small_options());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("pid " + std::to_string(holder.pid())));
  EXPECT_THAT(refused.error().message, testing::ContainsRegex("since 20[0-9][0-9]-"));
  EXPECT_EQ(expect_value(read_book_file(directory.path())).epoch, before.epoch) << "nothing is modified";
  holder.finish();
  EXPECT_EQ(open_or_throw(directory.path())->epoch(), Epoch{to_number(before.epoch) + 1});
}

TEST(WriterLock, AStoppedWriterKeepsIt) {
  TemporaryDirectory directory;
  expect_value(create_journal(directory.path(), "test-book", small_options()));
  Holder holder(directory.path());
  ASSERT_EQ(::kill(holder.pid(), SIGSTOP), 0);
  EXPECT_EQ(open_journal(directory.path(), small_options()).error().code, Errc::unavailable);
  ASSERT_EQ(::kill(holder.pid(), SIGKILL), 0);
  ASSERT_EQ(::waitpid(holder.pid(), nullptr, 0), holder.pid());
  EXPECT_TRUE(open_journal(directory.path(), small_options()).has_value());
}

TEST(WriterLock, ReadersDoNotNeedIt) {
  TemporaryDirectory directory;
  { append_until(*create_and_open(directory.path()), 3); }
  Holder holder(directory.path());
  EXPECT_EQ(read_all(directory.path()).records.size(), 3u);
  EXPECT_TRUE(check_journal(directory.path()).has_value());
}

TEST(WriterLock, IsRefusedWithinTheSameProcessToo) {
  TemporaryDirectory directory;
  auto journal = create_and_open(directory.path());
  EXPECT_EQ(open_journal(directory.path(), small_options()).error().code, Errc::unavailable);
}

}  // namespace
}  // namespace blotter::journal
