#include "feeds/report_fields.h"

#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

namespace blotter::feeds {
namespace {

constexpr std::array<std::string_view, kFieldCount> kNames = [] {
  std::array<std::string_view, kFieldCount> names{};
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<Field>>(
      [&](auto d) { names[static_cast<std::size_t>(d.value)] = d.name; });
  return names;
}();

// An open-addressed table filled at compile time: one or two comparisons find a name.
constexpr std::size_t kSlots = 256;
constexpr std::uint8_t kNoField = 0xff;

constexpr std::size_t slot_of(std::string_view name) {
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(name[i])); };
  return (name.size() * 37 + byte(0) * 11 + byte(name.size() - 1) * 5 + byte(name.size() / 2) * 17) % kSlots;
}

constexpr std::array<std::uint8_t, kSlots> kTable = [] {
  std::array<std::uint8_t, kSlots> table{};
  for (auto& slot : table) slot = kNoField;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    std::size_t slot = slot_of(kNames[i]);
    while (table[slot] != kNoField) slot = (slot + 1) % kSlots;
    table[slot] = static_cast<std::uint8_t>(i);
  }
  return table;
}();

constexpr FieldSet kAlways = {Field::type, Field::at};
// What an instrument seen for the first time is registered with.
constexpr FieldSet kFirstSight = {Field::quote, Field::currency, Field::asset_class};

constexpr std::array<FieldShape, kReportTypeCount> kShapes = [] {
  using enum Field;
  std::array<FieldShape, kReportTypeCount> shapes{};
  auto shape = [&](ReportType type, FieldSet required, FieldSet optional) {
    shapes[static_cast<std::size_t>(type)] = {kAlways | required, optional};
  };
  shape(
      ReportType::order, {account, client_order_id, symbol, venue, side, quantity, order_type},
      FieldSet{limit_price, stop_price, tif, post_only, reduce_only, strategy, venue_order_id, metadata} | kFirstSight);
  shape(ReportType::order_status, {account, status},
        {client_order_id, venue_order_id, reason, quantity, limit_price, cum_quantity, leaves_quantity});
  shape(ReportType::fill, {account, exec_id, symbol, venue, side, quantity, price},
        FieldSet{client_order_id, venue_order_id, fee, fee_asset, liquidity, strategy} | kFirstSight);
  shape(ReportType::bust, {account, exec_id}, {symbol, venue, side});
  shape(ReportType::correct, {account, exec_id, new_exec_id}, {quantity, price, fee, symbol, venue, side});
  shape(ReportType::fee, {account, exec_id, id, amount, asset}, {symbol, venue, side});
  shape(ReportType::cash, {account, id, asset, amount, kind}, {symbol, venue, note});
  shape(ReportType::mark, {symbol, venue, price}, FieldSet{account} | kFirstSight);
  shape(ReportType::split, {symbol, venue, ratio}, FieldSet{account} | kFirstSight);
  shape(ReportType::instrument, {symbol, venue, asset_class},
        {account, quote, currency, base, settle, multiplier, tick_size, lot_size, inverse});
  shape(ReportType::account, {account, base_currency}, {broker, method, mode});
  shape(ReportType::audit, {component, action}, {id, details, user, session, severity});
  return shapes;
}();

}  // namespace

const FieldShape& shape_of(ReportType type) { return kShapes[static_cast<std::size_t>(type)]; }

std::string_view name_of(Field field) { return kNames[static_cast<std::size_t>(field)]; }

std::optional<Field> find_field(std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (std::size_t slot = slot_of(name); kTable[slot] != kNoField; slot = (slot + 1) % kSlots) {
    if (kNames[kTable[slot]] == name) return static_cast<Field>(kTable[slot]);
  }
  return std::nullopt;
}

}  // namespace blotter::feeds
