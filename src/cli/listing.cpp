// What the listing verbs share.
#include <chrono>
#include <thread>

#include "cli/verbs.h"
#include "journal/journal.h"

namespace blotter::cli {
namespace {

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

void add_filters(CLI::App& verb, ListingFilters& filters, bool with_strategy) {
  verb.add_option("--account", filters.account, "only this account");
  verb.add_option("--symbol", filters.symbol, "only this symbol");
  verb.add_option("--venue", filters.venue, "only this venue");
  if (with_strategy) verb.add_option("--strategy", filters.strategy, "only this strategy");
  verb.add_option("--limit", filters.limit, "at most so many rows; 0: all (default: 50, with --json all)");
}

void apply_filters(const ListingFilters& filters, bool json, Select& select) {
  const auto add = [&](const char* column, const std::string& value) {
    if (!value.empty()) select.filters.push_back({.column = column, .compare = Compare::equal, .value = value});
  };
  add("account", filters.account);
  add("symbol", filters.symbol);
  add("venue", filters.venue);
  add("strategy", filters.strategy);
  if (filters.limit > 0) select.limit = filters.limit;
  if (filters.limit < 0 && !json) select.limit = 50;
}

}  // namespace blotter::cli
