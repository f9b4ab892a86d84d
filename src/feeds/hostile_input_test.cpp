// Input that somebody made to hurt us, and input that broke on its way: always an answer, never a crash. The JSON
// scanner is held against Boost.JSON: what one calls JSON, the other does.
#include <boost/json/parse.hpp>

#include "feeds/feed_fixture_test.h"
#include "feeds/report_parser.h"

namespace blotter::feeds {
namespace {

bool parses(ReportParser& parser, const std::string& line) {
  std::vector<Report> reports;
  std::string problem;
  const bool taken = parser.parse(line, reports, problem);
  EXPECT_EQ(taken, reports.size() == 1) << line;
  EXPECT_EQ(taken, problem.empty()) << line;
  return taken;
}

bool is_object_for_boost(const std::string& text) {
  boost::json::error_code error;
  const auto value = boost::json::parse(text, error);
  return !error && value.is_object();
}

std::string repeat(std::string_view piece, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += piece;
  return text;
}

TEST(HostileInput, RefusesEveryExampleCutAtAnyByte) {
  ReportParser parser;
  for (const auto& line : report_examples()) {
    ASSERT_TRUE(parses(parser, line));
    for (std::size_t length = 0; length < line.size(); ++length) {
      EXPECT_FALSE(parses(parser, line.substr(0, length))) << line.substr(0, length);
    }
  }
}

TEST(HostileInput, AgreesWithBoostJsonOnMutatedLines) {
  TestRandom random;
  ReportParser parser;
  const auto lines = report_examples();
  constexpr std::string_view kAlphabet = "{}[]\",:\\/bfnrtu0123456789.-+eEtruefalsn \t\x01\x7f\x80\xc3\xa9\xed\xf5";
  for (int round = 0; round < 60000; ++round) {
    std::string line = lines[random.below(lines.size())];
    for (std::size_t changes = 1 + random.below(3); changes > 0; --changes) {
      const std::size_t at = random.below(line.size());
      const char byte = kAlphabet[random.below(kAlphabet.size())];
      switch (random.below(4)) {
        case 0:
          line[at] = byte;
          break;
        case 1:
          line.insert(at, 1, byte);
          break;
        case 2:
          line.erase(at, 1 + random.below(4));
          break;
        default:
          line.insert(at, line.substr(random.below(line.size()), random.below(20)));
          break;
      }
      if (line.empty()) line.push_back('{');
    }
    std::string problem;
    const bool object = is_json_object(line, problem);
    // Boost refuses numbers beyond a double's range and a NUL in a key or string is ours to refuse.
    if (is_object_for_boost(line)) {
      EXPECT_TRUE(object) << line << "\n" << problem;
    } else if (object) {
      EXPECT_NE(line.find_first_of("eE"), std::string::npos) << line;
    }
    const bool taken = parses(parser, line);
    EXPECT_TRUE(object || !taken) << line;
  }
}

TEST(HostileInput, StopsAtDepthWithoutUsingTheStack) {
  ReportParser parser;
  const std::string head = R"({"type":"order","metadata":)";
  for (const std::size_t depth : {100u, 100000u}) {
    EXPECT_FALSE(parses(parser, repeat("[", depth)));
    EXPECT_FALSE(parses(parser, repeat("{\"a\":", depth)));
    EXPECT_FALSE(parses(parser, head + repeat("[", depth) + repeat("]", depth) + "}"));
    EXPECT_FALSE(parses(parser, head + repeat("{\"a\":", depth) + "1" + repeat("}", depth) + "}"));
  }
  const std::string order =
      R"({"type":"order","account":"A","at":1,"client_order_id":"c","symbol":"S","venue":"V","side":"buy",)"
      R"("quantity":1,"order_type":"market","metadata":{"a":)";
  EXPECT_TRUE(parses(parser, order + repeat("[", 30) + repeat("]", 30) + "}}"));
  EXPECT_FALSE(parses(parser, order + repeat("[", 31) + repeat("]", 31) + "}}"));
}

TEST(HostileInput, RefusesHugeNumbersWithoutReadingThemAsSomethingElse) {
  ReportParser parser;
  const std::string head = R"({"type":"mark","at":1,"symbol":"S","venue":"V","price":)";
  EXPECT_TRUE(parses(parser, head + "1}"));
  const std::string numbers[] = {repeat("9", 500000),
                                 std::string("1e").append(repeat("9", 500000)),
                                 std::string("0.").append(repeat("0", 500000)).append("1"),
                                 std::string("-").append(repeat("1", 500000)),
                                 "1e400",
                                 "1e-400"};
  for (const std::string& number : numbers) {
    EXPECT_FALSE(parses(parser, head + number + "}")) << number.substr(0, 20);
    EXPECT_FALSE(parses(parser, head + "\"" + number + "\"}")) << number.substr(0, 20);
  }
  for (const std::string at :
       {"1e18", "1.5", "99999999999999999999", "-", "\"2026-02-30T00:00:00Z\"", "\"now\"", "{}"}) {
    EXPECT_FALSE(parses(parser, R"({"type":"mark","symbol":"S","venue":"V","price":1,"at":)" + at + "}")) << at;
  }
}

TEST(HostileInput, RefusesBrokenUtf8AndBrokenEscapes) {
  ReportParser parser;
  const auto mark = [](const std::string& symbol) {
    return R"({"type":"mark","at":1,"venue":"V","price":1,"symbol":")" + symbol + "\"}";
  };
  for (const std::string symbol :
       {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\\u20ac", "\\ud83d\\ude00"}) {
    EXPECT_TRUE(parses(parser, mark(symbol))) << symbol;
  }
  for (const std::string symbol : {"\x80",
                                   "\xc3",
                                   "\xc0\x80",
                                   "\xc1\xbf",
                                   "\xe0\x80\x80",
                                   "\xed\xa0\x80",
                                   "\xf0\x80\x80\x80",
                                   "\xf4\x90\x80\x80",
                                   "\xf5\x80\x80\x80",
                                   "\xff",
                                   "\xe2\x82",
                                   "a\xf0\x9f\x98",
                                   "\\ud83d",
                                   "\\ude00",
                                   "\\ud83d\\u0041",
                                   "\\ud83dx",
                                   "\\u12",
                                   "\\u12g4",
                                   "\\x41",
                                   "\\",
                                   "\\u0000",
                                   "\\u0007",
                                   "\x01",
                                   "\x7f"}) {
    EXPECT_FALSE(parses(parser, mark(symbol))) << symbol;
  }
  EXPECT_FALSE(parses(parser, mark(std::string("a\0b", 3))));
}

TEST(HostileInput, RefusesADuplicateHiddenInMetadata) {
  ReportParser parser;
  const auto order = [](const std::string& metadata) {
    return R"({"type":"order","account":"A","at":1,"client_order_id":"c","symbol":"S","venue":"V","side":"buy",)"
           R"("quantity":1,"order_type":"market","metadata":)" +
           metadata + "}";
  };
  EXPECT_TRUE(parses(parser, order(R"({"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]})")));
  EXPECT_FALSE(parses(parser, order(R"({"a":1,"a":2})")));
  EXPECT_FALSE(parses(parser, order(R"({"a":1,"\u0061":2})")));
  EXPECT_FALSE(parses(parser, order(R"({"x":{"b":1,"c":{},"b":2}})")));
}

TEST(HostileInput, GoesOnAfterEveryKindOfBadLine) {
  const std::string good = report_examples()[0];
  const std::string text = good + "\n\xff\xfe\n" + std::string("\0\0\0", 3) + "\n" + std::string(2u << 20, '{') +
                           "\n{\n" + repeat("[", 100000) + "\n\n" + good + "\r\n" + good.substr(0, good.size() - 1);
  const auto lines = read_text("ndjson", text);
  ASSERT_EQ(lines.size(), 9u);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const FeedLine& line = lines[i].line;
    EXPECT_EQ(line.number, i + 1);
    EXPECT_EQ(line.reports.size(), i == 0 || i == 7 ? 1u : 0u) << i;
    EXPECT_EQ(line.ignored, i == 6);
    EXPECT_EQ(line.invalid.empty(), i == 0 || i == 6 || i == 7) << i;
  }
  EXPECT_EQ(lines[7].text, good);
}

TEST(HostileInput, ForeignFormatsAnswerMutatedLinesToo) {
  TestRandom random;
  const std::string bitstamp =
      "1 order_created {\"price\": \"236.47\", \"amount\": \"2.00000000\", \"datetime\": \"1430438404\", \"id\": 1, "
      "\"order_type\": 0}\n"
      "2 order_changed {\"price\": \"236.47\", \"amount\": \"1.5\", \"id\": 1, \"order_type\": 0}\n"
      "3 order_deleted {\"price\": \"236.47\", \"amount\": \"0.5\", \"id\": 1, \"order_type\": 0}\n"
      "4 trade {\"price\": 236.47, \"amount\": 0.21144331, \"id\": 8111041}\n";
  const std::string lobster =
      "34200.1,1,7,18,5853200,1\n34200.2,2,7,8,5853200,1\n34200.3,4,7,1,5853200,1\n34200.4,3,7,9,5853200,1\n";
  for (const auto& [format, text] : {std::pair{"bitstamp-l3", bitstamp}, std::pair{"lobster", lobster}}) {
    for (int round = 0; round < 5000; ++round) {
      std::string changed = text;
      for (std::size_t changes = 1 + random.below(4); changes > 0; --changes) {
        changed[random.below(changed.size())] = static_cast<char>(random.below(256));
      }
      auto feed = open_text(format, changed, {.symbol = "S", .date = "2012-06-21"});
      if (!feed) {
        EXPECT_EQ(feed.error().code, Errc::invalid);
        continue;
      }
      for (const auto& seen : read_all(**feed)) {
        const FeedLine& line = seen.line;
        const int answers =
            int{line.ignored} + int{!line.invalid.empty()} + int{!line.quarantine.empty()} + int{!line.reports.empty()};
        EXPECT_EQ(answers, 1) << seen.text;
      }
    }
  }
}

}  // namespace
}  // namespace blotter::feeds
