#include "cli/verbs.h"

namespace blotter::cli {
namespace {

const std::vector<std::string> kForPeople = {"account",  "symbol",        "venue",        "strategy",
                                             "quantity", "average_price", "cost_basis",   "realized_pnl",
                                             "fees",     "mark",          "market_value", "unrealized_pnl"};

Result<Answer> list(const GlobalOptions& options, const ListingFilters& filters) {
  BLOTTER_ASSIGN(ReadSide side, open_read_side(options));
  Select select;
  select.table = Table::positions;
  select.book_id = side.book_id;
  if (!options.json) select.columns = kForPeople;
  select.order = {{.column = "account"}, {.column = "symbol"}, {.column = "venue"}, {.column = "strategy"}};
  apply_filters(filters, options.json, select);
  return collect(*side.store, std::move(select));
}

}  // namespace

void add_positions(CLI::App& app, Context& context) {
  CLI::App* verb = add_reading_verb(app, context, "positions", "list positions by account, instrument and strategy");
  auto filters = std::make_shared<ListingFilters>();
  add_filters(*verb, *filters);
  verb->callback([&context, filters] {
    context.run = [&context, filters] {
      auto answer = list(context.options, *filters);
      if (answer && !context.options.json) {
        round_for_people(*answer, {"average_price", "cost_basis", "realized_pnl", "market_value", "unrealized_pnl"});
      }
      return show_listing(context.options, filters->limit, std::move(answer));
    };
  });
}

}  // namespace blotter::cli
