#include "cli/verbs.h"

namespace blotter::cli {
namespace {

const std::vector<std::string> kForPeople = {"seq", "reason", "state", "identity", "detail"};

Result<Answer> list(const GlobalOptions& options, bool waiting_only) {
  BLOTTER_ASSIGN(ReadSide side, open_read_side(options));
  Select select;
  select.table = Table::quarantine;
  select.book_id = side.book_id;
  if (!options.json) {
    select.columns = kForPeople;
    select.limit = 50;
  }
  if (waiting_only) {
    select.filters.push_back({.column = "state", .compare = Compare::equal, .value = std::string("waiting")});
  }
  select.order = {{.column = "seq"}};
  return collect(*side.store, std::move(select));
}

}  // namespace

void add_quarantine(CLI::App& app, Context& context) {
  CLI::App* verb = add_reading_verb(app, context, "quarantine", "list records that could not be applied as they stand");
  auto waiting = std::make_shared<bool>(false);
  verb->add_flag("--waiting", *waiting, "only those that still wait");
  verb->callback([&context, waiting] {
    context.run = [&context, waiting] {
      const auto answer = list(context.options, *waiting);
      if (!answer) return report_error(answer.error());
      print(*answer, context.options.json);
      return int{kDone};
    };
  });
}

}  // namespace blotter::cli
