// Random values of every described type, extremes more often than chance would have them.
#pragma once

#include <limits>
#include <random>

#include "core/codec.h"

namespace blotter {

class RandomValues {
 public:
  explicit RandomValues(std::uint64_t seed) : random_(seed) {}

  std::uint64_t bits() { return random_(); }
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

  void fill(bool& value) { value = below(2) == 1; }
  void fill(std::int64_t& value) { value = static_cast<std::int64_t>(extreme()); }
  void fill(std::uint64_t& value) { value = extreme(); }
  void fill(std::uint32_t& value) { value = static_cast<std::uint32_t>(extreme()); }
  void fill(std::string& value) {
    value.clear();
    for (std::size_t left = below(4) == 0 ? below(600) : below(20); left > 0; --left) {
      value.push_back(static_cast<char>(below(256)));
    }
  }
  void fill(Asset& value) {
    std::string text(below(Asset::kBytesMax + 1), 'x');
    for (char& c : text) c = static_cast<char>(1 + below(255));
    value = *Asset::parse(text);
  }
  void fill(Decimal& value) {
    constexpr Int128 kMax = std::numeric_limits<Int128>::max();
    const Int128 any = static_cast<Int128>((static_cast<UInt128>(bits()) << 64) | bits());
    const Int128 choices[] = {0, 1, -1, kMax, -kMax - 1, kMax - 1, any, any >> (1 + below(120)), 127, 128, -128, -129};
    value = Decimal::from_units(choices[below(std::size(choices))]);
  }
  template <class M>
  void fill(Exact<M>& value) {
    Decimal decimal;
    fill(decimal);
    value = Exact<M>(decimal);
  }
  void fill(Timestamp& value) { fill(value.ns); }
  void fill(Day& value) { value.days = static_cast<std::int32_t>(extreme()); }
  void fill(Uuid& value) {
    for (auto& byte : value.bytes) byte = static_cast<std::uint8_t>(bits());
  }
  void fill(Identity& value) {
    value = {};
    if (below(3) == 0) return;
    value.key = {.high = bits(), .low = bits() | 1};
    value.variant = static_cast<std::uint32_t>(bits() & 0xffffff);
    value.content = extreme();
  }
  template <class E>
  requires std::is_enum_v<E>
  void fill(E& value) {
    if constexpr (boost::describe::has_describe_enumerators<E>::value) {
      value = static_cast<E>(below(boost::mp11::mp_size<boost::describe::describe_enumerators<E>>::value));
    } else {
      value = static_cast<E>(extreme());
    }
  }
  template <class T>
  void fill(std::optional<T>& value) {
    value.reset();
    if (below(2) == 0) fill(value.emplace());
  }
  template <class T>
  void fill(std::vector<T>& values) {
    values.resize(below(4));
    for (T& value : values) fill(value);
  }
  void fill(std::monostate&) {}
  template <class... Ts>
  void fill(std::variant<Ts...>& value) {
    boost::mp11::mp_with_index<sizeof...(Ts)>(below(sizeof...(Ts)), [&](auto i) { fill(value.template emplace<i>()); });
  }
  template <codec::Described T>
  void fill(T& value) {
    boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>(
        [&](auto member) { fill(value.*member.pointer); });
  }

 private:
  std::uint64_t extreme() {
    const std::uint64_t choices[] = {0, 1, 127, 128, bits(), bits() >> below(64), ~0ull, 1ull << 63, (1ull << 63) - 1};
    return choices[below(std::size(choices))];
  }

  std::mt19937_64 random_;
};

}  // namespace blotter
