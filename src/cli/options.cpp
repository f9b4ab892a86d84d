#include "cli/options.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include <toml++/toml.h>

#include "store/store_kind.h"

namespace blotter::cli {
namespace {

// Applies one value, written as text. An error is the reason alone: the caller says where the value stood.
using Apply = Result<void> (*)(GlobalOptions& options, const std::string& text);
enum class Kind { text, number };

struct Setting {
  const char* key;          // in blotter.toml; null: only in the environment
  const char* environment;  // its variable; null: only in blotter.toml
  Kind kind;
  Apply apply;
};

template <std::string GlobalOptions::*member>
Result<void> text(GlobalOptions& options, const std::string& value) {
  options.*member = value;
  return {};
}

template <std::string StoreOptions::*member>
Result<void> store_text(GlobalOptions& options, const std::string& value) {
  options.store.*member = value;
  return {};
}

Result<std::int64_t> whole_number(const std::string& value, std::int64_t min, std::int64_t max) {
  std::int64_t number = 0;
  const char* end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end || number < min || number > max) {
    return fail(Errc::invalid, "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return number;
}

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kDayMs = kDaySeconds * 1000;

template <std::int64_t StoreOptions::*member, std::int64_t min>
Result<void> store_ms(GlobalOptions& options, const std::string& value) {
  BLOTTER_ASSIGN(options.store.*member, whole_number(value, min, kDayMs));
  return {};
}

Result<void> lifetime(GlobalOptions& options, const std::string& value) {
  BLOTTER_ASSIGN(const std::int64_t seconds, whole_number(value, 1, 30 * kDaySeconds));
  options.store.lifetime_ms_max = seconds * 1000;
  return {};
}

// All three at once: how long a caller waits at most, whichever it waits for.
Result<void> timeout(GlobalOptions& options, const std::string& value) {
  BLOTTER_ASSIGN(const std::int64_t seconds, whole_number(value, 1, kDaySeconds));
  options.store.wait_ms_max = options.store.create_ms_max = options.store.recycle_ms_max = seconds * 1000;
  return {};
}

Result<void> pool_size(GlobalOptions& options, const std::string& value) {
  BLOTTER_ASSIGN(const std::int64_t size, whole_number(value, 1, 1000));
  options.store.pool_size = static_cast<int>(size);
  return {};
}

Result<void> ssl_mode(GlobalOptions& options, const std::string& value) {
  static constexpr const char* kModes[] = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"};
  if (std::find(std::begin(kModes), std::end(kModes), value) == std::end(kModes)) {
    return fail(Errc::invalid, "must be one of disable, allow, prefer, require, verify-ca and verify-full");
  }
  options.store.ssl_mode = value;
  return {};
}

// In the order in which they are applied: where two settings mean the same, the later one wins.
constexpr Setting kSettings[] = {
    {"data", "BLOTTER_DATA", Kind::text, text<&GlobalOptions::data>},
    {"database.url", "DATABASE_URL", Kind::text, store_text<&StoreOptions::url>},
    {"store", "BLOTTER_STORE", Kind::text, store_text<&StoreOptions::url>},
    {"database.replica_url", "DATABASE_REPLICA_URL", Kind::text, store_text<&StoreOptions::replica_url>},
    {"database.ssl_mode", "DATABASE_SSL_MODE", Kind::text, ssl_mode},
    {"database.password_file", "BLOTTER_DATABASE_PASSWORD_FILE", Kind::text, text<&GlobalOptions::password_file>},
    {"database.pool_size", "DATABASE_POOL_SIZE", Kind::number, pool_size},
    {"database.timeout_seconds", "DATABASE_TIMEOUT_SECONDS", Kind::number, timeout},
    {"database.wait_ms", nullptr, Kind::number, store_ms<&StoreOptions::wait_ms_max, 1>},
    {"database.connect_ms", nullptr, Kind::number, store_ms<&StoreOptions::create_ms_max, 1>},
    {"database.recycle_ms", nullptr, Kind::number, store_ms<&StoreOptions::recycle_ms_max, 1>},
    {"database.lifetime_seconds", nullptr, Kind::number, lifetime},
    {"database.staleness_ms", "BLOTTER_DATABASE_STALENESS_MS", Kind::number,
     store_ms<&StoreOptions::staleness_ms_max, 0>},
    {"defaults.base_currency", "BLOTTER_BASE_CURRENCY", Kind::text, text<&GlobalOptions::base_currency>},
    {"defaults.quote", "BLOTTER_QUOTE", Kind::text, text<&GlobalOptions::quote>},
    {"defaults.asset_class", "BLOTTER_ASSET_CLASS", Kind::text, text<&GlobalOptions::asset_class>},
};

using Values = std::map<std::string, std::string>;

// The table's values by their whole keys. An unknown key or a wrong type must not vanish.
Result<void> collect_values(const GlobalOptions& options, const toml::table& table, const std::string& prefix,
                            Values& values) {
  for (const auto& [key, node] : table) {
    const std::string path = prefix + std::string(key.str());
    if (const toml::table* inner = node.as_table()) {
      BLOTTER_TRY(collect_values(options, *inner, path + ".", values));
      continue;
    }
    const auto* setting =
        std::find_if(std::begin(kSettings), std::end(kSettings), [&](const Setting& s) { return path == s.key; });
    if (setting == std::end(kSettings)) return fail(Errc::invalid, options.config + ": unknown setting '" + path + "'");
    if (setting->kind == Kind::number) {
      if (!node.is_integer()) return fail(Errc::invalid, options.config + ": " + path + " must be a whole number");
      values[path] = std::to_string(*node.value<std::int64_t>());
    } else {
      if (!node.is_string()) return fail(Errc::invalid, options.config + ": " + path + " must be a text");
      values[path] = *node.value<std::string>();
    }
  }
  return {};
}

Result<void> apply_file(GlobalOptions& options) {
  std::ifstream file(options.config);
  if (!file) {
    if (!options.config_given) return {};
    return fail(Errc::not_found, options.config + ": no such configuration file");
  }
  std::ostringstream content;
  content << file.rdbuf();
  Values values;
  try {
    BLOTTER_TRY(collect_values(options, toml::parse(content.str(), options.config), "", values));
  } catch (const toml::parse_error& error) {
    std::ostringstream where;
    where << options.config << ":" << error.source().begin.line << ": " << error.description();
    return fail(Errc::invalid, where.str());
  }
  for (const Setting& setting : kSettings) {
    const auto value = values.find(setting.key);
    if (value == values.end()) continue;
    if (const Result<void> applied = setting.apply(options, value->second); !applied) {
      return fail(Errc::invalid, options.config + ": " + setting.key + " " + applied.error().message);
    }
  }
  return {};
}

Result<void> apply_environment(GlobalOptions& options) {
  for (const Setting& setting : kSettings) {
    // A variable that is set to nothing is how scripts and containers leave a setting out.
    const char* value = setting.environment != nullptr ? std::getenv(setting.environment) : nullptr;
    if (value == nullptr || *value == '\0') continue;
    if (const Result<void> applied = setting.apply(options, value); !applied) {
      return fail(Errc::invalid, std::string(setting.environment) + " " + applied.error().message);
    }
  }
  return {};
}

}  // namespace

bool GlobalOptions::is_postgres() const { return store_kind(store_url()) == StoreKind::postgres; }

StoreOptions GlobalOptions::read_options() const {
  StoreOptions result = store;
  result.url = store_url();
  result.on_replica_problem = [](const std::string& why) {
    std::fprintf(stderr, "blotter: the replica is not used, the primary answers: %s\n", why.c_str());
  };
  return result;
}

StoreOptions GlobalOptions::store_options() const {
  StoreOptions result = read_options();
  result.replica_url.clear();
  return result;
}

Result<void> apply_configuration(GlobalOptions& options) {
  BLOTTER_TRY(apply_file(options));
  return apply_environment(options);
}

Result<void> apply_password_file(const GlobalOptions& options) {
  const std::string& path = options.password_file;
  if (path.empty()) return {};
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) {
    return fail(Errc::not_found, path + ": no such password file (BLOTTER_DATABASE_PASSWORD_FILE)");
  }
  if ((about.st_mode & 077) != 0) {
    return fail(Errc::invalid, path + ": others may read this password file; chmod 600 makes it yours alone");
  }
  std::ifstream file(path);
  std::string password;
  if (!file || !std::getline(file, password) || password.empty()) {
    return fail(Errc::invalid, path + ": cannot be read, or its first line, the password, is empty");
  }
  // The client library's own variable: the password then goes to whichever connection asks for one, and into no URL
  // that could be printed. Set from inside, it does not show in /proc/PID/environ.
  setenv("PGPASSWORD", password.c_str(), 1);
  return {};
}

Result<LedgerOptions> ledger_options(const GlobalOptions& options) {
  LedgerOptions ledger;
  ledger.directory = options.data;
  ledger.store = options.store_options();
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
