#include "store/table_shape.h"

#include <array>

namespace blotter {
namespace {

template <class Row>
TableShape describe(std::size_t key_columns, std::initializer_list<std::initializer_list<const char*>> unique = {},
                    std::initializer_list<const char*> identity = {}) {
  TableShape shape;
  shape.table = RowTable<Row>::value;
  shape.name = name_of(shape.table);
  shape.key_columns = key_columns;
  boost::mp11::mp_for_each<Members<Row>>([&](auto d) {
    using Member = MemberOf<Row, decltype(d)>;
    shape.columns.push_back({d.name, kind_of<Member>(d.name), MemberType<Member>::kNullable});
  });
  for (const auto& names : unique) {
    std::vector<std::size_t> columns;
    for (const char* name : names) columns.push_back(*shape.index_of(name));
    shape.unique.push_back(std::move(columns));
  }
  for (const char* name : identity) shape.identity.push_back(*shape.index_of(name));
  return shape;
}

// In the order of the enum Table.
std::vector<TableShape> describe_all() {
  std::vector<TableShape> shapes;
  shapes.push_back(describe<BookRow>(1));
  shapes.push_back(describe<AccountRow>(2));
  shapes.push_back(describe<InstrumentRow>(3));
  shapes.push_back(describe<StrategyRow>(2));
  shapes.push_back(describe<OrderRow>(2, {{"book_id", "account", "client_order_id"}},
                                      {"account", "client_order_id", "venue_order_id", "symbol"}));
  shapes.push_back(describe<OrderEventRow>(2));
  shapes.push_back(describe<FillRow>(2, {{"book_id", "account", "venue", "symbol", "exec_id", "side", "trade_date"}}));
  shapes.push_back(describe<PositionAdjustmentRow>(2));
  shapes.push_back(describe<PositionRow>(5));
  shapes.push_back(describe<BalanceRow>(3));
  shapes.push_back(describe<CashMovementRow>(2, {{"book_id", "account", "kind", "id"}}));
  shapes.push_back(describe<PnlDailyRow>(6));
  shapes.push_back(describe<QuarantineRow>(2));
  shapes.push_back(describe<AuditRow>(2));
  shapes.push_back(describe<RefusedRow>(4));
  shapes.push_back(describe<LedgerEntryRow>(2));
  return shapes;
}

}  // namespace

Result<std::size_t> TableShape::index_of(std::string_view column) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == column) return i;
  }
  std::string known;
  for (const Column& each : columns) known.append(known.empty() ? "" : ", ").append(each.name);
  return fail(Errc::invalid, name + " has no column '" + std::string(column.substr(0, 64)) + "'; it has: " + known);
}

const TableShape& shape_of(Table table) {
  static const std::vector<TableShape> shapes = describe_all();
  const auto index = static_cast<std::size_t>(table);
  BLOTTER_ASSERT(index < shapes.size() && shapes[index].table == table);
  return shapes[index];
}

const std::vector<std::string>& columns_of(Table table) {
  static const auto names = [] {
    std::vector<std::vector<std::string>> all;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<Table>>([&](auto d) {
      auto& columns = all.emplace_back();
      for (const Column& column : shape_of(d.value).columns) columns.push_back(column.name);
    });
    return all;
  }();
  const auto index = static_cast<std::size_t>(table);
  BLOTTER_ASSERT(index < names.size());
  return names[index];
}

}  // namespace blotter
