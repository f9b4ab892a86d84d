// The format document's worked example is what the code writes, byte for byte, and reads.
#include <gmock/gmock.h>

#include <map>
#include <sstream>

#include "journal/book_file.h"
#include "journal/frame.h"
#include "journal/journal_fixture.h"
#include "journal/snapshots.h"

namespace blotter::journal {
namespace {

using FileBytes = std::map<std::uint64_t, std::byte>;  // offset → byte

// The ```hex FILE blocks of the document.
std::map<std::string, FileBytes> worked_example() {
  std::ifstream in(BLOTTER_JOURNAL_FORMAT);
  std::map<std::string, FileBytes> files;
  FileBytes* file = nullptr;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) {
      file = line.starts_with("```hex ") ? &files[line.substr(7)] : nullptr;
    } else if (file != nullptr) {
      std::istringstream fields(line);
      std::uint64_t offset = 0;
      fields >> std::hex >> offset;
      for (unsigned value = 0; fields >> std::hex >> value; ++offset) (*file)[offset] = static_cast<std::byte>(value);
    }
  }
  return files;
}

TEST(JournalFormat, WorkedExampleIsWhatIsWritten) {
  TemporaryDirectory directory;
  expect_value(create_journal(directory.path(), "demo", small_options()));
  auto journal = open_or_throw(directory.path());
  for (const std::string record : {"first", "second one"}) {
    expect_value(journal->append(as_record(record), Priority::fact));
  }
  expect_value(journal->wait_durable(Seq{2}));
  expect_value(write_snapshot(directory.path(), Seq{2}, as_record("state")));

  const auto example = worked_example();
  ASSERT_EQ(example.size(), 3u);
  for (const auto& [name, expected] : example) {
    const Bytes written = read_file(directory / name);
    ASSERT_GE(written.size(), expected.rbegin()->first + 1) << name;
    for (std::uint64_t offset = 0; offset < written.size(); ++offset) {
      const auto at = expected.find(offset);
      ASSERT_EQ(written[offset], at == expected.end() ? std::byte{0} : at->second) << name << " at " << offset;
    }
  }
  EXPECT_EQ(read_file(directory / "book").size(), example.at("book").size());
}

TEST(JournalFormat, WorkedExampleIsRead) {
  TemporaryDirectory directory;
  for (const auto& [name, bytes] : worked_example()) {
    Bytes file(name.ends_with(".seg") ? kSegmentBytesMin : bytes.rbegin()->first + 1);
    for (const auto& [offset, value] : bytes) file[offset] = value;
    write_file(directory / name, file);
  }
  EXPECT_THAT(read_all(directory.path()).records, testing::ElementsAre("first", "second one"));
  const Check check = expect_value(check_journal(directory.path()));
  EXPECT_EQ(check.frames, 1u);
  EXPECT_EQ(check.last, Seq{2});
  auto snapshot = expect_value(newest_snapshot(directory.path(), Seq{2}));
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(as_text(snapshot->bytes), "state");
  EXPECT_EQ(open_or_throw(directory.path())->epoch(), Epoch{2});
}

TEST(JournalFormat, ANewerVersionIsNamedNotCalledCorrupt) {
  TemporaryDirectory directory;
  expect_value(create_journal(directory.path(), "demo", small_options()));
  for (const std::string name : {"book", "journal-0000000001.seg"}) {
    const Bytes good = read_file(directory / name);
    Bytes newer = good;
    store_le<std::uint32_t>(newer.data() + 24, 2);
    const std::size_t end = name == "book" ? kBookFileBytes : 144;
    const Hash128 checksum = hash128(std::span<const std::byte>(newer).subspan(24, end - 24));
    std::copy(checksum.begin(), checksum.end(), newer.begin() + 8);
    write_file(directory / name, newer);
    const auto opened = open_journal(directory.path(), small_options());
    EXPECT_EQ(opened.error().code, Errc::invalid);
    EXPECT_THAT(opened.error().message, testing::HasSubstr("version 2"));
    write_file(directory / name, good);
  }
  open_or_throw(directory.path());
}

}  // namespace
}  // namespace blotter::journal
