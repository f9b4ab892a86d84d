#include "journal/frame.h"

#include <gtest/gtest.h>

#include <random>

#include "journal/book_file.h"
#include "journal/journal_fixture.h"

namespace blotter::journal {
namespace {

Bytes payload_of(const std::vector<std::string>& records) {
  Bytes payload;
  for (const std::string& record : records) {
    std::array<std::byte, kVarintBytesMax> prefix;
    const std::size_t used = write_varint(static_cast<std::uint32_t>(record.size()), prefix.data());
    payload.insert(payload.end(), prefix.begin(), prefix.begin() + static_cast<std::ptrdiff_t>(used));
    const auto bytes = as_record(record);
    payload.insert(payload.end(), bytes.begin(), bytes.end());
  }
  return payload;
}

Bytes sealed(const std::vector<std::string>& records, FrameHeader& header) {
  const Bytes payload = payload_of(records);
  header.records = static_cast<std::uint32_t>(records.size());
  header.payload_bytes = static_cast<std::uint32_t>(payload.size());
  Bytes frame(header.padded_bytes(), std::byte{0xee});  // what an earlier group left in the buffer
  std::copy(payload.begin(), payload.end(), frame.begin() + kFrameHeaderBytes);
  seal_frame(header, frame);
  return frame;
}

FrameHeader some_header() {
  FrameHeader header;
  header.book = hash_of_book("test-book");
  header.previous = hash_of_book("previous");
  header.epoch = Epoch{3};
  header.segment = 7;
  header.offset = 8192;
  header.first = Seq{1234567890123};
  return header;
}

TEST(Frame, DecodesWhatWasSealed) {
  FrameHeader header = some_header();
  const Bytes frame = sealed({"a", std::string(127, 'b'), std::string(128, 'c'), std::string(20'000, 'd')}, header);
  EXPECT_EQ(frame.size() % kBlock, 0u);
  const auto decoded = decode_frame_header(frame);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->checksum, header.checksum);
  EXPECT_EQ(decoded->book, header.book);
  EXPECT_EQ(decoded->previous, header.previous);
  EXPECT_EQ(decoded->epoch, Epoch{3});
  EXPECT_EQ(decoded->segment, 7u);
  EXPECT_EQ(decoded->offset, 8192u);
  EXPECT_EQ(decoded->first, Seq{1234567890123});
  EXPECT_EQ(decoded->last(), Seq{1234567890126});
  EXPECT_EQ(frame_problem(*decoded, frame), nullptr);
  RecordWalk walk(std::span<const std::byte>(frame).subspan(kFrameHeaderBytes, decoded->payload_bytes));
  std::vector<std::size_t> sizes;
  while (const auto record = walk.next()) sizes.push_back(record->size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 127, 128, 20'000}));
}

TEST(Frame, EveryFlippedBitShows) {
  FrameHeader header = some_header();
  const Bytes good = sealed({"first", "second"}, header);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    const auto decoded = decode_frame_header(bad);
    if (!decoded || decoded->padded_bytes() != bad.size()) continue;
    EXPECT_NE(frame_problem(*decoded, bad), nullptr) << "bit " << bit;
  }
}

TEST(RecordWalk, RefusesMalformedLengths) {
  const auto walk_of = [](std::initializer_list<int> values) {
    Bytes bytes;
    for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
    RecordWalk walk(bytes);
    while (walk.next()) {
    }
    return walk.ok();
  };
  EXPECT_TRUE(walk_of({}));
  EXPECT_TRUE(walk_of({1, 'a'}));
  EXPECT_FALSE(walk_of({2, 'a'})) << "longer than what is left";
  EXPECT_FALSE(walk_of({0})) << "an empty record";
  EXPECT_FALSE(walk_of({0x81, 0x00, 'a'})) << "a length that is not as short as possible";
  EXPECT_FALSE(walk_of({0x80})) << "a length without an end";
  EXPECT_FALSE(walk_of({0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 'a'})) << "a length of more than 5 bytes";
  EXPECT_FALSE(walk_of({0xff, 0xff, 0xff, 0xff, 0x7f, 'a'})) << "more than 32 bits";
}

TEST(RecordWalk, SurvivesRandomBytes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes(random() % 40);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() % 8 == 0 ? random() : random() % 12);
    RecordWalk walk(bytes);
    std::size_t total = 0;
    while (const auto record = walk.next()) total += record->size();
    EXPECT_LE(total, bytes.size());
  }
}

}  // namespace
}  // namespace blotter::journal
