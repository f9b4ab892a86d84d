// What opening makes of damaged files: a torn tail is cut exactly, everything else is refused untouched.
#include "journal/recovery.h"

#include <gmock/gmock.h>

#include <map>
#include <random>

#include "journal/frame.h"
#include "journal/journal_fixture.h"

namespace blotter::journal {
namespace {

// A closed journal of one small segment whose bytes tests damage.
class Recovering : public testing::Test {
 protected:
  // Records of groups: each inner number is the `extra` of a record, each list a group.
  void build(const std::vector<std::vector<std::size_t>>& groups) {
    auto journal = create_and_open(directory_.path());
    for (const auto& group : groups) {
      for (const std::size_t extra : group) {
        const std::uint64_t seq = to_number(journal->appended()) + 1;
        records_.push_back(record_text(seq, extra));
        expect_value(journal->append(as_record(records_.back()), Priority::fact));
      }
      expect_value(journal->wait_durable(journal->appended()));
      last_of_.push_back(records_.size());
    }
    journal.reset();
    clear_spares();
    good_ = read_file(segment());
    for (std::uint64_t offset = kSegmentHeaderBytes;;) {
      const auto header = decode_frame_header(std::span<const std::byte>(good_).subspan(offset));
      if (!header) break;
      frames_.push_back(offset);
      offset += header->padded_bytes();
      end_ = offset;
    }
    ASSERT_EQ(frames_.size(), groups.size());
  }

  void clear_spares() {
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      if (entry.path().filename().string().starts_with("spare-")) std::filesystem::remove(entry.path());
    }
  }

  std::string segment() const { return directory_ / "journal-0000000001.seg"; }
  BookFile book() const { return expect_value(read_book_file(directory_.path())); }

  // What a second step would do, without doing it.
  Result<Finding> look() const { return find_end(Io::system(), directory_.path(), book()); }

  void expect_readable_until(std::size_t last, const std::string& what) {
    const ReadBack back = read_all(directory_.path());
    ASSERT_FALSE(back.error) << what << ": " << back.error->message;
    ASSERT_EQ(back.records.size(), last) << what;
    for (std::size_t i = 0; i < last; ++i) ASSERT_EQ(back.records[i], records_[i]) << what;
  }

  // Whatever a reader gets, with or without an error at the end, is what was written.
  void expect_no_wrong_record(const std::string& what) {
    const ReadBack back = read_all(directory_.path());
    ASSERT_LE(back.records.size(), records_.size()) << what;
    for (std::size_t i = 0; i < back.records.size(); ++i) ASSERT_EQ(back.records[i], records_[i]) << what;
  }

  std::map<std::string, Bytes> all_files() const {
    std::map<std::string, Bytes> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      const std::string name = entry.path().filename().string();
      if (name != "LOCK") files[name] = read_file(entry.path().string());
    }
    return files;
  }

  void expect_refused_untouched(Errc code, const std::string& what) {
    const auto before = all_files();
    const auto opened = open_journal(directory_.path(), small_options());
    ASSERT_FALSE(opened.has_value()) << what;
    EXPECT_EQ(opened.error().code, code) << what << ": " << opened.error().message;
    EXPECT_THAT(opened.error().message, testing::ContainsRegex("at [0-9]+")) << what;
    EXPECT_TRUE(all_files() == before) << what;
    EXPECT_EQ(check_journal(directory_.path()).error().code, Errc::corrupt) << what;
  }

  TemporaryDirectory directory_{quick_parent()};
  std::vector<std::string> records_;
  std::vector<std::size_t> last_of_;  // number of records up to the end of each frame
  std::vector<std::uint64_t> frames_;
  std::uint64_t end_ = 0;
  Bytes good_;
};

