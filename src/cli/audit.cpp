#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>
#include <cstdio>

#include "blotter/clock.h"
#include "cli/verbs.h"

namespace blotter::cli {
namespace {

const std::vector<std::string> kForPeople = {"at",      "severity",   "component", "action",
                                             "user_id", "session_id", "details"};
constexpr std::int64_t kLandingMsMax = 5'000;

struct AuditFilters {
  std::string component;
  std::string action;
  std::string severity;
  std::string user;
  std::string from;
  std::string to;
  std::int64_t limit = kLimitDefault;
};

struct Note {
  AuditReport report;
  std::string severity = "info";
};

std::vector<std::string> severities() {
  std::vector<std::string> names;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<AuditSeverity>>(
      [&](auto d) { names.emplace_back(name_of(d.value)); });
  return names;
}

Result<Answer> list(const GlobalOptions& options, const AuditFilters& filters) {
  Select select;
  select.table = Table::audit_log;
  const auto add = [&](const char* column, const std::string& value) {
    if (!value.empty()) select.filters.push_back({.column = column, .compare = Compare::equal, .value = value});
  };
  add("component", filters.component);
  add("action", filters.action);
  add("severity", filters.severity);
  add("user_id", filters.user);
  const auto add_instant = [&](Compare compare, const std::string& text) -> Result<void> {
    if (text.empty()) return {};
    BLOTTER_ASSIGN(const Timestamp at, parse_timestamp(text));
    select.filters.push_back({.column = "at", .compare = compare, .value = to_text(at)});
    return {};
  };
  BLOTTER_TRY(add_instant(Compare::at_least, filters.from));
  BLOTTER_TRY(add_instant(Compare::at_most, filters.to));
  BLOTTER_ASSIGN(ReadSide side, open_read_side(options));
  select.book_id = side.book_id;
  if (!options.json) select.columns = kForPeople;
  select.order = {{.column = "seq", .direction = Direction::descending}};
  select.limit = rows_wanted(filters.limit, options.json);
  return collect(*side.store, std::move(select));
}

// Durable when it returns. A store that is away gets the entry later, as it does with everything else.
Result<Receipt> record(const GlobalOptions& options, const AuditReport& report) {
  BLOTTER_ASSIGN(LedgerOptions wanted, ledger_options(options));
  // A note in a ledger that a mistyped --data has just made is a note lost.
  wanted.create = false;
  BLOTTER_ASSIGN(const auto ledger, Ledger::open(wanted));
  BLOTTER_ASSIGN(const Receipt receipt, ledger->record(report));
  if (options.has_store() && !ledger->wait_stored(receipt.seq, kLandingMsMax)) {
    std::fprintf(stderr, "blotter: the entry is durable in the journal and not stored yet: %s\n",
                 reason_of(ledger->store_problem()).c_str());
  }
  BLOTTER_TRY(ledger->close(0));
  return receipt;
}

int note(const GlobalOptions& options, Note note) {
  note.report.at = system_clock().now();
  note.report.severity = parse_enum<AuditSeverity>(note.severity).value_or(AuditSeverity::info);
  const Result<Receipt> receipt = record(options, note.report);
  if (!receipt) return report_error(receipt.error());
  Answer answer{.columns = {"outcome", "seq", "detail"}, .rows = {}};
  answer.add({std::string(name_of(receipt->outcome)), static_cast<std::int64_t>(to_number(receipt->seq)),
              receipt->detail.empty() ? Cell{} : Cell{receipt->detail}});
  print(answer, options.json);
  const bool kept = receipt->outcome == Outcome::created || receipt->outcome == Outcome::exists;
  return kept ? kDone : kFoundProblem;
}

void add_note(CLI::App& parent, Context& context) {
  CLI::App* verb =
      add_verb(parent, context, "note", "record an entry of the audit trail; it is durable when this ends");
  auto wanted = std::make_shared<Note>();
  verb->add_option("--component", wanted->report.component, "who did it")->required();
  verb->add_option("--action", wanted->report.action, "what")->required();
  verb->add_option("--details", wanted->report.details, "what belongs to it: a JSON object");
  verb->add_option("--user", wanted->report.user_id, "on whose behalf");
  verb->add_option("--session", wanted->report.session_id, "in which run or login");
  verb->add_option("--severity", wanted->severity, "how serious it is")
      ->check(CLI::IsMember(severities()))
      ->capture_default_str();
  verb->add_option("--id", wanted->report.id, "its name at the component: said again under it, it is kept once");
  verb->callback([&context, wanted] { context.run = [&context, wanted] { return note(context.options, *wanted); }; });
}

}  // namespace

void add_audit(CLI::App& app, Context& context) {
  CLI::App* verb = add_reading_verb(app, context, "audit", "list the audit trail, newest first");
  auto filters = std::make_shared<AuditFilters>();
  verb->add_option("--component", filters->component, "only of this component");
  verb->add_option("--action", filters->action, "only this action");
  verb->add_option("--severity", filters->severity, "only of this severity")->check(CLI::IsMember(severities()));
  verb->add_option("--user", filters->user, "only of this user");
  verb->add_option("--from", filters->from, "the first instant, RFC 3339");
  verb->add_option("--to", filters->to, "the last instant");
  add_limit(*verb, filters->limit);
  add_note(*verb, context);
  verb->callback([&context, verb, filters] {
    if (!verb->get_subcommands().empty()) return;  // the verb below has said what to run
    context.options.store.component = Component::audit;
    context.run = [&context, filters] {
      return show_listing(context.options, filters->limit, list(context.options, *filters));
    };
  });
}

}  // namespace blotter::cli
