#include "store/postgres/archive_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "store/test_directory.h"

namespace blotter::postgres {
namespace {

class ArchiveFileTest : public testing::Test {
 protected:
  Result<void> write(const std::string& text) {
    return write_archive(path_, [&](const TextSink& sink) { return sink(text); });
  }
  std::string bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void set_bytes(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }

  TemporaryDirectory directory_;
  std::string path_ = directory_.path() + "/fills_2019_q1_retired_1.csv.zst";
};

TEST_F(ArchiveFileTest, ReadsBackWhatWasWritten) {
  ASSERT_TRUE(write("a,b\n1,x\n2,y\n").has_value());
  const auto summary = summarize_archive(path_);
  ASSERT_TRUE(summary.has_value()) << summary.error().message;
  EXPECT_EQ(summary->rows, 2);
  EXPECT_EQ(summary->bytes, 12);
  EXPECT_EQ(summary->sha256, "15920f3fb7c051cc15fceee84432e8803a139a9b53a4ea832c37bf1109e200cf");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".unfinished"));
}

TEST_F(ArchiveFileTest, CountsRowsNotTheLinesInsideQuotes) {
  CsvDigest digest;
  for (const char* piece : {"a,b\n1,\"two\nli", "nes and a \"\" quote\n\"\n", "2,\"\"\n"}) digest.put(piece);
  EXPECT_EQ(digest.finish().rows, 2);
}

TEST_F(ArchiveFileTest, HoldsTextManyTimesTheSizeOfItsBuffers) {
  std::string text = "n\n";
  for (int i = 0; i < 1'000'000; ++i) text += std::to_string(i) + "\n";
  text += std::string(3'000'000, 'x') + "\n";  // compresses to almost nothing
  ASSERT_TRUE(write(text).has_value());
  CsvDigest digest;
  digest.put(text);
  EXPECT_TRUE(*summarize_archive(path_) == digest.finish());
}

TEST_F(ArchiveFileTest, AnyCutOrChangedByteIsFound) {
  ASSERT_TRUE(write("a,b\n1,x\n2,y\n3,z\n").has_value());
  const std::string whole = bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    set_bytes(whole.substr(0, size));
    const auto summary = summarize_archive(path_);
    ASSERT_FALSE(summary.has_value()) << "cut to " << size << " bytes";
    EXPECT_EQ(summary.error().code, Errc::corrupt);
  }
  const CsvSummary right = [&] {
    set_bytes(whole);
    return *summarize_archive(path_);
  }();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    set_bytes(changed);
    const auto summary = summarize_archive(path_);
    EXPECT_TRUE(!summary.has_value() || *summary == right) << "byte " << at;
  }
}

TEST_F(ArchiveFileTest, AFailureOfTheSourceLeavesNoFile) {
  const auto done = write_archive(path_, [](const TextSink& sink) -> Result<void> {
    BLOTTER_TRY(sink("a\n1\n"));
    return fail(Errc::unavailable, "the connection is lost");
  });
  EXPECT_EQ(done.error().code, Errc::unavailable);
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path())) << "and takes no space";
  EXPECT_EQ(summarize_archive(path_).error().code, Errc::not_found);
}

TEST_F(ArchiveFileTest, AFullDiskIsExhausted) {
  const auto done = write_durably("/dev/full/x", "text");
  EXPECT_FALSE(done.has_value());
  std::filesystem::create_symlink("/dev/full", path_ + ".unfinished");
  EXPECT_EQ(write("a\n1\n").error().code, Errc::exhausted);
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(ArchiveFileTest, TwoWritersOfOneFileDoNotDisturbEachOther) {
  const auto done = write_archive(path_, [&](const TextSink& sink) -> Result<void> {
    BLOTTER_TRY(sink("a\n1\n"));
    const auto second = write("of\nanother\n");
    EXPECT_EQ(second.error().code, Errc::unavailable);
    EXPECT_THAT(second.error().message, testing::HasSubstr("is being written by another process"));
    return sink("2\n");
  });
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(summarize_archive(path_)->rows, 2);
}

TEST_F(ArchiveFileTest, WhatADeathLeftIsWrittenAnew) {
  std::ofstream(path_ + ".unfinished", std::ios::binary) << std::string(100'000, 'x');
  ASSERT_TRUE(write("a\n1\n").has_value());
  EXPECT_EQ(summarize_archive(path_)->rows, 1);
}

TEST_F(ArchiveFileTest, AVolumeWithoutTheSpaceIsRefusedBeforehand) {
  EXPECT_TRUE(require_space(directory_.path(), 4096).has_value());
  const auto refused = require_space(directory_.path(), std::int64_t{1} << 60);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::exhausted);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("--archive"));
  EXPECT_EQ(require_space(directory_.path() + "/none", 1).error().code, Errc::not_found);
}

}  // namespace
}  // namespace blotter::postgres
