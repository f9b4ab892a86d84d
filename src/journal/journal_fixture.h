// What the journal's tests share: directories, records, whole-file bytes.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "journal/reader.h"
#include "journal/segment.h"
#include "journal/writer.h"

namespace blotter::journal {

// Memory where there is some: for tests that write many files and do not depend on a device.
inline std::filesystem::path quick_parent() {
  return std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
}

// A directory of its own, gone afterwards.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string pattern = (parent / "blotter-journal-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline Options small_options() { return Options{.segment_bytes = kSegmentBytesMin, .group_bytes_max = 16u << 10}; }

// A record that tells its own seq, so that a wrong one shows; `extra` more bytes without a zero among them.
inline std::string record_text(std::uint64_t seq, std::size_t extra = 0) {
  std::string text = "event-" + std::to_string(seq) + ":";
  for (std::size_t i = 0; i < extra; ++i) text.push_back(static_cast<char>('a' + (seq + i * 7) % 26));
  return text;
}

inline std::span<const std::byte> as_record(const std::string& text) { return std::as_bytes(std::span(text)); }
inline std::string as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class T>
T expect_value(Result<T> result) {
  if (!result) throw std::runtime_error(std::string(name_of(result.error().code)) + ": " + result.error().message);
  return std::move(*result);
}
inline void expect_value(const Result<void>& result) {
  if (!result) throw std::runtime_error(std::string(name_of(result.error().code)) + ": " + result.error().message);
}

inline std::unique_ptr<Journal> open_or_throw(const std::string& directory, const Options& options = small_options()) {
  return expect_value(open_journal(directory, options));
}

inline std::unique_ptr<Journal> create_and_open(const std::string& directory,
                                                const Options& options = small_options()) {
  expect_value(create_journal(directory, "test-book", options));
  return open_or_throw(directory, options);
}

// Appends `record_text`s until `last`, each durable before the next.
inline void append_until(Journal& journal, std::uint64_t last, std::size_t extra = 0) {
  for (std::uint64_t seq = to_number(journal.appended()) + 1; seq <= last; ++seq) {
    const Seq got = expect_value(journal.append(as_record(record_text(seq, extra)), Priority::fact));
    ASSERT_EQ(to_number(got), seq);
    expect_value(journal.wait_durable(got));
  }
}

// Every record a reader gets, in order; the error that ended it, if one did.
struct ReadBack {
  std::vector<std::string> records;
  std::optional<Error> error;
};
inline ReadBack read_all(const std::string& directory, const Journal* follow = nullptr) {
  ReadBack all;
  auto reader = open_reader(directory, follow);
  if (!reader) {
    all.error = reader.error();
    return all;
  }
  while (true) {
    auto record = (*reader)->next();
    if (!record) {
      all.error = record.error();
      return all;
    }
    if (!record->has_value()) return all;
    EXPECT_EQ(to_number((**record).seq), all.records.size() + 1);
    all.records.push_back(as_text((**record).bytes));
  }
}

using Bytes = std::vector<std::byte>;
inline Bytes read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}
inline void write_file(const std::string& path, std::span<const std::byte> bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace blotter::journal
