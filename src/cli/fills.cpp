#include "cli/verbs.h"

namespace blotter::cli {
namespace {

const std::vector<std::string> kForPeople = {"at",  "account",   "symbol", "side",         "quantity", "price",
                                             "fee", "fee_asset", "status", "realized_pnl", "exec_id"};

Result<Answer> list(const GlobalOptions& options, const ListingFilters& filters) {
  BLOTTER_ASSIGN(ReadSide side, open_read_side(options));
  Select select;
  select.table = Table::fills;
  select.book_id = side.book_id;
  if (!options.json) select.columns = kForPeople;
  select.order = {{.column = "seq", .direction = Direction::descending}};
  apply_filters(filters, options.json, select);
  return collect(*side.store, std::move(select));
}

}  // namespace

void add_fills(CLI::App& app, Context& context) {
  CLI::App* verb =
      add_reading_verb(app, context, "fills", "list fills, newest first; busted and corrected ones say so");
  auto filters = std::make_shared<ListingFilters>();
  add_filters(*verb, *filters);
  verb->callback([&context, filters] {
    context.run = [&context, filters] {
      return show_listing(context.options, filters->limit, list(context.options, *filters));
    };
  });
}

}  // namespace blotter::cli
