#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

#include "cli/verbs.h"

namespace blotter::cli {
namespace {

struct OrdersOptions {
  ListingFilters filters;
  bool open_only = false;
  std::string status;
};

// What people want to see first; programs get everything.
const std::vector<std::string> kForPeople = {"created_at",    "account",  "client_order_id", "symbol",
                                             "side",          "quantity", "filled_quantity", "limit_price",
                                             "average_price", "status",   "strategy"};

// FIX's name of a status, also for the names that other systems give it. What is no status at all is a mistake: it
// would only answer that there is no such order. Returns what is wrong, as CLI11 wants it.
std::string fix_status(std::string& status) {
  struct Name {
    std::string_view other;
    OrdStatus status;
  };
  static constexpr Name kNames[] = {{"pending", OrdStatus::pending_new},
                                    {"submitted", OrdStatus::new_},
                                    {"open", OrdStatus::new_},
                                    {"partial_fill", OrdStatus::partially_filled},
                                    {"cancelled", OrdStatus::canceled}};
  for (const Name& name : kNames) {
    if (status == name.other) status = name_of(name.status);
  }
  if (parse_enum<OrdStatus>(status)) return {};
  std::string all;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<OrdStatus>>(
      [&](auto d) { all.append(all.empty() ? "" : ", ").append(name_of(d.value)); });
  return "'" + status + "' is no status; there are " + all;
}

Result<Answer> list(const GlobalOptions& options, const OrdersOptions& orders) {
  BLOTTER_ASSIGN(ReadSide side, open_read_side(options));
  Select select;
  select.table = Table::orders;
  select.book_id = side.book_id;
  if (!options.json) select.columns = kForPeople;
  select.order = {{.column = "order_id", .direction = Direction::descending}};
  if (orders.open_only) select.filters.push_back({.column = "open", .compare = Compare::equal, .value = true});
  if (!orders.status.empty()) {
    select.filters.push_back({.column = "status", .compare = Compare::equal, .value = orders.status});
  }
  apply_filters(orders.filters, options.json, select);
  return collect(*side.store, std::move(select));
}

}  // namespace

void add_orders(CLI::App& app, Context& context) {
  CLI::App* verb = add_reading_verb(app, context, "orders", "list orders, newest first");
  auto orders = std::make_shared<OrdersOptions>();
  add_filters(*verb, orders->filters);
  verb->add_flag("--open", orders->open_only, "only orders that still work");
  verb->add_option("--status", orders->status, "only this status (new, partially_filled, filled, canceled, ...)")
      ->transform(CLI::Validator(fix_status, "STATUS"));
  verb->callback([&context, orders] {
    context.run = [&context, orders] {
      return show_listing(context.options, orders->filters.limit, list(context.options, *orders));
    };
  });
}

}  // namespace blotter::cli
