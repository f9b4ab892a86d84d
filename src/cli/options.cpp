#include "cli/options.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <toml++/toml.h>

namespace blotter::cli {
namespace {

struct Setting {
  const char* key;          // in blotter.toml
  const char* environment;  // its variable
  std::string GlobalOptions::*member;
};

constexpr Setting kSettings[] = {
    {"data", "BLOTTER_DATA", &GlobalOptions::data},
    {"store", "BLOTTER_STORE", &GlobalOptions::store},
    {"defaults.base_currency", "BLOTTER_BASE_CURRENCY", &GlobalOptions::base_currency},
    {"defaults.quote", "BLOTTER_QUOTE", &GlobalOptions::quote},
    {"defaults.asset_class", "BLOTTER_ASSET_CLASS", &GlobalOptions::asset_class},
};

Result<void> apply_table(GlobalOptions& options, const toml::table& table, const std::string& prefix) {
  for (const auto& [key, node] : table) {
    const std::string path = prefix + std::string(key.str());
    if (const toml::table* inner = node.as_table()) {
      BLOTTER_TRY(apply_table(options, *inner, path + "."));
      continue;
    }
    const Setting* found = nullptr;
    for (const Setting& setting : kSettings) {
      if (path == setting.key) found = &setting;
    }
    if (found == nullptr) return fail(Errc::invalid, options.config + ": unknown setting '" + path + "'");
    const auto value = node.value<std::string>();
    if (!value || !node.is_string()) return fail(Errc::invalid, options.config + ": " + path + " must be a text");
    options.*(found->member) = *value;
  }
  return {};
}

Result<void> apply_file(GlobalOptions& options) {
  std::ifstream file(options.config);
  if (!file) {
    if (!options.config_given) return {};
    return fail(Errc::not_found, options.config + ": no such configuration file");
  }
  std::ostringstream text;
  text << file.rdbuf();
  try {
    return apply_table(options, toml::parse(text.str(), options.config), "");
  } catch (const toml::parse_error& error) {
    std::ostringstream where;
    where << options.config << ":" << error.source().begin.line << ": " << error.description();
    return fail(Errc::invalid, where.str());
  }
}

}  // namespace

Result<void> apply_configuration(GlobalOptions& options) {
  BLOTTER_TRY(apply_file(options));
  for (const Setting& setting : kSettings) {
    if (const char* value = std::getenv(setting.environment)) options.*(setting.member) = value;
  }
  return {};
}

Result<LedgerOptions> ledger_options(const GlobalOptions& options) {
  LedgerOptions ledger;
  ledger.directory = options.data;
  ledger.store_url = options.store_url();
  BLOTTER_ASSIGN(ledger.base_currency, Asset::parse(options.base_currency));
  BLOTTER_ASSIGN(ledger.quote, Asset::parse(options.quote));
  const auto asset_class = parse_enum<AssetClass>(options.asset_class);
  if (!asset_class) return fail(Errc::invalid, "defaults.asset_class: '" + options.asset_class + "' is not one");
  ledger.asset_class = *asset_class;
  return ledger;
}

int report_error(const Error& error) {
  std::fprintf(stderr, "blotter: %s\n", error.message.c_str());
  return error.code == Errc::corrupt ? kFoundProblem : kCouldNotRun;
}

}  // namespace blotter::cli
