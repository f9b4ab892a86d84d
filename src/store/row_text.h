// The one mapping from a row's member to what a store keeps: text, a whole number, a boolean or NULL.
//
// Cells (memory store, select) and bound parameters (SQLite) both follow from the functions here, so the stores
// cannot disagree on how a price or an instant is written.
#pragma once

#include <array>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "blotter/decimal.h"
#include "blotter/enums.h"
#include "blotter/ids.h"
#include "blotter/time.h"

namespace blotter {

// Room for the text of anything that is not a string already.
inline constexpr std::size_t kMemberTextMax = 48;
static_assert(kDecimalTextMax <= kMemberTextMax && kTimestampTextSize <= kMemberTextMax &&
              kUuidTextSize <= kMemberTextMax);

// The names of an enum by value, so that a row's enum costs one load. Enumerators count from 0 without gaps.
template <class E>
struct EnumNames {
  static constexpr std::size_t kCount = boost::mp11::mp_size<boost::describe::describe_enumerators<E>>::value;
  static constexpr std::array<std::string_view, kCount> kNames = [] {
    std::array<std::string_view, kCount> names{};
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
        [&](auto d) { names[static_cast<std::size_t>(d.value)] = name_of(d.value); });
    return names;
  }();
};

// The text of a member. Points into the member where it is text already, else into `buffer` (kMemberTextMax bytes).
// A value outside its enum has an empty text, which every CHECK refuses.
inline std::string_view text_of(const std::string& value, char*) { return value; }
inline std::string_view text_of(const Asset& value, char*) { return value.text(); }
inline std::string_view text_of(Decimal value, char* buffer) {
  return {buffer, static_cast<std::size_t>(write_text(value, buffer) - buffer)};
}
template <class Meaning>
std::string_view text_of(Exact<Meaning> value, char* buffer) {
  return text_of(value.value(), buffer);
}
inline std::string_view text_of(Timestamp value, char* buffer) {
  return {buffer, static_cast<std::size_t>(write_text(value, buffer) - buffer)};
}
inline std::string_view text_of(const Uuid& value, char* buffer) {
  return {buffer, static_cast<std::size_t>(write_text(value, buffer) - buffer)};
}
template <class E>
requires std::is_enum_v<E> std::string_view text_of(E value, char*) {
  const auto index = static_cast<std::size_t>(value);
  return index < EnumNames<E>::kCount ? EnumNames<E>::kNames[index] : std::string_view{};
}

// What a column holds. Cells and SQLite keep all but integers and booleans as text.
enum class ColumnKind : std::uint8_t {
  text,
  integer,
  boolean,
  decimal,
  instant,
  uuid,
  day,   // YYYY-MM-DD
  json,  // a JSON object, kept as it was written
};

template <class T>
struct MemberType {
  using Value = T;
  static constexpr bool kNullable = false;
};
template <class T>
struct MemberType<std::optional<T>> {
  using Value = T;
  static constexpr bool kNullable = true;
};

template <class T>
inline constexpr bool kIsExact = false;
template <class Meaning>
inline constexpr bool kIsExact<Exact<Meaning>> = true;

// Days and JSON are strings in the rows, so their columns are known by name.
template <class Member>
constexpr ColumnKind kind_of(std::string_view column) {
  using Value = typename MemberType<Member>::Value;
  if (std::is_same_v<Value, std::int64_t>) return ColumnKind::integer;
  if (std::is_same_v<Value, bool>) return ColumnKind::boolean;
  if (std::is_same_v<Value, Decimal> || kIsExact<Value>) return ColumnKind::decimal;
  if (std::is_same_v<Value, Timestamp>) return ColumnKind::instant;
  if (std::is_same_v<Value, Uuid>) return ColumnKind::uuid;
  if (column == "day" || column == "trade_date") return ColumnKind::day;
  if (column == "metadata" || column == "details") return ColumnKind::json;
  return ColumnKind::text;
}

template <class Row>
using Members = boost::describe::describe_members<Row, boost::describe::mod_public>;
template <class Row>
inline constexpr std::size_t kMemberCount = boost::mp11::mp_size<Members<Row>>::value;
template <class Row, class Descriptor>
using MemberOf = std::remove_cvref_t<decltype(std::declval<const Row&>().*Descriptor::pointer)>;

}  // namespace blotter
