#include "cli/verbs.h"

namespace blotter::cli {
namespace {

const std::vector<std::string> kForPeople = {"seq", "reason", "state", "identity", "detail"};

struct QuarantineOptions {
  bool waiting_only = false;
  std::int64_t limit = kLimitDefault;
};

Result<Answer> list(const GlobalOptions& options, const QuarantineOptions& wanted) {
  BLOTTER_ASSIGN(ReadSide side, open_read_side(options));
  Select select;
  select.table = Table::quarantine;
  select.book_id = side.book_id;
  if (!options.json) select.columns = kForPeople;
  select.limit = rows_wanted(wanted.limit, options.json);
  if (wanted.waiting_only) {
    select.filters.push_back({.column = "state", .compare = Compare::equal, .value = std::string("waiting")});
  }
  select.order = {{.column = "seq"}};
  return collect(*side.store, std::move(select));
}

}  // namespace

void add_quarantine(CLI::App& app, Context& context) {
  CLI::App* verb = add_reading_verb(app, context, "quarantine", "list records that could not be applied as they stand");
  auto wanted = std::make_shared<QuarantineOptions>();
  verb->add_flag("--waiting", wanted->waiting_only, "only those that still wait");
  add_limit(*verb, wanted->limit);
  verb->callback([&context, wanted] {
    context.run = [&context, wanted] {
      return show_listing(context.options, wanted->limit, list(context.options, *wanted));
    };
  });
}

}  // namespace blotter::cli
