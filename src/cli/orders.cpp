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
  add_filters(*verb, orders->filters, true);
  verb->add_flag("--open", orders->open_only, "only orders that still work");
  verb->add_option("--status", orders->status, "only this status (new, partially_filled, filled, canceled, …)");
  verb->callback([&context, orders] {
    context.run = [&context, orders] {
      const auto answer = list(context.options, *orders);
      if (!answer) return report_error(answer.error());
      print(*answer, context.options.json);
      return int{kDone};
    };
  });
}

}  // namespace blotter::cli
