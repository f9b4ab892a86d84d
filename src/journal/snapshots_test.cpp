#include "journal/snapshots.h"

#include <gtest/gtest.h>

#include "journal/journal_fixture.h"
#include "journal/snapshot_file.h"

namespace blotter::journal {
namespace {

std::string text_of(const Result<std::optional<Snapshot>>& found) {
  if (!found) return "error: " + found.error().message;
  if (!found->has_value()) return "nothing";
  return std::to_string(to_number((**found).seq)) + " " + as_text((**found).bytes);
}

class Snapshots : public testing::Test {
 protected:
  void SetUp() override { expect_value(create_journal(directory_.path(), "test-book", small_options())); }
  void write(std::uint64_t seq, const std::string& text, int keep = 2) {
    expect_value(write_snapshot(directory_.path(), Seq{seq}, as_record(text), keep));
  }
  std::string newest(std::uint64_t limit, std::vector<std::string>* skipped = nullptr) {
    return text_of(newest_snapshot(directory_.path(), Seq{limit}, skipped));
  }
  std::string path(std::uint64_t seq) {
    for (const SnapshotFile& file : list_snapshots(directory_.path())) {
      if (file.seq == Seq{seq}) return file.path;
    }
    return "";
  }

  TemporaryDirectory directory_;
};

TEST_F(Snapshots, TheNewestAtOrBelowTheLimitIsFound) {
  EXPECT_EQ(newest(100), "nothing");
  write(10, "ten", 3);
  write(20, "twenty", 3);
  write(9, "", 3);
  EXPECT_EQ(newest(100), "20 twenty");
  EXPECT_EQ(newest(20), "20 twenty");
  EXPECT_EQ(newest(19), "10 ten");
  EXPECT_EQ(newest(9), "9 ");
  EXPECT_EQ(newest(8), "nothing");
}

TEST_F(Snapshots, OlderOnesArePruned) {
  for (std::uint64_t seq = 1; seq <= 5; ++seq) write(seq, "x");
  EXPECT_EQ(list_snapshots(directory_.path()).size(), 2u);
  EXPECT_EQ(newest(100), "5 x");
  EXPECT_EQ(newest(4), "4 x");
  EXPECT_EQ(newest(3), "nothing");
}

TEST_F(Snapshots, AnyFlippedBitIsSkippedAndNamed) {
  write(1, "old");
  write(2, "the newer state");
  const Bytes good = read_file(path(2));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    write_file(path(2), bad);
    std::vector<std::string> skipped;
    EXPECT_EQ(newest(100, &skipped), "1 old") << "bit " << bit;
    ASSERT_EQ(skipped.size(), 1u);
    EXPECT_NE(skipped[0].find(path(2)), std::string::npos);
    EXPECT_EQ(check_journal(directory_.path()).error().code, Errc::corrupt);
  }
}

TEST_F(Snapshots, TornAndStrangeFilesAreSkipped) {
  write(1, "old");
  write(2, "the newer state");
  const Bytes good = read_file(path(2));
  for (std::size_t size = 0; size < good.size(); ++size) {
    write_file(path(2), std::span(good).first(size));
    EXPECT_EQ(newest(100), "1 old") << "cut at " << size;
  }
  Bytes longer = good;
  longer.push_back(std::byte{0});
  write_file(path(2), longer);
  EXPECT_EQ(newest(100), "1 old");
  write_file(directory_ / "snapshot-00000000000000000003.snap", good);
  write_file(directory_ / "snapshot-x.snap", good);
  write_file(directory_ / "snapshot.tmp", good);
  EXPECT_EQ(newest(100), "1 old") << "a snapshot under another seq's name";
}

TEST_F(Snapshots, OneOfAnotherBookIsSkipped) {
  TemporaryDirectory other;
  expect_value(create_journal(other.path(), "other-book", small_options()));
  expect_value(write_snapshot(other.path(), Seq{7}, as_record("theirs")));
  std::filesystem::copy(list_snapshots(other.path())[0].path, directory_.path());
  EXPECT_EQ(newest(100), "nothing");
}

}  // namespace
}  // namespace blotter::journal
