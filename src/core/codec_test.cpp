#include "core/codec.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "core/random_events_test.h"
#include "core/random_seed_test.h"
#include "core/render.h"
#include "core/snapshot.h"

namespace blotter {
namespace {

std::vector<std::byte> bytes_of_event(const Event& event) {
  ByteWriter out;
  encode(event, out);
  return {out.bytes().begin(), out.bytes().end()};
}

// A random event of the type with this index.
Event random_event(RandomValues& random, std::size_t type) {
  Event event;
  boost::mp11::mp_with_index<std::variant_size_v<Event>>(type, [&](auto i) { random.fill(event.emplace<i>()); });
  return event;
}

constexpr std::size_t kTypes = std::variant_size_v<Event>;

TEST(Codec, EveryEventComesBackAsItWas) {
  RandomValues random(test_seed());
  Event reused;
  for (int round = 0; round < 400; ++round) {
    for (std::size_t type = 0; type < kTypes; ++type) {
      const Event event = random_event(random, type);
      const auto bytes = bytes_of_event(event);
      Event back;
      ASSERT_TRUE(decode(bytes, back).has_value()) << event_name(event);
      EXPECT_EQ(back.index(), type);
      EXPECT_EQ(bytes_of_event(back), bytes) << event_name(event);
      EXPECT_EQ(render_json(back), render_json(event));
      // The same into an object that held another event before.
      ASSERT_TRUE(decode(bytes, reused).has_value());
      EXPECT_EQ(bytes_of_event(reused), bytes) << event_name(event);
    }
  }
}

// Journals outlive programs: what a code means may never change.
TEST(Codec, AnEventKeepsItsCode) {
  constexpr std::string_view kCodes[] = {"account_defined", "instrument_defined", "strategy_defined", "order_opened",
                                         "order_updated",   "order_recalled",     "fill_booked",      "fill_reversed",
                                         "fee_booked",      "cash_moved",         "mark_set",         "split_recorded",
                                         "position_split",  "quarantined",        "audit_recorded"};
  ASSERT_EQ(std::size(kCodes), kTypes);
  RandomValues random(test_seed());
  for (std::size_t code = 0; code < kTypes; ++code) {
    const Event event = random_event(random, code);
    EXPECT_EQ(event_name(event), kCodes[code]);
    EXPECT_EQ(bytes_of_event(event).front(), static_cast<std::byte>(code));
  }
}

TEST(Codec, ExtremeDecimalsAndInstantsAreExact) {
  constexpr Int128 kMax = std::numeric_limits<Int128>::max();
  for (const Int128 units : {Int128{0}, Int128{1}, Int128{-1}, Int128{127}, Int128{128}, Int128{-128}, Int128{-129},
                             kMax, static_cast<Int128>(-kMax - 1), static_cast<Int128>(kMax / 256)}) {
    CashMoved event;
    event.amount = Decimal::from_units(units);
    Event back;
    ASSERT_TRUE(decode(bytes_of_event(event), back).has_value());
    EXPECT_EQ(std::get<CashMoved>(back).amount, event.amount);
  }
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
  for (const auto& [received, recorded] :
       {std::pair{kLast, kFirst}, std::pair{kFirst, kLast}, std::pair{kFirst, kFirst}}) {
    MarkSet event;
    event.times = {.at = {kFirst}, .received_at = {received}, .recorded_at = {recorded}};
    Event back;
    ASSERT_TRUE(decode(bytes_of_event(event), back).has_value());
    EXPECT_EQ(std::get<MarkSet>(back).times.received_at.ns, received);
    EXPECT_EQ(std::get<MarkSet>(back).times.recorded_at.ns, recorded);
  }
}

TEST(Codec, ARecordCutAnywhereIsRefused) {
  RandomValues random(test_seed());
  for (std::size_t type = 0; type < kTypes; ++type) {
    for (int round = 0; round < 5; ++round) {
      const auto bytes = bytes_of_event(random_event(random, type));
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        Event back;
        const auto decoded = decode({bytes.data(), size}, back);
        ASSERT_FALSE(decoded.has_value()) << "type " << type << " cut at " << size << " of " << bytes.size();
        EXPECT_EQ(decoded.error().code, Errc::corrupt);
      }
      auto longer = bytes;
      longer.push_back(std::byte{0});
      Event back;
      EXPECT_FALSE(decode(longer, back).has_value()) << "bytes after the end";
    }
  }
}

TEST(Codec, ChangedBytesAreRefusedOrMeanAnotherEventThatCanBeWritten) {
  RandomValues random(test_seed());
  for (std::size_t type = 0; type < kTypes; ++type) {
    for (int round = 0; round < 20; ++round) {
      const auto bytes = bytes_of_event(random_event(random, type));
      for (int change = 0; change < 60; ++change) {
        auto changed = bytes;
        for (std::size_t n = 1 + random.below(3); n > 0; --n) {
          changed[random.below(changed.size())] = static_cast<std::byte>(random.bits());
        }
        Event back;
        if (decode(changed, back)) {
          Event again;
          ASSERT_TRUE(decode(bytes_of_event(back), again).has_value());
        }
      }
    }
  }
}

TEST(Codec, RandomBytesNeverDoHarm) {
  RandomValues random(test_seed());
  std::vector<std::byte> bytes;
  for (int round = 0; round < 100'000; ++round) {
    bytes.resize(random.below(120));
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.bits() >> (random.below(2) * 6));
    if (!bytes.empty()) bytes[0] = static_cast<std::byte>(random.below(kTypes + 1));
    Event back;
    if (decode(bytes, back)) static_cast<void>(render_json(back));
  }
}

