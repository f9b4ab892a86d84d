#include "feeds/source.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "feeds/feed_fixture_test.h"

namespace blotter::feeds {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string xz(std::string_view text) {
  std::string out(lzma_stream_buffer_bound(text.size()), '\0');
  std::size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()),
                                    text.size(), reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size()),
            LZMA_OK);
  out.resize(size);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

struct Format {
  const char* name;
  std::string (*compress)(std::string_view);
};
constexpr Format kFormats[] = {{"gz", gzip}, {"xz", xz}, {"zst", zstd}};

Result<std::string> drain(ByteSource& source, std::size_t piece = 65536) {
  std::string all;
  std::vector<char> buffer(piece);
  for (;;) {
    BLOTTER_ASSIGN(const std::size_t got, source.read(buffer.data(), buffer.size()));
    if (got == 0) return all;
    all.append(buffer.data(), got);
  }
}

Result<std::string> drain_file(const std::string& path) {
  BLOTTER_ASSIGN(const auto source, open_source(path));
  return drain(*source);
}

std::string long_text() {
  std::string text;
  for (int i = 0; i < 60000; ++i) text += "line " + std::to_string(i * 7919) + "\n";
  return text;
}

TEST(Source, ReadsAPlainFileAndKnowsItsSize) {
  TemporaryDirectory directory;
  const std::string text = long_text();
  auto source = open_source(directory.write("plain", text));
  ASSERT_TRUE(source.has_value());
  EXPECT_EQ((*source)->total(), text.size());
  EXPECT_EQ((*source)->consumed(), 0u);
  EXPECT_EQ(*drain(**source), text);
  EXPECT_EQ((*source)->consumed(), text.size());
}

TEST(Source, ReadsEmptyAndTinyFiles) {
  TemporaryDirectory directory;
  for (const std::string text : {"", "a", "\x1f", "\xfd", "ab\n"}) {
    auto read = drain_file(directory.write("tiny", text));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(*read, text);
  }
}

TEST(Source, TellsCompressionByTheFirstBytesNotByTheName) {
  TemporaryDirectory directory;
  const std::string text = long_text();
  for (const Format& format : kFormats) {
    const std::string bytes = format.compress(text);
    auto source = open_source(directory.write("misleading.txt", bytes));
    ASSERT_TRUE(source.has_value());
    EXPECT_EQ((*source)->total(), bytes.size());
    EXPECT_EQ(*drain(**source), text) << format.name;
    EXPECT_EQ((*source)->consumed(), bytes.size());
  }
}

TEST(Source, ReadsConcatenatedMembersAsOneFile) {
  TemporaryDirectory directory;
  const std::string text = long_text();
  for (const Format& format : kFormats) {
    const std::string bytes = format.compress(text) + format.compress("") + format.compress("tail\n");
    auto read = drain_file(directory.write("members", bytes));
    ASSERT_TRUE(read.has_value()) << format.name << read.error().message;
    EXPECT_EQ(*read, text + "tail\n") << format.name;
  }
}

TEST(Source, HandsOutOneByteAtATimeWhenAskedTo) {
  TemporaryDirectory directory;
  const std::string text = long_text().substr(0, 5000);
  for (const Format& format : kFormats) {
    auto source = open_source(directory.write("slow", format.compress(text)));
    ASSERT_TRUE(source.has_value());
    EXPECT_EQ(*drain(**source, 1), text) << format.name;
  }
}

TEST(Source, CallsATruncatedFileCorruptWhereverItIsCut) {
  TemporaryDirectory directory;
  for (const Format& format : kFormats) {
    const std::string bytes = format.compress(long_text().substr(0, 400));
    for (std::size_t length = 6; length < bytes.size(); ++length) {
      auto read = drain_file(directory.write("cut", bytes.substr(0, length)));
      ASSERT_FALSE(read.has_value()) << format.name << " cut at " << length;
      ASSERT_EQ(read.error().code, Errc::corrupt) << format.name << " cut at " << length;
    }
  }
}

TEST(Source, CallsAChangedByteCorruptOrReadsTheSameText) {
  TemporaryDirectory directory;
  TestRandom random;
  const std::string text = long_text().substr(0, 400);
  for (const Format& format : kFormats) {
    const std::string bytes = format.compress(text);
    for (int round = 0; round < 100; ++round) {
      std::string changed = bytes;
      // The magic stays: without it the file would be a plain one.
      const std::size_t at = 6 + random.below(bytes.size() - 6);
      changed[at] = static_cast<char>(changed[at] ^ (1 << random.below(8)));
      auto read = drain_file(directory.write("changed", changed));
      if (read.has_value()) {
        EXPECT_EQ(*read, text) << format.name << " byte " << at;
      } else {
        EXPECT_EQ(read.error().code, Errc::corrupt);
      }
    }
  }
}

TEST(Source, SaysWhenAFileIsNotThere) {
  auto source = open_source("/no/such/file");
  ASSERT_FALSE(source.has_value());
  EXPECT_EQ(source.error().code, Errc::not_found);
}

TEST(Source, RefusesADirectory) {
  TemporaryDirectory directory;
  auto source = open_source(directory.path().string());
  ASSERT_FALSE(source.has_value());
  EXPECT_EQ(source.error().code, Errc::unavailable);
}

TEST(Source, ReadsAPipeThatDripsItsFirstBytes) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::string bytes = gzip("hello\n");
  DescriptorSource* raw = nullptr;
  auto inner = std::make_unique<DescriptorSource>(ends[0], Closing::close, "pipe", std::nullopt);
  raw = inner.get();
  for (const char& byte : bytes) ASSERT_EQ(::write(ends[1], &byte, 1), 1);
  ::close(ends[1]);
  auto source = decompress_if_needed(std::move(inner));
  ASSERT_TRUE(source.has_value());
  EXPECT_EQ((*source)->total(), std::nullopt);
  EXPECT_EQ(*drain(**source), "hello\n");
  EXPECT_EQ(raw->consumed(), bytes.size());
}

}  // namespace
}  // namespace blotter::feeds
