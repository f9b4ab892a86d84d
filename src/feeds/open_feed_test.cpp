#include <gtest/gtest.h>

#include "feeds/feed_fixture_test.h"

namespace blotter::feeds {
namespace {

const FeedOptions kApple{.symbol = "AAPL", .date = "2012-06-21"};

std::string refusal(std::string_view format, std::string text, const FeedOptions& options = kApple) {
  auto feed = open_text(format, std::move(text), options);
  if (feed) return "";
  EXPECT_EQ(feed.error().code, Errc::invalid);
  return feed.error().message;
}

TEST(OpenFeed, RefusesAnUnknownFormat) {
  EXPECT_EQ(refusal("csv", ""), "format: 'csv' is not one of ndjson, bitstamp-l3, lobster");
}

TEST(OpenFeed, TakesAnEmptyFileAsNoLines) {
  for (const char* format : {"ndjson", "bitstamp-l3", "lobster"}) {
    EXPECT_TRUE(read_text(format, "", kApple).empty());
    for (const auto& seen : read_text(format, "\n  \n", kApple)) EXPECT_TRUE(seen.line.ignored);
  }
}

TEST(OpenFeed, RefusesEachFormatOfferedAsAnother) {
  const std::string ndjson = "{\"type\":\"account\"}\n";
  const std::string bitstamp = "1430438404645 trade {\"price\": 236.47, \"amount\": 0.21144331, \"id\": 8111041}\n";
  const std::string lobster = "34200.004241176,1,16113575,18,5853300,1\n";
  EXPECT_EQ(refusal("ndjson", ndjson), "");
  EXPECT_EQ(refusal("bitstamp-l3", bitstamp), "");
  EXPECT_EQ(refusal("lobster", lobster), "");
  for (const auto& text : {bitstamp, lobster, std::string("\n\nhello\n"), std::string("[1]\n"), std::string("{")}) {
    EXPECT_TRUE(refusal("ndjson", text).starts_with("does not look like ndjson: line ")) << text;
  }
  for (const auto& text : {ndjson, lobster, std::string("1430438404645 trade\n")}) {
    EXPECT_TRUE(refusal("bitstamp-l3", text).starts_with("does not look like bitstamp-l3: line 1: ")) << text;
  }
  for (const auto& text : {ndjson, bitstamp, std::string("time,type,order_id,size,price,direction\n")}) {
    EXPECT_TRUE(refusal("lobster", text).starts_with("does not look like lobster: line 1: ")) << text;
  }
  EXPECT_EQ(refusal("ndjson", std::string(2u << 20, '{')),
            "does not look like ndjson: line 1: the line is longer than 1 MiB");
}

TEST(OpenFeed, SaysWhichOptionOfLobsterIsMissing) {
  EXPECT_EQ(refusal("lobster", "", {.symbol = "", .date = "2012-06-21"}),
            "lobster needs the option symbol (the file does not say it)");
  EXPECT_EQ(refusal("lobster", "", {.symbol = "AAPL", .date = ""}),
            "lobster needs the option date (the file does not say it)");
  EXPECT_TRUE(refusal("lobster", "", {.symbol = "AAPL", .date = "2012-13-01"}).starts_with("date: "));
}

}  // namespace
}  // namespace blotter::feeds
