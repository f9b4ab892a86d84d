#include <algorithm>
#include <map>

#include "cli/verbs.h"

namespace blotter::cli {
namespace {

struct PnlOptions {
  ListingFilters filters;
  std::string by = "position";
  std::string from;
  std::string to;
};

struct Sums {
  Decimal realized;
  Decimal fees;
  Decimal unrealized;
};

Decimal decimal(const Cell& cell) {
  const auto* text = std::get_if<std::string>(&cell);
  const auto parsed = text != nullptr ? Decimal::parse(*text) : Result<Decimal>(Decimal{});
  return parsed ? *parsed : Decimal{};
}

// The grouping columns; P&L of different settlement currencies is never added up.
std::vector<std::string> group_columns(const std::string& by) {
  if (by == "position") return {"account", "symbol", "venue", "strategy", "settle"};
  return {by, "settle"};
}

Result<Answer> pnl(const GlobalOptions& options, const PnlOptions& wanted) {
  BLOTTER_ASSIGN(ReadSide side, open_read_side(options));
  // Days come from pnl_daily and know no open value; everything else from the positions.
  const bool daily = wanted.by == "day" || !wanted.from.empty() || !wanted.to.empty();
  const std::vector<std::string> group = group_columns(wanted.by);
  Select select;
  select.table = daily ? Table::pnl_daily : Table::positions;
  select.book_id = side.book_id;
  select.columns = group;
  select.columns.insert(select.columns.end(), {"realized_pnl", "fees"});
  if (!daily) select.columns.emplace_back("unrealized_pnl");
  ListingFilters filters = wanted.filters;
  filters.limit = 0;  // that one is of the sums
  apply_filters(filters, options.json, select);
  const auto add_day = [&](Compare compare, const std::string& day) {
    if (!day.empty()) select.filters.push_back({.column = "day", .compare = compare, .value = day});
  };
  add_day(Compare::at_least, wanted.from);
  add_day(Compare::at_most, wanted.to);

  std::map<std::vector<Cell>, Sums> sums;
  const auto summed = [&](const std::vector<Cell>& cells) -> Result<void> {
    Sums& s = sums[{cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(group.size())}];
    try {
      s.realized += decimal(cells[group.size()]);
      s.fees += decimal(cells[group.size() + 1]);
      if (!daily) s.unrealized += decimal(cells[group.size() + 2]);
    } catch (const Overflow& overflow) {
      return fail(Errc::exhausted, std::string("P&L: ") + overflow.what());
    }
    return {};
  };
  BLOTTER_TRY(side.store->select(select, summed));

  Answer answer{.columns = group, .rows = {}};
  answer.columns.insert(answer.columns.end(), {"realized_pnl", "fees"});
  if (!daily) answer.columns.emplace_back("unrealized_pnl");
  answer.columns.emplace_back("net_pnl");
  for (const auto& [key, s] : sums) {
    std::vector<Cell> row = key;
    row.insert(row.end(), {to_text(s.realized), to_text(s.fees)});
    if (!daily) row.emplace_back(to_text(s.unrealized));
    row.emplace_back(to_text(s.realized - s.fees + s.unrealized));
    answer.add(std::move(row));
  }
  return answer;
}

}  // namespace

void add_pnl(CLI::App& app, Context& context) {
  CLI::App* verb = add_reading_verb(app, context, "pnl", "profit and loss; net = realized - fees + unrealized");
  auto wanted = std::make_shared<PnlOptions>();
  add_filters(*verb, wanted->filters);
  verb->add_option("--by", wanted->by, "group by position, account, symbol, venue, strategy or day")
      ->check(CLI::IsMember({"position", "account", "symbol", "venue", "strategy", "day"}))
      ->capture_default_str();
  verb->add_option("--from", wanted->from, "first day, YYYY-MM-DD (realised P&L of these days only)");
  verb->add_option("--to", wanted->to, "last day");
  verb->callback([&context, wanted] {
    context.run = [&context, wanted] {
      for (const std::string& day : {wanted->from, wanted->to}) {
        if (day.empty()) continue;
        if (const auto parsed = parse_day(day); !parsed) return report_error(parsed.error());
      }
      auto answer = pnl(context.options, *wanted);
      if (answer && !context.options.json) {
        round_for_people(*answer, {"realized_pnl", "unrealized_pnl", "net_pnl"});
      }
      return show_listing(context.options, wanted->filters.limit, std::move(answer));
    };
  });
}

}  // namespace blotter::cli
