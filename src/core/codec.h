// The bytes of events and snapshots: every described struct, member by member, in the order of its description.
//
// Integers and enums are LEB128 varints (signed ones zigzag), instants 8 bytes, decimals a length and their significant
// little-endian bytes (two's complement), texts a length and bytes, an optional or variant its index first.
// docs/formats/journal.md, "Records".
// Failure    Reading checks every length; after a bad one the reader is failed and everything it returns is empty.
#pragma once

#include <bit>
#include <boost/describe/bases.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "blotter/decimal.h"
#include "blotter/ids.h"
#include "blotter/result.h"
#include "core/event.h"

namespace blotter {

static_assert(std::endian::native == std::endian::little, "the journal's byte order is little-endian");

class ByteWriter {
 public:
  void clear() { size_ = 0; }
  std::span<const std::byte> bytes() const { return {buffer_.data(), size_}; }
  // Room for `count` more bytes, so that a large text grows once.
  void reserve(std::size_t count) {
    if (size_ + count > buffer_.size()) buffer_.resize(size_ + count);
  }
  // The bytes, without a copy; the writer is empty afterwards.
  std::vector<std::byte> take() {
    buffer_.resize(size_);
    size_ = 0;
    return std::move(buffer_);
  }

  void raw(const void* data, std::size_t count) {
    if (count == 0) return;
    std::memcpy(room(count), data, count);
    size_ += count;
  }
  void varint(std::uint64_t value) {
    std::byte* out = room(10);
    while (value >= 0x80) {
      *out++ = static_cast<std::byte>(value | 0x80);
      value >>= 7;
    }
    *out++ = static_cast<std::byte>(value);
    size_ = static_cast<std::size_t>(out - buffer_.data());
  }

 private:
  std::byte* room(std::size_t count) {
    if (size_ + count > buffer_.size()) buffer_.resize((size_ + count) * 2 + 256);
    return buffer_.data() + size_;
  }

  std::vector<std::byte> buffer_;
  std::size_t size_ = 0;
};

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : next_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool failed() const { return failed_; }
  bool at_end() const { return next_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - next_); }

  // The next `count` bytes, or null.
  const std::byte* take(std::size_t count) {
    if (failed_ || left() < count) {
      failed_ = true;
      return nullptr;
    }
    const std::byte* bytes = next_;
    next_ += count;
    return bytes;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (failed_ || next_ == end_) break;
      const auto byte = static_cast<std::uint64_t>(*next_++);
      if (shift == 63 && byte > 1) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    failed_ = true;
    return 0;
  }
  // 0 or 1.
  bool flag() {
    const std::uint64_t value = varint();
    if (value > 1) failed_ = true;
    return value == 1;
  }
  void fail() { failed_ = true; }

 private:
  const std::byte* next_;
  const std::byte* end_;
  bool failed_ = false;
};

