#include <cstdio>

#include "cli/verbs.h"

namespace blotter::cli {
namespace {

Result<Answer> rows_of(ReadSide& side, Table table, const std::string& column, const std::string& value) {
  Select select;
  select.table = table;
  select.book_id = side.book_id;
  select.filters = {{.column = column, .compare = Compare::equal, .value = value}};
  if (table != Table::orders) select.order = {{.column = "seq"}};
  return collect(*side.store, std::move(select));
}

// By our id, then the client's, then the venue's. No rows: there is none.
Result<Answer> find(ReadSide& side, const std::string& id) {
  // A database that knows what a UUID is does not compare one with any text.
  if (const auto uuid = parse_uuid(id)) {
    BLOTTER_ASSIGN(Answer found, rows_of(side, Table::orders, "order_id", to_text(*uuid)));
    if (!found.rows.empty()) return found;
  }
  BLOTTER_ASSIGN(Answer found, rows_of(side, Table::orders, "client_order_id", id));
  if (!found.rows.empty()) return found;
  return rows_of(side, Table::orders, "venue_order_id", id);
}

// Returns the exit code.
Result<int> show(const GlobalOptions& options, const std::string& id) {
  BLOTTER_ASSIGN(ReadSide side, open_read_side(options));
  BLOTTER_ASSIGN(const Answer orders, find(side, id));
  std::string json;
  for (const auto& row : orders.rows) {
    const std::string& order_id = std::get<std::string>(row.front());
    BLOTTER_ASSIGN(const Answer events, rows_of(side, Table::order_events, "order_id", order_id));
    BLOTTER_ASSIGN(const Answer fills, rows_of(side, Table::fills, "order_id", order_id));
    if (options.json) {
      json += json.empty() ? "" : ",\n ";
      json += '{' + json_members(orders.columns, row) + ",\"events\":" + json_array(events) +
              ",\"fills\":" + json_array(fills) + '}';
      continue;
    }
    Answer order{.columns = {"order", ""}, .rows = {}};
    for (std::size_t i = 0; i < row.size(); ++i) order.add({orders.columns[i], row[i]});
    print(order, false);
    std::puts("\nevents");
    print(events, false);
    std::puts("\nfills");
    print(fills, false);
  }
  if (options.json) std::printf("[%s]\n", json.c_str());
  if (!orders.rows.empty()) return int{kDone};
  // Looking for what is not there is an answer, not a failure to run.
  std::fprintf(stderr, "blotter: no order '%s' (looked for order_id, client_order_id and venue_order_id)\n",
               id.c_str());
  return int{kFoundProblem};
}

}  // namespace

void add_order(CLI::App& app, Context& context) {
  CLI::App* verb = add_reading_verb(app, context, "order", "show one order with its events and fills");
  auto id = std::make_shared<std::string>();
  verb->add_option("id", *id, "order_id, client_order_id or venue_order_id")->required();
  verb->callback([&context, id] {
    context.run = [&context, id] {
      const Result<int> code = show(context.options, *id);
      return code ? *code : report_error(code.error());
    };
  });
}

}  // namespace blotter::cli
