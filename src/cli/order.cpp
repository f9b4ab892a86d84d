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

// By our id, then the client's, then the venue's.
Result<Answer> find(ReadSide& side, const std::string& id) {
  // A database that knows what a UUID is does not compare one with any text.
  if (const auto uuid = parse_uuid(id)) {
    BLOTTER_ASSIGN(Answer found, rows_of(side, Table::orders, "order_id", to_text(*uuid)));
    if (!found.rows.empty()) return found;
  }
  for (const char* column : {"client_order_id", "venue_order_id"}) {
    BLOTTER_ASSIGN(Answer found, rows_of(side, Table::orders, column, id));
    if (!found.rows.empty()) return found;
  }
  return fail(Errc::not_found, "no order '" + id + "' (looked for order_id, client_order_id and venue_order_id)");
}

std::string json_array(const Answer& answer) {
  std::string out = "[";
  for (const auto& row : answer.rows) {
    if (out.size() > 1) out += ',';
    out += '{' + json_members(answer.columns, row) + '}';
  }
  return out + "]";
}

Result<void> show(const GlobalOptions& options, const std::string& id) {
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
  return {};
}

}  // namespace

void add_order(CLI::App& app, Context& context) {
  CLI::App* verb = add_reading_verb(app, context, "order", "show one order with its events and fills");
  auto id = std::make_shared<std::string>();
  verb->add_option("id", *id, "order_id, client_order_id or venue_order_id")->required();
  verb->callback([&context, id] {
    context.run = [&context, id] {
      const Result<void> shown = show(context.options, *id);
      if (shown) return int{kDone};
      // Looking for what is not there is an answer, not a failure to run.
      const int code = report_error(shown.error());
      return shown.error().code == Errc::not_found && shown.error().message.rfind("no order", 0) == 0
                 ? int{kFoundProblem}
                 : code;
    };
  });
}

}  // namespace blotter::cli