namespace codec {

template <class T>
concept Described = boost::describe::has_describe_members<T>::value;

template <class T>
struct IsExact : std::false_type {};
template <class M>
struct IsExact<Exact<M>> : std::true_type {};

// Differences wrap, so that any two instants can be written.
inline std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline std::int64_t sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

inline void write(ByteWriter& out, Decimal value) {
  const Int128 units = value.units();
  // Bits needed with the sign bit, in whole bytes.
  const auto magnitude = static_cast<UInt128>(units < 0 ? ~units : units);
  const auto high = static_cast<std::uint64_t>(magnitude >> 64);
  const auto low = static_cast<std::uint64_t>(magnitude);
  const int bits = high != 0 ? 128 - std::countl_zero(high) : 64 - std::countl_zero(low);
  const auto count = static_cast<std::size_t>(units == 0 ? 0 : bits / 8 + 1);
  std::uint8_t bytes[17];
  bytes[0] = static_cast<std::uint8_t>(count);
  std::memcpy(bytes + 1, &units, sizeof units);
  out.raw(bytes, count + 1);
}
inline void read(ByteReader& in, Decimal& value) {
  const std::uint64_t count = in.varint();
  if (count > 16) return in.fail();
  const std::byte* bytes = in.take(count);
  if (bytes == nullptr || count == 0) {
    value = Decimal{};
    return;
  }
  UInt128 units = 0;
  std::memcpy(&units, bytes, count);
  const auto unused = static_cast<unsigned>(128 - 8 * count);
  value = Decimal::from_units(static_cast<Int128>(units << unused) >> unused);
}

inline void write(ByteWriter& out, const std::string& text) {
  out.varint(text.size());
  out.raw(text.data(), text.size());
}
inline void read(ByteReader& in, std::string& text) {
  const std::uint64_t size = in.varint();
  const std::byte* bytes = size <= in.left() ? in.take(size) : (in.fail(), nullptr);
  if (bytes == nullptr) {
    text.clear();
    return;
  }
  text.assign(reinterpret_cast<const char*>(bytes), size);
}

inline void write(ByteWriter& out, const Asset& asset) {
  const std::string_view text = asset.text();
  out.varint(text.size());
  out.raw(text.data(), text.size());
}
inline void read(ByteReader& in, Asset& asset) {
  const std::uint64_t size = in.varint();
  const std::byte* bytes = size <= Asset::kBytesMax ? in.take(size) : (in.fail(), nullptr);
  if (bytes == nullptr) return;
  auto parsed = Asset::parse({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  if (!parsed) return in.fail();
  asset = *parsed;
}

inline void write(ByteWriter& out, Timestamp at) { out.raw(&at.ns, sizeof at.ns); }
inline void read(ByteReader& in, Timestamp& at) {
  if (const std::byte* bytes = in.take(sizeof at.ns)) std::memcpy(&at.ns, bytes, sizeof at.ns);
}
inline void write(ByteWriter& out, Day day) { out.varint(zigzag(day.days)); }
inline void read(ByteReader& in, Day& day) { day.days = static_cast<std::int32_t>(unzigzag(in.varint())); }
inline void write(ByteWriter& out, const Uuid& uuid) { out.raw(uuid.bytes.data(), uuid.bytes.size()); }
inline void read(ByteReader& in, Uuid& uuid) {
  if (const std::byte* bytes = in.take(uuid.bytes.size())) std::memcpy(uuid.bytes.data(), bytes, uuid.bytes.size());
}
inline void write(ByteWriter& out, const IdentityKey& key) { out.raw(&key, sizeof key); }
inline void read(ByteReader& in, IdentityKey& key) {
  if (const std::byte* bytes = in.take(sizeof key)) std::memcpy(&key, bytes, sizeof key);
}
// The most frequent struct: two of the three instants are near each other.
inline void write(ByteWriter& out, const EventTimes& times) {
  write(out, times.at);
  write(out, times.recorded_at);
  out.varint(zigzag(difference(times.received_at.ns, times.recorded_at.ns)));
}
inline void read(ByteReader& in, EventTimes& times) {
  read(in, times.at);
  read(in, times.recorded_at);
  times.received_at.ns = sum(times.recorded_at.ns, unzigzag(in.varint()));
}
// Most events have an identity of their own; those without take one byte.
inline void write(ByteWriter& out, const Identity& identity) {
  out.varint(identity.key.is_none() ? 0 : 1);
  if (identity.key.is_none()) return;
  write(out, identity.key);
  out.raw(&identity.content, sizeof identity.content);
  out.varint(identity.variant);
}
inline void read(ByteReader& in, Identity& identity) {
  identity = {};
  if (!in.flag()) return;
  read(in, identity.key);
  if (const std::byte* bytes = in.take(sizeof identity.content)) {
    std::memcpy(&identity.content, bytes, sizeof identity.content);
  }
  const std::uint64_t variant = in.varint();
  if (variant > 0xffffff) return in.fail();
  identity.variant = static_cast<std::uint32_t>(variant);
}

template <class T>
requires(std::is_enum_v<T> || std::is_same_v<T, bool> || std::is_unsigned_v<T>) void write(ByteWriter& out, T value) {
  out.varint(static_cast<std::uint64_t>(value));
}
template <class T>
requires(std::is_enum_v<T> || std::is_same_v<T, bool> || std::is_unsigned_v<T>) void read(ByteReader& in, T& value) {
  const std::uint64_t number = in.varint();
  if constexpr (boost::describe::has_describe_enumerators<T>::value) {
    // Closed sets are numbered from 0 without gaps.
    if (number >= boost::mp11::mp_size<boost::describe::describe_enumerators<T>>::value) return in.fail();
  }
  value = static_cast<T>(number);
  if (static_cast<std::uint64_t>(value) != number) in.fail();
}
inline void write(ByteWriter& out, std::int64_t value) { out.varint(zigzag(value)); }
inline void read(ByteReader& in, std::int64_t& value) { value = unzigzag(in.varint()); }

template <class M>
void write(ByteWriter& out, const Exact<M>& value) {
  write(out, value.value());
}
template <class M>
void read(ByteReader& in, Exact<M>& value) {
  Decimal decimal;
  read(in, decimal);
  value = Exact<M>(decimal);
}

template <Described T>
void write(ByteWriter& out, const T& value);
template <Described T>
void read(ByteReader& in, T& value);

template <class T>
void write(ByteWriter& out, const std::optional<T>& value) {
  out.varint(value ? 1 : 0);
  if (value) write(out, *value);
}
template <class T>
void read(ByteReader& in, std::optional<T>& value) {
  value.reset();
  if (!in.flag()) return;
  value.emplace();
  read(in, *value);
}

template <class T>
void write(ByteWriter& out, const std::vector<T>& values) {
  out.varint(values.size());
  for (const T& value : values) write(out, value);
}
template <class T>
void read(ByteReader& in, std::vector<T>& values) {
  const std::uint64_t count = in.varint();
  values.clear();
  // Every element takes at least one byte, so a larger count is a lie.
  if (count > in.left()) return in.fail();
  values.resize(count);
  for (T& value : values) read(in, value);
}

inline void write(ByteWriter&, std::monostate) {}
inline void read(ByteReader&, std::monostate) {}

template <class... Ts>
void write(ByteWriter& out, const std::variant<Ts...>& value) {
  out.varint(value.index());
  std::visit([&](const auto& alternative) { write(out, alternative); }, value);
}
template <class... Ts>
void read(ByteReader& in, std::variant<Ts...>& value) {
  const std::uint64_t index = in.varint();
  if (index >= sizeof...(Ts)) return in.fail();
  boost::mp11::mp_with_index<sizeof...(Ts)>(static_cast<std::size_t>(index), [&](auto i) {
    // An alternative that is there already keeps its capacity.
    if (value.index() != i) value.template emplace<i>();
    read(in, *std::get_if<i>(&value));
  });
}

template <Described T>
void write(ByteWriter& out, const T& value) {
  boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>(
      [&](auto member) { write(out, value.*member.pointer); });
}
template <Described T>
void read(ByteReader& in, T& value) {
  boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>(
      [&](auto member) { read(in, value.*member.pointer); });
}

}  // namespace codec

// One event as one journal record.
void encode(const Event& event, ByteWriter& out);

// Overwrites `event`. Errc: corrupt (not a record of this version).
Result<void> decode(std::span<const std::byte> bytes, Event& event);

}  // namespace blotter
