#include "feeds/line_splitter.h"

#include "feeds/feed_fixture_test.h"

namespace blotter::feeds {
namespace {

// Gives its bytes in pieces of one size, to move every boundary across every line.
class PieceSource final : public ByteSource {
 public:
  PieceSource(std::string bytes, std::size_t piece) : inner_(std::move(bytes)), piece_(piece) {}
  Result<std::size_t> read(char* out, std::size_t size) override { return inner_.read(out, std::min(size, piece_)); }
  std::uint64_t consumed() const override { return inner_.consumed(); }
  std::optional<std::uint64_t> total() const override { return inner_.total(); }

 private:
  MemorySource inner_;
  std::size_t piece_;
};

struct Line {
  std::string text;
  bool too_long = false;
  friend bool operator==(const Line&, const Line&) = default;
};

std::vector<Line> split(const std::string& bytes, std::size_t piece = 1u << 20) {
  LineSplitter lines(std::make_unique<PieceSource>(bytes, piece));
  std::vector<Line> all;
  RawLine line;
  for (;;) {
    auto more = lines.next(line);
    EXPECT_TRUE(more.has_value());
    if (!more || !*more) return all;
    EXPECT_EQ(line.number, all.size() + 1);
    all.push_back({std::string(line.text), line.too_long});
  }
}

TEST(LineSplitter, TakesEveryKindOfEnd) {
  using namespace std::string_literals;
  for (const std::size_t piece : {1u, 2u, 3u, 1000u}) {
    EXPECT_EQ(split("", piece), std::vector<Line>{});
    EXPECT_EQ(split("a\nb\r\nc", piece), (std::vector<Line>{{"a"}, {"b"}, {"c"}}));
    EXPECT_EQ(split("a\n", piece), (std::vector<Line>{{"a"}}));
    EXPECT_EQ(split("\n\r\n\n", piece), (std::vector<Line>{{""}, {""}, {""}}));
    EXPECT_EQ(split("a\0b\rc\n"s, piece), (std::vector<Line>{{"a\0b\rc"s}}));
    EXPECT_EQ(split("last\r", piece), (std::vector<Line>{{"last"}}));
  }
}

TEST(LineSplitter, DropsAByteOrderMarkOnlyAtTheStart) {
  for (const std::size_t piece : {1u, 2u, 1000u}) {
    EXPECT_EQ(split("\xef\xbb\xbf{}\n\xef\xbb\xbf{}\n", piece), (std::vector<Line>{{"{}"}, {"\xef\xbb\xbf{}"}}));
    EXPECT_EQ(split("\xef\xbb", piece), (std::vector<Line>{{"\xef\xbb"}}));
  }
}

TEST(LineSplitter, TakesALineOfTheGreatestLengthAndMarksALongerOne) {
  const std::string longest(kLineBytesMax, 'x');
  for (const std::size_t piece : {4096u, 1000003u, 5u << 20}) {
    EXPECT_EQ(split("a\n" + longest + "\r\nb\n", piece), (std::vector<Line>{{"a"}, {longest}, {"b"}}));
    EXPECT_EQ(split("a\n" + longest + "x\nb\n", piece), (std::vector<Line>{{"a"}, {longest, true}, {"b"}}));
    EXPECT_EQ(split("a\n" + longest + "x\r\nb\n", piece), (std::vector<Line>{{"a"}, {longest, true}, {"b"}}));
    EXPECT_EQ(split(longest + longest + longest + "\nb", piece), (std::vector<Line>{{longest, true}, {"b"}}));
    EXPECT_EQ(split("a\n" + longest + longest, piece), (std::vector<Line>{{"a"}, {longest, true}}));
  }
}

TEST(LineSplitter, AgreesWithASimpleSplitOnRandomText) {
  TestRandom random;
  for (int round = 0; round < 300; ++round) {
    std::string bytes;
    std::vector<Line> expected;
    for (std::size_t i = random.below(40); i > 0; --i) {
      const std::string text(random.below(30), 'a');
      bytes += text + (random.below(2) != 0 ? "\r\n" : "\n");
      expected.push_back({text});
    }
    EXPECT_EQ(split(bytes, 1 + random.below(50)), expected);
  }
}

TEST(LineSplitter, PeeksAtTheFirstLineThatIsNotBlankWithoutTakingAnything) {
  for (const std::size_t piece : {1u, 1000u}) {
    LineSplitter lines(std::make_unique<PieceSource>("\n \t\nfirst\nsecond\n", piece));
    auto first = lines.peek();
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->text, "first");
    EXPECT_EQ(first->number, 3u);
    RawLine line;
    ASSERT_TRUE(*lines.next(line));
    EXPECT_EQ(line.number, 1u);
    EXPECT_EQ(line.text, "");
  }
}

TEST(LineSplitter, PeeksAtNothingWhenThereIsNothing) {
  for (const std::string text : {"", "\n", " ", "\n \n\t"}) {
    LineSplitter lines(std::make_unique<PieceSource>(text, 1));
    auto first = lines.peek();
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->number, 0u);
  }
  LineSplitter blanks(std::make_unique<PieceSource>(std::string(3u << 20, '\n'), 1u << 20));
  EXPECT_EQ(blanks.peek()->number, 0u);
}

TEST(LineSplitter, PeekingAtATooLongFirstLineStillLetsItBeRead) {
  const std::string text = std::string(3u << 20, 'x') + "\nnext\n";
  LineSplitter lines(std::make_unique<PieceSource>(text, 1u << 20));
  EXPECT_TRUE(lines.peek()->too_long);
  RawLine line;
  ASSERT_TRUE(*lines.next(line));
  EXPECT_TRUE(line.too_long);
  ASSERT_TRUE(*lines.next(line));
  EXPECT_EQ(line.text, "next");
}

}  // namespace
}  // namespace blotter::feeds
