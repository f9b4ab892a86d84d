// The field names of the report format and which of them each type of line takes.
//
// One place for both, because a misspelt or misplaced field must be refused rather than dropped: it may be a fee.
// The format is described in docs/formats/report.md.
#pragma once

#include <array>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace blotter::feeds {

enum class Field : std::uint8_t {
  type,
  account,
  at,
  client_order_id,
  venue_order_id,
  symbol,
  venue,
  quote,
  currency,
  asset_class,
  side,
  quantity,
  order_type,
  limit_price,
  stop_price,
  tif,
  post_only,
  reduce_only,
  strategy,
  metadata,
  status,
  reason,
  cum_quantity,
  leaves_quantity,
  exec_id,
  price,
  fee,
  fee_asset,
  liquidity,
  new_exec_id,
  id,
  amount,
  asset,
  kind,
  note,
  ratio,
  base,
  settle,
  multiplier,
  tick_size,
  lot_size,
  inverse,
  base_currency,
  broker,
  method,
  mode,
  component,
  action,
  details,
  user,
  session,
  severity
};
BOOST_DESCRIBE_ENUM(Field, type, account, at, client_order_id, venue_order_id, symbol, venue, quote, currency,
                    asset_class, side, quantity, order_type, limit_price, stop_price, tif, post_only, reduce_only,
                    strategy, metadata, status, reason, cum_quantity, leaves_quantity, exec_id, price, fee, fee_asset,
                    liquidity, new_exec_id, id, amount, asset, kind, note, ratio, base, settle, multiplier, tick_size,
                    lot_size, inverse, base_currency, broker, method, mode, component, action, details, user, session,
                    severity)
inline constexpr std::size_t kFieldCount = 52;

enum class ReportType : std::uint8_t {
  order,
  order_status,
  fill,
  bust,
  correct,
  fee,
  cash,
  mark,
  split,
  instrument,
  account,
  audit
};
BOOST_DESCRIBE_ENUM(ReportType, order, order_status, fill, bust, correct, fee, cash, mark, split, instrument, account,
                    audit)
inline constexpr std::size_t kReportTypeCount = 12;

class FieldSet {
 public:
  constexpr FieldSet() = default;
  constexpr FieldSet(std::initializer_list<Field> fields) {
    for (const Field field : fields) add(field);
  }
  constexpr void add(Field field) { bits_ |= bit(field); }
  constexpr bool has(Field field) const { return (bits_ & bit(field)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  // The first of the set; it is not empty.
  constexpr Field first() const { return static_cast<Field>(__builtin_ctzll(bits_)); }
  friend constexpr FieldSet operator|(FieldSet a, FieldSet b) { return FieldSet(a.bits_ | b.bits_); }
  friend constexpr FieldSet operator-(FieldSet a, FieldSet b) { return FieldSet(a.bits_ & ~b.bits_); }

 private:
  constexpr explicit FieldSet(std::uint64_t bits) : bits_(bits) {}
  static constexpr std::uint64_t bit(Field field) { return std::uint64_t{1} << static_cast<unsigned>(field); }
  std::uint64_t bits_ = 0;
};

struct FieldShape {
  FieldSet required;
  FieldSet optional;
};

const FieldShape& shape_of(ReportType type);
std::string_view name_of(Field field);
std::optional<Field> find_field(std::string_view name);

}  // namespace blotter::feeds
