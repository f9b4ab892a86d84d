// What every verb is told: where the ledger is, which store, how to answer.
//
// From the weakest to the strongest: built-in defaults, blotter.toml, the environment, flags
// (docs/operating/configuration.md).
#pragma once

#include <string>

#include "blotter/ledger.h"
#include "blotter/result.h"

namespace blotter::cli {

// The exit codes of every verb.
enum ExitCode : int {
  kDone = 0,
  kFoundProblem = 1,  // it ran and found something wrong
  kCouldNotRun = 2,
  kUsage = 64,
};

struct GlobalOptions {
  std::string data = "./blotter-data";
  std::string store;  // empty: sqlite:DATA/blotter.db
  std::string config = "blotter.toml";
  bool config_given = false;
  bool json = false;
  std::string base_currency = "USD";
  std::string quote = "USD";
  std::string asset_class = "other";

  std::string store_url() const { return store.empty() ? "sqlite:" + data + "/blotter.db" : store; }
  std::string journal_directory() const { return data + "/journal"; }
};

// Applies blotter.toml and then BLOTTER_* of the environment. Errc: invalid (not TOML, an unknown key, a wrong type),
// not_found (a configuration file that was named is not there).
Result<void> apply_configuration(GlobalOptions& options);

// For opening the ledger as its writer. Errc: invalid (a default that is no asset or asset class).
Result<LedgerOptions> ledger_options(const GlobalOptions& options);

// "blotter: message" on standard error; returns the exit code that fits.
int report_error(const Error& error);

}  // namespace blotter::cli
