// Rows in PostgreSQL's binary form: tuples of COPY, and arrays for unnest(), from one description of each value.
//
// Columns follow from the described rows (column_list.h has the same order): a JSON member is two columns, the value as
// JSONB (NULL when PostgreSQL cannot hold it) and its exact text; a row with instants ends with `nanos`.
// Rows must satisfy the row rules; a value out of its enum or a day that is none is our bug here.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/postgres/jsonb.h"
#include "store/postgres/numeric.h"
#include "store/row_text.h"

namespace blotter::postgres {

// Bytes that grow at the end. Room is asked for once for each value, then written without checks.
class ByteBuffer {
 public:
  char* room(std::size_t bytes) {
    if (size_ + bytes > capacity_) grow(bytes);
    return data_.get() + size_;
  }
  void end_at(const char* end) { size_ = static_cast<std::size_t>(end - data_.get()); }
  void put(std::string_view bytes) {
    char* out = room(bytes.size());
    std::memcpy(out, bytes.data(), bytes.size());
    end_at(out + bytes.size());
  }
  std::size_t size() const { return size_; }
  std::string_view view() const { return {data_.get(), size_}; }
  void clear() { size_ = 0; }

 private:
  void grow(std::size_t bytes) {
    const std::size_t wanted = std::max(capacity_ * 2, size_ + bytes + 4096);
    auto larger = std::make_unique_for_overwrite<char[]>(wanted);
    if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = wanted;
  }

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

namespace encoding {

inline void put_null(ByteBuffer& out) { out.end_at(put_int32(out.room(4), -1)); }

inline void put_text(ByteBuffer& out, std::string_view text) {
  char* at = put_int32(out.room(4 + text.size()), static_cast<std::int32_t>(text.size()));
  std::memcpy(at, text.data(), text.size());
  out.end_at(at + text.size());
}

inline void put_jsonb(ByteBuffer& out, std::string_view text) {
  if (!jsonb_holds(text)) return put_null(out);
  constexpr char kVersion = 1;
  char* at = put_int32(out.room(5 + text.size()), static_cast<std::int32_t>(1 + text.size()));
  *at++ = kVersion;
  std::memcpy(at, text.data(), text.size());
  out.end_at(at + text.size());
}

inline void put_integer(ByteBuffer& out, std::int32_t value) {
  out.end_at(put_int32(put_int32(out.room(8), 4), value));
}

// Length and bytes of one value, as COPY and arrays have it alike.
template <ColumnKind kind, class T>
void put_value(ByteBuffer& out, const T& value) {
  if constexpr (kind == ColumnKind::integer) {
    out.end_at(put_int64(put_int32(out.room(12), 8), value));
  } else if constexpr (kind == ColumnKind::boolean) {
    char* at = put_int32(out.room(5), 1);
    *at = value ? 1 : 0;
    out.end_at(at + 1);
  } else if constexpr (kind == ColumnKind::decimal) {
    char* const at = out.room(4 + kNumericBytesMax);
    char* end = nullptr;
    if constexpr (std::is_same_v<T, Decimal>)
      end = write_numeric(value, at + 4);
    else
      end = write_numeric(value.value(), at + 4);
    put_int32(at, static_cast<std::int32_t>(end - at - 4));
    out.end_at(end);
  } else if constexpr (kind == ColumnKind::instant) {
    out.end_at(put_int64(put_int32(out.room(12), 8), split(value).microseconds));
  } else if constexpr (kind == ColumnKind::uuid) {
    char* at = put_int32(out.room(20), 16);
    std::memcpy(at, value.bytes.data(), 16);
    out.end_at(at + 16);
  } else if constexpr (kind == ColumnKind::day) {
    put_integer(out, postgres_day(value));
  } else {
    put_text(out, text_of(value, nullptr));
  }
}

template <ColumnKind kind, class T>
void put_member(ByteBuffer& out, const T& member) {
  if constexpr (MemberType<T>::kNullable) {
    if (member)
      put_value<kind>(out, *member);
    else
      put_null(out);
  } else {
    put_value<kind>(out, member);
  }
}

inline void put_json_member(ByteBuffer& out, const std::string& member) { put_jsonb(out, member); }
inline void put_json_member(ByteBuffer& out, const std::optional<std::string>& member) {
  if (member)
    put_jsonb(out, *member);
  else
    put_null(out);
}

inline std::int32_t nanos_of(Timestamp at) { return split(at).nanos; }
inline std::int32_t nanos_of(const std::optional<Timestamp>& at) { return at ? split(*at).nanos : 0; }

template <class Row, class Descriptor>
constexpr ColumnKind member_kind() {
  return kind_of<MemberOf<Row, Descriptor>>(Descriptor::name);
}

template <class Row>
constexpr int count_of_kind(ColumnKind kind) {
  int count = 0;
  boost::mp11::mp_for_each<Members<Row>>([&](auto d) { count += member_kind<Row, decltype(d)>() == kind ? 1 : 0; });
  return count;
}

}  // namespace encoding

template <class Row>
inline constexpr bool kHasInstants = encoding::count_of_kind<Row>(ColumnKind::instant) > 0;
// Columns of the table in PostgreSQL.
template <class Row>
inline constexpr int kColumnCount =
    static_cast<int>(kMemberCount<Row>) + encoding::count_of_kind<Row>(ColumnKind::json) + (kHasInstants<Row> ? 1 : 0);

// The column `nanos`: three decimal digits for each instant, the first one lowest.
template <class Row>
std::int32_t nanos_of_row(const Row& row) {
  std::int32_t nanos = 0;
  std::int32_t place = 1;
  boost::mp11::mp_for_each<Members<Row>>([&](auto d) {
    if constexpr (encoding::member_kind<Row, decltype(d)>() == ColumnKind::instant) {
      nanos += encoding::nanos_of(row.*d.pointer) * place;
      place *= 1000;
    }
  });
  return nanos;
}

// What a binary COPY begins and ends with.
inline constexpr std::string_view kCopyHead{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};
inline constexpr std::string_view kCopyEnd{"\377\377", 2};

// One tuple of a binary COPY.
template <class Row>
void append_tuple(ByteBuffer& out, const Row& row) {
  out.end_at(put_uint16(out.room(2), static_cast<std::uint16_t>(kColumnCount<Row>)));
  boost::mp11::mp_for_each<Members<Row>>([&](auto d) {
    constexpr ColumnKind kKind = encoding::member_kind<Row, decltype(d)>();
    if constexpr (kKind == ColumnKind::json) encoding::put_json_member(out, row.*d.pointer);
    encoding::put_member<kKind>(out, row.*d.pointer);
  });
  if constexpr (kHasInstants<Row>) encoding::put_integer(out, nanos_of_row(row));
}

// The head of a one-dimensional array of `count` elements; the elements follow as lengths and bytes.
inline void append_array_head(ByteBuffer& out, std::uint32_t element_oid, std::size_t count) {
  char* at = out.room(20);
  at = put_int32(at, 1);  // dimensions
  at = put_int32(at, 1);  // there may be NULLs
  at = put_int32(at, static_cast<std::int32_t>(element_oid));
  at = put_int32(at, static_cast<std::int32_t>(count));
  out.end_at(put_int32(at, 1));  // counts from 1
}

// Calls take(bytes) with the array of each column in order. The bytes are in `out` until the next call.
template <class Row, class Take>
void for_each_array(const std::vector<Row>& rows, const std::uint32_t* element_oids, ByteBuffer& out, Take take) {
  const auto make = [&](auto put) {
    out.clear();
    append_array_head(out, *element_oids++, rows.size());
    for (const Row& row : rows) put(row);
    take(out.view());
  };
  boost::mp11::mp_for_each<Members<Row>>([&](auto d) {
    constexpr ColumnKind kKind = encoding::member_kind<Row, decltype(d)>();
    if constexpr (kKind == ColumnKind::json) {
      make([&](const Row& row) { encoding::put_json_member(out, row.*d.pointer); });
    }
    make([&](const Row& row) { encoding::put_member<kKind>(out, row.*d.pointer); });
  });
  if constexpr (kHasInstants<Row>) {
    make([&](const Row& row) { encoding::put_integer(out, nanos_of_row(row)); });
  }
}

}  // namespace blotter::postgres