TEST_F(Recovering, EveryFlippedBitIsFoundAndNoneYieldsAWrongRecord) {
  build({{0, 10}, {30}});
  ASSERT_EQ(end_, kSegmentHeaderBytes + 2 * kBlock);
  for (std::size_t bit = 0; bit < end_ * 8; ++bit) {
    const std::size_t offset = bit / 8;
    Bytes bad(1, good_[offset] ^ static_cast<std::byte>(1u << (bit % 8)));
    {
      std::fstream file(segment(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(offset));
      file.write(reinterpret_cast<const char*>(bad.data()), 1);
    }
    const std::string what = "bit " + std::to_string(bit);
    const auto checked = check_journal(directory_.path());
    ASSERT_FALSE(checked.has_value()) << what;
    ASSERT_EQ(checked.error().code, Errc::corrupt) << what;
    const auto found = look();
    // No sector of the last frame is zero, so even there damage is told from an unfinished write.
    ASSERT_FALSE(found.has_value()) << what;
    ASSERT_EQ(found.error().code, Errc::corrupt) << what;
    if (bit % 101 == 0) expect_no_wrong_record(what);
    std::fstream file(segment(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(reinterpret_cast<const char*>(&good_[offset]), 1);
  }
  expect_readable_until(3, "restored");
}

TEST_F(Recovering, AFlippedBitBehindTheLastFrameIsFoundByTheCheck) {
  build({{0}, {30}});
  for (std::size_t offset = end_; offset < good_.size(); offset += 97) {
    Bytes bad = good_;
    bad[offset] ^= std::byte{0x10};
    write_file(segment(), bad);
    const auto checked = check_journal(directory_.path());
    EXPECT_TRUE(!checked || checked->torn_bytes > 0) << offset;
    expect_no_wrong_record("zero area at " + std::to_string(offset));
  }
}

TEST_F(Recovering, FlippedBitsOfTheBookFileAreFound) {
  build({{0}});
  const Bytes good = read_file(directory_ / "book");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    write_file(directory_ / "book", bad);
    EXPECT_EQ(check_journal(directory_.path()).error().code, Errc::corrupt) << bit;
    EXPECT_EQ(read_book_file(directory_.path()).error().code, Errc::corrupt) << bit;
  }
}

TEST_F(Recovering, TruncationAnywhereGivesTheLongestValidPrefix) {
  build({{0}, {5000}, {100, 200}, {9000}});
  std::vector<std::uint64_t> sizes;
  for (std::uint64_t size = 0; size < good_.size(); size += 512) sizes.push_back(size);
  for (const std::uint64_t border : frames_) {
    for (std::uint64_t size = border - 130; size < border + 130; ++size) sizes.push_back(size);
  }
  for (std::uint64_t size = end_ - 200; size < end_ + 20; ++size) sizes.push_back(size);
  for (const std::uint64_t size : sizes) {
    write_file(segment(), std::span(good_).first(size));
    const std::string what = "cut to " + std::to_string(size);
    const auto found = look();
    // Less than the fields of the header is no segment any more.
    if (size < 144) {
      ASSERT_EQ(found.error().code, Errc::corrupt) << what;
      continue;
    }
    ASSERT_TRUE(found.has_value()) << what << ": " << found.error().message;
    std::size_t expected = 0;
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      const std::size_t extent = decode_frame_header(std::span<const std::byte>(good_).subspan(frames_[i]))->extent();
      if (frames_[i] + extent <= size) expected = last_of_[i];
    }
    ASSERT_EQ(to_number(found->head.last), expected) << what;
    if (size % 64 != 0) continue;
    { ASSERT_EQ(open_or_throw(directory_.path())->recovery().last, Seq{expected}) << what; }
    expect_readable_until(expected, what);
    EXPECT_EQ(read_file(segment()).size(), good_.size()) << what;
    EXPECT_TRUE(check_journal(directory_.path()).has_value()) << what;
  }
}

TEST_F(Recovering, AnySubsetOfTheLastFramesSectorsIsCutExactly) {
  build({{0}, {700}, {4300}});
  const std::uint64_t begin = frames_.back();
  const std::uint64_t extent = decode_frame_header(std::span<const std::byte>(good_).subspan(begin))->extent();
  const std::size_t sectors = (extent + kSector - 1) / kSector;
  ASSERT_GE(sectors, 9u);
  ASSERT_LE(sectors, 10u);
  for (std::size_t subset = 0; subset < (1u << sectors); ++subset) {
    Bytes torn = good_;
    for (std::size_t sector = 0; sector < sectors; ++sector) {
      const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(begin + sector * kSector);
      if ((subset >> sector & 1) == 0) std::fill_n(torn.begin() + at, kSector, std::byte{0});
    }
    write_file(segment(), torn);
    const std::string what = "subset " + std::to_string(subset);
    const bool complete = subset + 1 == 1u << sectors;
    const auto found = look();
    ASSERT_TRUE(found.has_value()) << what << ": " << found.error().message;
    ASSERT_EQ(to_number(found->head.last), complete ? 3u : 2u) << what;
    ASSERT_EQ(found->head.offset, complete ? end_ : begin) << what;
    if (subset % 37 != 5) continue;
    expect_readable_until(complete ? 3 : 2, what);
    EXPECT_GT(expect_value(check_journal(directory_.path())).torn_bytes, 0u) << what;
    {
      auto journal = open_or_throw(directory_.path());
      EXPECT_GT(journal->recovery().torn_bytes_cut, 0u) << what;
      EXPECT_THAT(journal->recovery().torn_where, testing::HasSubstr(" at " + std::to_string(begin))) << what;
    }
    EXPECT_EQ(expect_value(check_journal(directory_.path())).torn_bytes, 0u) << what;
    clear_spares();
  }
}

TEST_F(Recovering, AHoleBeforeAValidFrameIsCorruption) {
  build({{0}, {10}, {20}, {30}});
  for (std::size_t i = 0; i + 1 < frames_.size(); ++i) {
    Bytes bad = good_;
    std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(frames_[i]), kBlock, std::byte{0});
    write_file(segment(), bad);
    expect_refused_untouched(Errc::corrupt, "hole at frame " + std::to_string(i));
    EXPECT_EQ(read_all(directory_.path()).error.value().code, Errc::corrupt);
  }
}

