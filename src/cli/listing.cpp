// What the listing verbs share.
#include <filesystem>

#include "cli/verbs.h"
#include "journal/journal.h"

namespace blotter::cli {

CLI::App* add_verb(CLI::App& parent, Context& context, const std::string& name, const std::string& description) {
  CLI::App* verb = parent.add_subcommand(name, description);
  GlobalOptions& options = context.options;
  verb->add_option("--data", options.data, "the ledger's directory")->capture_default_str();
  verb->add_option("--store", options.store, "the store's URL (default: sqlite:DATA/blotter.db)");
  verb->add_option("--config", options.config, "configuration file")->each([&options](const std::string&) {
    options.config_given = true;
  });
  verb->add_flag("--json", options.json, "answer for programs: an array of objects");
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
  if (options.store_url() == "none") {
    return fail(Errc::not_found,
                "this verb asks the store, and --store is none; `status`, `events` and `journal dump` "
                "read the journal alone");
  }
  BLOTTER_ASSIGN(side.store, open_store(options.store_url(), StoreAccess::read));
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
