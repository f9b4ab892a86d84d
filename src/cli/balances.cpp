#include "cli/verbs.h"

namespace blotter::cli {
namespace {

struct BalancesOptions {
  std::string account;
  std::int64_t limit = kLimitDefault;
};

Result<Answer> list(const GlobalOptions& options, const BalancesOptions& wanted) {
  BLOTTER_ASSIGN(ReadSide side, open_read_side(options));
  Select select;
  select.table = Table::balances;
  select.book_id = side.book_id;
  select.columns = {"account", "asset", "amount"};
  if (!wanted.account.empty()) {
    select.filters.push_back({.column = "account", .compare = Compare::equal, .value = wanted.account});
  }
  select.order = {{.column = "account"}, {.column = "asset"}};
  select.limit = rows_wanted(wanted.limit, options.json);
  return collect(*side.store, std::move(select));
}

}  // namespace

void add_balances(CLI::App& app, Context& context) {
  CLI::App* verb = add_reading_verb(app, context, "balances", "list balances by account and asset");
  auto wanted = std::make_shared<BalancesOptions>();
  verb->add_option("--account", wanted->account, "only this account");
  add_limit(*verb, wanted->limit);
  verb->callback([&context, wanted] {
    context.run = [&context, wanted] {
      return show_listing(context.options, wanted->limit, list(context.options, *wanted));
    };
  });
}

}  // namespace blotter::cli