TEST(Codec, ValuesOutOfTheirRangeAreRefused) {
  const auto refused = [](std::initializer_list<int> values, auto target) {
    std::vector<std::byte> bytes;
    for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
    ByteReader in(bytes);
    codec::read(in, target);
    return in.failed();
  };
  EXPECT_TRUE(refused({2}, Side::buy));
  EXPECT_TRUE(refused({2}, false));
  EXPECT_TRUE(refused({0x80, 0x80, 0x80, 0x80, 0x10}, AccountId{}));
  EXPECT_TRUE(refused({17}, Decimal{}));
  EXPECT_TRUE(refused({2}, std::optional<Side>{}));
  EXPECT_TRUE(refused({200, 1}, std::vector<Lot>{}));
  EXPECT_TRUE(refused({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, std::uint64_t{})) << "70 bits";
}

TEST(Snapshot, AnyBytesAreRefusedOrReadWithoutHarm) {
  RandomValues random(test_seed());
  State state;
  const auto good = encode_snapshot(state);
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = good;
    if (random.below(2) == 0) bytes.resize(random.below(bytes.size()));
    for (std::size_t n = random.below(4); n > 0 && !bytes.empty(); --n) {
      bytes[random.below(bytes.size())] = static_cast<std::byte>(random.below(4));
    }
    State back;
    static_cast<void>(decode_snapshot(bytes, back).has_value());
  }
}

TEST(RenderJson, EveryEventIsValidJson) {
  RandomValues random(test_seed());
  for (int round = 0; round < 300; ++round) {
    for (std::size_t type = 0; type < kTypes; ++type) {
      const Event event = random_event(random, type);
      const std::string text = render_json(event);
      boost::system::error_code error;
      const auto parsed = boost::json::parse(text, error);
      ASSERT_FALSE(error.failed()) << error.message() << '\n' << text;
      ASSERT_TRUE(parsed.is_object());
      EXPECT_EQ(parsed.at("type").as_string(), event_name(event));
    }
  }
}

TEST(RenderJson, TextComesBackAndBytesThatAreNoTextAreMarked) {
  const auto rendered = [](std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
  };
  for (const std::string_view text : {"plain", "qu\"ote\\", "line\nfeed\ttab\r\x01\x7f", "Zürich €𝄞"}) {
    EXPECT_EQ(boost::json::parse(rendered(text)).as_string(), text);
  }
  EXPECT_EQ(rendered("a\xff"
                     "b"),
            "\"a\\ufffdb\"");
  EXPECT_EQ(rendered("\xc3"), "\"\\ufffd\"");
  EXPECT_EQ(rendered("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"") << "a surrogate";
  EXPECT_EQ(rendered("\xc0\x80"), "\"\\ufffd\\ufffd\"") << "an overlong NUL";
}

}  // namespace
}  // namespace blotter
