// The identifiers of Blotter. Each is its own type, so that an account is never passed for an instrument.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "blotter/result.h"
#include "blotter/time.h"

namespace blotter {

// An event's place in the journal: from 1, without gaps. 0 means "before the first".
enum class Seq : std::uint64_t {};
constexpr std::uint64_t to_number(Seq seq) { return static_cast<std::uint64_t>(seq); }
constexpr Seq next(Seq seq) { return Seq{to_number(seq) + 1}; }

// The fencing number of a book's writer: grows by at least one with every writer that opens the book.
enum class Epoch : std::uint64_t {};
constexpr std::uint64_t to_number(Epoch epoch) { return static_cast<std::uint64_t>(epoch); }

// Small dense numbers given in order of registration, from 1; the journal uses them in place of names.
enum class AccountId : std::uint32_t {};
enum class InstrumentId : std::uint32_t {};
enum class StrategyId : std::uint32_t {};
// Dense number of an order within its book, from 1.
enum class OrderNo : std::uint64_t {};

// Facts with no known strategy belong to this one, which every book has.
inline constexpr StrategyId kUnattributed{1};

// RFC 9562 UUID. order_id is a version 7 UUID.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  friend constexpr auto operator<=>(const Uuid&, const Uuid&) = default;
};

std::string to_text(const Uuid& uuid);
inline constexpr int kUuidTextSize = 36;
char* write_text(const Uuid& uuid, char* out);
// Errc: invalid.
Result<Uuid> parse_uuid(std::string_view text);

// A version 7 UUID whose time is `at` and whose 74 other bits are a hash of (account, client_order_id). The same
// order gets the same id on every run, retry and rebuild, and ids still grow with time (docs/adr/0004).
Uuid make_order_id(Timestamp at, std::string_view account, std::string_view client_order_id);

// A currency or coin as people write it: "USD", "BTC", "XBt". 1 to 23 bytes, no NUL; empty means "none".
class Asset {
 public:
  static constexpr std::size_t kBytesMax = 23;

  constexpr Asset() = default;
  // Errc: invalid (longer than kBytesMax, or a NUL inside).
  static Result<Asset> parse(std::string_view text);
  // For literals. Longer text is our bug.
  static Asset of(std::string_view text);

  std::string_view text() const { return {bytes_.data(), std::strlen(bytes_.data())}; }
  bool empty() const { return bytes_[0] == 0; }
  friend bool operator==(const Asset&, const Asset&) = default;
  friend auto operator<=>(const Asset& a, const Asset& b) { return a.text() <=> b.text(); }

 private:
  std::array<char, kBytesMax + 1> bytes_{};
};

}  // namespace blotter

template <>
struct std::hash<blotter::Asset> {
  std::size_t operator()(const blotter::Asset& asset) const { return std::hash<std::string_view>{}(asset.text()); }
};
