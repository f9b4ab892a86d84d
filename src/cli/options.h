// What every verb is told: where the ledger is, which store and how to reach it, how to answer.
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
  StoreOptions store;         // url empty: sqlite:DATA/blotter.db
  std::string password_file;  // empty: the password comes from the URL, PGPASSWORD or ~/.pgpass
  std::string config = "blotter.toml";
  bool config_given = false;
  bool json = false;
  std::string base_currency = "USD";
  std::string quote = "USD";
  std::string asset_class = "other";

  // For opening it. May hold a password: nothing prints it.
  std::string store_url() const { return store.url.empty() ? "sqlite:" + data + "/blotter.db" : store.url; }
  std::string shown_store() const { return shown_url(store_url()); }
  bool has_store() const { return store_url() != "none"; }
  bool is_postgres() const;
  StoreOptions store_options() const;  // without the replica: for writing, and where the answer must be the newest
  StoreOptions read_options() const;   // with it
  std::string journal_directory() const { return data + "/journal"; }
};

// Applies blotter.toml and then the environment. Errc: invalid (not TOML, an unknown key, a wrong type, a number out of
// range), not_found (a configuration file that was named is not there).
Result<void> apply_configuration(GlobalOptions& options);

// Makes the password of `password_file`, when one is named, known to the PostgreSQL client. Once, before any thread.
// Errc: not_found, invalid (others than its owner may read it, or it is empty).
Result<void> apply_password_file(const GlobalOptions& options);

// For opening the ledger as its writer. Errc: invalid (a default that is no asset or asset class).
Result<LedgerOptions> ledger_options(const GlobalOptions& options);

// "blotter: message" on standard error; returns the exit code that fits.
int report_error(const Error& error);

}  // namespace blotter::cli
