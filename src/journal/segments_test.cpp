// Damage across segments: roll crashes, lost, swapped and stale segments, flips in sealed ones.
#include <gmock/gmock.h>

#include "journal/journal_fixture.h"
#include "journal/recovery.h"

namespace blotter::journal {
namespace {

class Segments : public testing::Test {
 protected:
  void build(std::uint64_t last = 50) {
    append_until(*create_and_open(directory_.path()), last, 900);
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      if (entry.path().filename().string().starts_with("spare-")) std::filesystem::remove(entry.path());
    }
    segments_ = expect_value(list_segments(directory_.path()));
    ASSERT_GE(segments_.size(), 4u);
  }
  const std::string& path(std::size_t i) const { return segments_[i].path; }
  std::string new_path() const { return segment_path(directory_.path(), segments_.size() + 1); }

  void expect_corrupt_everywhere(const std::string& what) {
    EXPECT_EQ(check_journal(directory_.path()).error().code, Errc::corrupt) << what;
    const ReadBack back = read_all(directory_.path());
    for (std::size_t i = 0; i < back.records.size(); ++i) ASSERT_EQ(back.records[i], record_text(i + 1, 900)) << what;
    ASSERT_TRUE(back.error.has_value()) << what;
    EXPECT_EQ(back.error->code, Errc::corrupt) << what;
  }

  TemporaryDirectory directory_{quick_parent()};
  std::vector<SegmentFile> segments_;
};

TEST_F(Segments, AFlippedBitAnywhereInASealedSegmentIsFound) {
  build();
  const Bytes good = read_file(path(1));
  for (std::size_t offset = 0; offset < good.size(); offset += 61) {
    Bytes bad = good;
    bad[offset] ^= static_cast<std::byte>(1u << (offset % 8));
    write_file(path(1), bad);
    const std::string what = "offset " + std::to_string(offset);
    ASSERT_EQ(check_journal(directory_.path()).error().code, Errc::corrupt) << what;
    if (offset % 5 == 0) expect_corrupt_everywhere(what);
  }
}

TEST_F(Segments, ALostCutOrSwappedSegmentIsCorruption) {
  build();
  const Bytes first = read_file(path(0));
  const Bytes second = read_file(path(1));
  const Bytes third = read_file(path(2));
  const auto restore = [&] {
    write_file(path(0), first);
    write_file(path(1), second);
    write_file(path(2), third);
  };
  std::filesystem::remove(path(1));
  EXPECT_EQ(open_journal(directory_.path(), small_options()).error().code, Errc::corrupt);
  EXPECT_EQ(check_journal(directory_.path()).error().code, Errc::corrupt);
  restore();
  write_file(path(1), std::span(second).first(second.size() - kBlock));
  EXPECT_EQ(open_journal(directory_.path(), small_options()).error().code, Errc::corrupt);
  EXPECT_EQ(check_journal(directory_.path()).error().code, Errc::corrupt);
  restore();
  write_file(path(1), first);
  EXPECT_EQ(open_journal(directory_.path(), small_options()).error().code, Errc::corrupt);
  expect_corrupt_everywhere("an old segment over a newer one");
  restore();
  write_file(path(1), Bytes(second.size()));
  EXPECT_EQ(open_journal(directory_.path(), small_options()).error().code, Errc::corrupt);
  EXPECT_EQ(check_journal(directory_.path()).error().code, Errc::corrupt);
  restore();
  EXPECT_TRUE(check_journal(directory_.path()).has_value());
}

TEST_F(Segments, ASegmentOfAnotherHistoryOfTheSameBookIsCorruption) {
  build();
  TemporaryDirectory other{quick_parent()};
  append_until(*create_and_open(other.path()), 50, 901);
  write_file(path(1), read_file(segment_path(other.path(), 2)));
  expect_corrupt_everywhere("the same seqs, another history");
}

TEST_F(Segments, AMissingFrameAtTheEndOfASealedSegmentIsFound) {
  build();
  Bytes bad = read_file(path(1));
  std::fill_n(bad.end() - kBlock, kBlock, std::byte{0});
  write_file(path(1), bad);
  expect_corrupt_everywhere("a lost write");
}

TEST_F(Segments, ARollThatDiedHalfWayIsNormal) {
  build();
  for (const std::size_t size : {std::size_t{0}, std::size_t{4096}, std::size_t{kSegmentBytesMin}}) {
    write_file(new_path(), Bytes(size));
    EXPECT_TRUE(check_journal(directory_.path()).has_value());
    EXPECT_EQ(read_all(directory_.path()).records.size(), 50u);
    EXPECT_EQ(open_or_throw(directory_.path())->recovery().last, Seq{50});
    EXPECT_FALSE(std::filesystem::exists(new_path()));
  }
}

TEST_F(Segments, ASegmentWithAHeaderOnlyIsWrittenOn) {
  build();
  // Cut the last segment's frames away: what is left is what a crash right behind a roll leaves.
  Bytes bare = read_file(segments_.back().path);
  std::fill(bare.begin() + kSegmentHeaderBytes, bare.end(), std::byte{0});
  write_file(segments_.back().path, bare);
  const Seq last = expect_value(check_journal(directory_.path())).last;
  {
    auto journal = open_or_throw(directory_.path());
    EXPECT_EQ(journal->recovery().last, last);
    append_until(*journal, 60, 900);
  }
  EXPECT_EQ(read_all(directory_.path()).records.size(), 60u);
  EXPECT_TRUE(check_journal(directory_.path()).has_value());
}

TEST_F(Segments, AHeaderOnlySegmentDoesNotHideDamageBeforeIt) {
  build();
  Bytes bare = read_file(segments_.back().path);
  std::fill(bare.begin() + kSegmentHeaderBytes, bare.end(), std::byte{0});
  write_file(segments_.back().path, bare);
  Bytes bad = read_file(path(segments_.size() - 2));
  std::fill_n(bad.end() - kBlock, kBlock, std::byte{0});
  write_file(path(segments_.size() - 2), bad);
  EXPECT_EQ(open_journal(directory_.path(), small_options()).error().code, Errc::corrupt);
}

TEST_F(Segments, ADamagedSpareIsFoundAndNotUsed) {
  build();
  Bytes dirty(kSegmentBytesMin);
  dirty[50'000] = std::byte{1};
  write_file(directory_ / "spare-7.tmp", dirty);
  EXPECT_EQ(check_journal(directory_.path()).error().code, Errc::corrupt);
  write_file(directory_ / "filling.tmp", dirty);
  { append_until(*open_or_throw(directory_.path()), 120, 900); }
  EXPECT_EQ(read_all(directory_.path()).records.size(), 120u);
  EXPECT_TRUE(check_journal(directory_.path()).has_value());
}

TEST_F(Segments, SizesMayChangeFromWriterToWriter) {
  build();
  Options options = small_options();
  for (const std::uint64_t size : {std::uint64_t{256} << 10, kSegmentBytesMin, std::uint64_t{1} << 20}) {
    options.segment_bytes = size;
    auto journal = open_or_throw(directory_.path(), options);
    append_until(*journal, to_number(journal->appended()) + 100, 900);
  }
  EXPECT_EQ(read_all(directory_.path()).records.size(), 350u);
  EXPECT_TRUE(check_journal(directory_.path()).has_value());
}

}  // namespace
}  // namespace blotter::journal
