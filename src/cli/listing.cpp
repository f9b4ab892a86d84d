// What the listing verbs share.
#include <chrono>
#include <cstdio>
#include <thread>

#include "cli/verbs.h"
#include "journal/journal.h"

namespace blotter::cli {
namespace {

constexpr int kRowsForPeople = 50;

// Reading one's own writes: the projector follows the journal, so the event of --after may still be on its way.
Result<void> wait_until_applied(const GlobalOptions& options, const ReadSide& side) {
  const Seq wanted = options.store.read_after;
  if (wanted == Seq{0}) return {};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(options.store.wait_ms_max);
  while (true) {
    BLOTTER_ASSIGN(const Cursor cursor, side.store->cursor(side.book_id));
    if (cursor.applied >= wanted) return {};
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(Errc::unavailable, "the store " + options.shown_store() + " is at event " +
                                         std::to_string(to_number(cursor.applied)) + ", not yet at " +
                                         std::to_string(to_number(wanted)) + " (--after); `blotter store status` " +
                                         "shows how far it is");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

CLI::Option* add_url(CLI::App& verb, Context& context, const std::string& name, std::string& url,
                     const std::string& description) {
  return verb.add_option(name, url, description)->each([&context](const std::string& given) {
    context.urls_in_arguments.push_back(given);
  });
}

void add_common(CLI::App& verb, Context& context) {
  GlobalOptions& options = context.options;
  verb.add_option("--data", options.data, "the ledger's directory")->capture_default_str();
  verb.add_option("--config", options.config, "configuration file")->each([&options](const std::string&) {
    options.config_given = true;
  });
  verb.add_flag("--json", options.json, "answer for programs: an array of objects");
}

CLI::App* add_verb(CLI::App& parent, Context& context, const std::string& name, const std::string& description) {
  CLI::App* verb = parent.add_subcommand(name, description);
  add_common(*verb, context);
  add_url(*verb, context, "--store", context.options.store.url,
          "the store: sqlite:PATH or postgresql://USER@HOST/DATABASE (default: sqlite:DATA/blotter.db)");
  return verb;
}

CLI::App* add_reading_verb(CLI::App& parent, Context& context, const std::string& name,
                           const std::string& description) {
  CLI::App* verb = add_verb(parent, context, name, description);
  add_url(*verb, context, "--replica", context.options.store.replica_url,
          "a PostgreSQL replica that may answer instead, when it is not too far behind");
  verb->add_option_function<std::uint64_t>(
      "--after", [&context](const std::uint64_t& seq) { context.options.store.read_after = Seq{seq}; },
      "answer only with this event of the journal applied: waits for it as long as for a connection");
  return verb;
}

Result<ReadSide> open_read_side(const GlobalOptions& options) {
  ReadSide side;
  auto book = journal::read_book_file(options.journal_directory());
  if (!book) {
    if (book.error().code != Errc::not_found) return fail(book.error());
    return fail(Errc::not_found, "no ledger in " + options.data + ": `blotter init --data " + options.data +
                                     "` makes one, and so does `blotter record`");
  }
  side.book_id = book->book_id;
  if (!options.has_store()) {
    return fail(Errc::not_found,
                "this verb asks the store, and --store is none; `status`, `events` and `journal dump` "
                "read the journal alone");
  }
  BLOTTER_ASSIGN(side.store, open_store(options.read_options(), StoreAccess::read));
  BLOTTER_TRY(wait_until_applied(options, side));
  return side;
}

Result<Answer> collect(Store& store, Select select) {
  Answer answer;
  if (select.columns.empty()) {
    const std::vector<std::string>& all = columns_of(select.table);
    select.columns.assign(all.begin() + 1, all.end());
  }
  answer.columns = select.columns;
  BLOTTER_TRY(store.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
    answer.rows.push_back(cells);
    return {};
  }));
  return answer;
}

void add_limit(CLI::App& verb, std::int64_t& limit) {
  verb.add_option("--limit", limit, "at most so many; 0: all (default: 50, with --json all)")
      ->check(CLI::NonNegativeNumber);
}

std::int64_t rows_wanted(std::int64_t limit, bool json) {
  if (limit > 0) return limit;
  return limit == kLimitDefault && !json ? kRowsForPeople + 1 : -1;
}

int show_listing(const GlobalOptions& options, std::int64_t limit, Result<Answer> answer) {
  if (!answer) return report_error(answer.error());
  const bool by_default = limit == kLimitDefault && !options.json;
  const auto rows_max = static_cast<std::size_t>(by_default ? kRowsForPeople : limit);
  const bool cut = (by_default || limit > 0) && answer->rows.size() > rows_max;
  if (cut) answer->rows.resize(rows_max);
  print(*answer, options.json);
  if (cut && by_default) {
    std::fflush(stdout);
    std::fprintf(stderr, "blotter: there are more than these %d; --limit N shows more, --limit 0 all\n",
                 kRowsForPeople);
  }
  return kDone;
}

void add_filters(CLI::App& verb, ListingFilters& filters) {
  verb.add_option("--account", filters.account, "only this account");
  verb.add_option("--symbol", filters.symbol, "only this symbol");
  verb.add_option("--venue", filters.venue, "only this venue");
  verb.add_option("--strategy", filters.strategy, "only this strategy");
  add_limit(verb, filters.limit);
}

void apply_filters(const ListingFilters& filters, bool json, Select& select) {
  const auto add = [&](const char* column, const std::string& value) {
    if (!value.empty()) select.filters.push_back({.column = column, .compare = Compare::equal, .value = value});
  };
  add("account", filters.account);
  add("symbol", filters.symbol);
  add("venue", filters.venue);
  add("strategy", filters.strategy);
  select.limit = rows_wanted(filters.limit, json);
}

}  // namespace blotter::cli
