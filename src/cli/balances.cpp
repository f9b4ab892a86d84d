#include "cli/verbs.h"

namespace blotter::cli {
namespace {

Result<Answer> list(const GlobalOptions& options, const std::string& account) {
  BLOTTER_ASSIGN(ReadSide side, open_read_side(options));
  Select select;
  select.table = Table::balances;
  select.book_id = side.book_id;
  select.columns = {"account", "asset", "amount"};
  if (!account.empty()) {
    select.filters.push_back({.column = "account", .compare = Compare::equal, .value = account});
  }
  select.order = {{.column = "account"}, {.column = "asset"}};
  return collect(*side.store, std::move(select));
}

}  // namespace

void add_balances(CLI::App& app, Context& context) {
  CLI::App* verb = add_reading_verb(app, context, "balances", "list balances by account and asset");
  auto account = std::make_shared<std::string>();
  verb->add_option("--account", *account, "only this account");
  verb->callback([&context, account] {
    context.run = [&context, account] {
      const auto answer = list(context.options, *account);
      if (!answer) return report_error(answer.error());
      print(*answer, context.options.json);
      return int{kDone};
    };
  });
}

}  // namespace blotter::cli
