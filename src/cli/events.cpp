#include <cstdio>

#include "cli/verbs.h"
#include "core/codec.h"
#include "core/render.h"
#include "journal/reader.h"

namespace blotter::cli {
namespace {

struct EventsOptions {
  std::uint64_t from = 1;
  std::int64_t limit = kLimitDefault;
};

std::string with_seq(const journal::Record& record, const Event& event) {
  std::string json = render_json(event);
  return "{\"seq\":" + std::to_string(to_number(record.seq)) + ",\"epoch\":" + std::to_string(to_number(record.epoch)) +
         "," + json.substr(1);
}

template <class Visit>
Result<void> each_event(const GlobalOptions& options, const EventsOptions& wanted, std::int64_t limit, Visit&& visit) {
  BLOTTER_ASSIGN(const auto reader, journal::open_reader(options.journal_directory()));
  BLOTTER_TRY(reader->seek(Seq{wanted.from == 0 ? 1 : wanted.from}));
  Event event;
  for (std::int64_t count = 0; limit <= 0 || count < limit; ++count) {
    BLOTTER_ASSIGN(const std::optional<journal::Record> record, reader->next());
    if (!record) break;
    BLOTTER_TRY(decode(record->bytes, event));
    visit(*record, event);
  }
  return {};
}

int events(const GlobalOptions& options, const EventsOptions& wanted) {
  const std::int64_t limit = rows_wanted(wanted.limit, options.json);
  Answer answer{.columns = {"seq", "event", "content"}, .rows = {}};
  bool first = true;
  if (options.json) std::fputs("[", stdout);
  const Result<void> read = each_event(options, wanted, limit, [&](const journal::Record& record, const Event& event) {
    if (options.json) {
      std::printf("%s%s", first ? "" : ",\n ", with_seq(record, event).c_str());
      first = false;
    } else {
      answer.add(
          {static_cast<std::int64_t>(to_number(record.seq)), std::string(event_name(event)), render_json(event)});
    }
  });
  if (options.json) std::puts("]");
  if (!read) return report_error(read.error());
  return options.json ? int{kDone} : show_listing(options, wanted.limit, std::move(answer));
}

int dump(const GlobalOptions& options, const EventsOptions& wanted) {
  const Result<void> read =
      each_event(options, wanted, wanted.limit,
                 [](const journal::Record& record, const Event& event) { std::puts(with_seq(record, event).c_str()); });
  return read ? int{kDone} : report_error(read.error());
}

void add_from(CLI::App& verb, EventsOptions& wanted) {
  verb.add_option("--from", wanted.from, "the first seq")->capture_default_str();
}

}  // namespace

void add_events(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "events", "list what was decided, from the journal");
  auto wanted = std::make_shared<EventsOptions>();
  add_from(*verb, *wanted);
  add_limit(*verb, wanted->limit);
  verb->callback([&context, wanted] { context.run = [&context, wanted] { return events(context.options, *wanted); }; });
}

void add_journal(CLI::App& app, Context& context) {
  CLI::App* parent = app.add_subcommand("journal", "the journal's files");
  parent->require_subcommand(1);
  CLI::App* verb = add_verb(*parent, context, "dump", "print every event, one JSON object a line");
  auto wanted = std::make_shared<EventsOptions>();
  add_from(*verb, *wanted);
  verb->add_option("--limit", wanted->limit, "at most so many (default: all)")->check(CLI::NonNegativeNumber);
  verb->callback([&context, wanted] { context.run = [&context, wanted] { return dump(context.options, *wanted); }; });
}

}  // namespace blotter::cli
