// What the tests of the feeds share.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "blotter/feed.h"
#include "feeds/source.h"

namespace blotter::feeds {

inline Result<std::unique_ptr<Feed>> open_text(std::string_view format, std::string text, FeedOptions options = {}) {
  return open_feed(format, std::make_unique<MemorySource>(std::move(text)), options);
}

// A line as the test wants to look at it after the next one was read.
struct SeenLine {
  FeedLine line;
  std::string text;
};

inline std::vector<SeenLine> read_all(Feed& feed) {
  std::vector<SeenLine> seen;
  FeedLine line;
  for (;;) {
    auto more = feed.next(line);
    EXPECT_TRUE(more.has_value()) << (more ? "" : more.error().message);
    if (!more || !*more) return seen;
    seen.push_back({line, std::string(line.text)});
  }
}

inline std::vector<SeenLine> read_text(std::string_view format, std::string text, FeedOptions options = {}) {
  auto feed = open_text(format, std::move(text), std::move(options));
  EXPECT_TRUE(feed.has_value()) << (feed ? "" : feed.error().message);
  return feed ? read_all(**feed) : std::vector<SeenLine>{};
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

// Real data stays outside the project; tests that want it skip where it is absent.
inline std::filesystem::path test_data(const std::string& name) {
  const char* root = std::getenv("BLOTTER_TEST_DATA");
  return std::filesystem::path(root != nullptr ? root : BLOTTER_PROJECT_ROOT "/../shared/data") / name;
}

// A directory of the test's own, gone with it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "blotter-feeds-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string write(const std::string& name, std::string_view bytes) const {
    const auto file = path_ / name;
    std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return file.string();
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The lines of every ```json block of a page.
inline std::vector<std::string> json_examples(const std::string& page) {
  std::vector<std::string> lines;
  std::istringstream in(page);
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) {
      inside = line == "```json";
    } else if (inside) {
      lines.push_back(line);
    }
  }
  return lines;
}

inline std::vector<std::string> report_examples() {
  return json_examples(read_file(BLOTTER_PROJECT_ROOT "/docs/formats/report.md"));
}

// Small and repeatable; its seed is printed by the test that uses it, and BLOTTER_TEST_SEED sets another one.
class TestRandom {
 public:
  TestRandom() {
    if (const char* seed = std::getenv("BLOTTER_TEST_SEED")) state_ = std::strtoull(seed, nullptr, 10);
    std::cout << "seed " << state_ << " (BLOTTER_TEST_SEED repeats it)\n";
  }
  std::size_t below(std::size_t bound) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>((state_ >> 33) % bound);
  }

 private:
  std::uint64_t state_ = 20260105;
};

}  // namespace blotter::feeds
