// The verbs of the command line. One file each; a verb adds itself to the application and sets the exit code when run.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/output.h"

namespace blotter::cli {

struct Context {
  GlobalOptions options;
  std::vector<std::string> urls_in_arguments;  // everybody on this machine can read them (ps)
  std::function<int()> run;                    // the chosen verb
};

void add_init(CLI::App& app, Context& context);
void add_record(CLI::App& app, Context& context);
void add_simulate(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);
void add_orders(CLI::App& app, Context& context);
void add_order(CLI::App& app, Context& context);
void add_fills(CLI::App& app, Context& context);
void add_positions(CLI::App& app, Context& context);
void add_balances(CLI::App& app, Context& context);
void add_pnl(CLI::App& app, Context& context);
void add_quarantine(CLI::App& app, Context& context);
void add_events(CLI::App& app, Context& context);
void add_audit(CLI::App& app, Context& context);
void add_verify(CLI::App& app, Context& context);
void add_store(CLI::App& app, Context& context);
void add_store_copy(CLI::App& store, Context& context);
void add_migrate(CLI::App& app, Context& context);
void add_partitions(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_journal(CLI::App& app, Context& context);
void add_bench(CLI::App& app, Context& context);
void add_version(CLI::App& app, Context& context);

// The options that all verbs share: --data, --config, --json.
void add_common(CLI::App& verb, Context& context);
// A verb with those and --store.
CLI::App* add_verb(CLI::App& parent, Context& context, const std::string& name, const std::string& description);
// One that asks the store through open_read_side(): also takes --replica and --after.
CLI::App* add_reading_verb(CLI::App& parent, Context& context, const std::string& name, const std::string& description);
// An option whose value is the URL of a store.
CLI::Option* add_url(CLI::App& verb, Context& context, const std::string& name, std::string& url,
                     const std::string& description);

// The ledger's book and its store, opened for reading and past the event of --after. Errc: not_found (no ledger, no
// store: what to do about it), unavailable (the store is not that far).
struct ReadSide {
  std::string book_id;
  std::unique_ptr<Store> store;
};
Result<ReadSide> open_read_side(const GlobalOptions& options);

// Runs the select and collects it; book_id is left out of the columns when none are named.
Result<Answer> collect(Store& store, Select select);

// How many rows a listing shows.
inline constexpr std::int64_t kLimitDefault = -1;  // 50 for people, all for programs
void add_limit(CLI::App& verb, std::int64_t& limit);
// How many to ask for; negative: all. One more than people see by default, which tells whether there are more.
std::int64_t rows_wanted(std::int64_t limit, bool json);
// Prints as many as the limit says, and tells people when the default one has left some out. Returns the exit code.
int show_listing(const GlobalOptions& options, std::int64_t limit, Result<Answer> answer);

// Filters that listing verbs share.
struct ListingFilters {
  std::string account;
  std::string symbol;
  std::string venue;
  std::string strategy;
  std::int64_t limit = kLimitDefault;
};
void add_filters(CLI::App& verb, ListingFilters& filters);
// The limit too.
void apply_filters(const ListingFilters& filters, bool json, Select& select);

}  // namespace blotter::cli