TEST_F(Recovering, SwappedRepeatedAndOverwrittenPagesAreCorruption) {
  build({{0}, {10}, {20}, {30}, {40}});
  const auto page = [&](Bytes& bytes, std::size_t i) {
    return bytes.begin() + static_cast<std::ptrdiff_t>(frames_[i]);
  };
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    for (std::size_t k = 0; k < frames_.size(); ++k) {
      if (i == k) continue;
      Bytes swapped = good_;
      std::swap_ranges(page(swapped, i), page(swapped, i) + kBlock, page(swapped, k));
      write_file(segment(), swapped);
      expect_refused_untouched(Errc::corrupt, "swapped");
      Bytes repeated = good_;
      std::copy_n(page(repeated, i), kBlock, page(repeated, k));
      write_file(segment(), repeated);
      expect_refused_untouched(Errc::corrupt, "repeated");
      expect_no_wrong_record("repeated");
    }
    for (const std::size_t size : {kSector, kBlock}) {
      Bytes burst = good_;
      std::fill_n(page(burst, i), size, std::byte{0xff});
      write_file(segment(), burst);
      expect_refused_untouched(Errc::corrupt, "burst");
    }
  }
  Bytes further = good_;  // a valid frame where the next one would not be
  std::copy_n(page(further, 4), kBlock, further.begin() + static_cast<std::ptrdiff_t>(end_));
  write_file(segment(), further);
  expect_refused_untouched(Errc::corrupt, "misdirected");
}

TEST_F(Recovering, AFrameOfAnotherBookOrALongerFileIsCorruption) {
  build({{0}});
  TemporaryDirectory other;
  expect_value(create_journal(other.path(), "other-book", small_options()));
  append_until(*open_or_throw(other.path()), 2);
  const Bytes theirs = read_file(other / "journal-0000000001.seg");
  Bytes bad = good_;
  std::copy_n(theirs.begin() + 2 * kBlock, kBlock, bad.begin() + static_cast<std::ptrdiff_t>(end_));
  write_file(segment(), bad);
  expect_refused_untouched(Errc::corrupt, "frame of another book");
  write_file(segment(), theirs);
  expect_refused_untouched(Errc::corrupt, "segment of another book");
  Bytes longer = good_;
  longer.resize(longer.size() + kBlock);
  write_file(segment(), longer);
  expect_refused_untouched(Errc::corrupt, "longer file");
}

TEST_F(Recovering, AnEpochThatWasNeverGivenOutIsCorruption) {
  build({{0}});
  const Bytes old_book = read_file(directory_ / "book");
  append_until(*open_or_throw(directory_.path()), 2);
  clear_spares();
  write_file(directory_ / "book", old_book);
  expect_refused_untouched(Errc::corrupt, "restored book file");
}

TEST_F(Recovering, RandomBurstsNeverGiveAWrongRecord) {
  build({{100}, {3000, 20}, {9000}, {500}});
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    Bytes bad = good_;
    const std::size_t size = random() % 2 == 0 ? kSector : kBlock;
    const std::size_t at = random() % (end_ / size) * size;
    for (std::size_t i = at; i < at + size; ++i) bad[i] = static_cast<std::byte>(random());
    write_file(segment(), bad);
    const std::string what = std::to_string(size) + " at " + std::to_string(at);
    EXPECT_FALSE(check_journal(directory_.path()).has_value()) << what;
    EXPECT_EQ(look().error().code, Errc::corrupt) << what;
    expect_no_wrong_record(what);
  }
}

}  // namespace
}  // namespace blotter::journal
