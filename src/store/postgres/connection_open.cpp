// How a connection is made: the URL as libpq reads it, defaults for what it lacks, and what a failure means.
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "store/postgres/connection.h"
#include "store/postgres/sqlstate.h"

namespace blotter::postgres {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
struct Finish {
  void operator()(pg_conn* handle) const { PQfinish(handle); }
};

// A password with a bare '@' or '/' puts its end where libpq looks for the host or the database, and both are named in
// messages.
bool is_ambiguous(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view rest = url.substr(scheme + 3);
  const std::size_t end = rest.find_first_of("@/");  // of the user, for libpq
  if (end == std::string_view::npos) return false;
  const std::string_view behind = rest.substr(end + 1);
  return behind.substr(0, behind.find('?')).find('@') != std::string_view::npos;
}

// The parameters of one connection attempt, as libpq wants them.
class ConnectParameters {
 public:
  // Errc: not_found (libpq cannot read the URL).
  static Result<ConnectParameters> parse(const std::string& url) {
    char* text = nullptr;
    ConnectParameters parsed;
    parsed.options_.reset(PQconninfoParse(url.c_str(), &text));
    if (parsed.options_ && !is_ambiguous(url)) return parsed;
    const std::string why = text == nullptr ? "" : one_line(text);
    PQfreemem(text);
    // Most of libpq's complaints quote the URL, password included; a wrong parameter name is told without it.
    const bool quotes_a_name = why.starts_with("invalid URI query parameter");
    return fail(Errc::not_found, shown_url(url) + " cannot be read" + (quotes_a_name ? ": " + why : "") +
                                     "; correct DATABASE_URL (postgresql://USER:PASSWORD@HOST:PORT/DATABASE, special"
                                     " characters as %XX)");
  }

  std::string_view value_of(std::string_view keyword) const {
    for (const PQconninfoOption* option = options_.get(); option->keyword != nullptr; ++option) {
      if (keyword == option->keyword && option->val != nullptr) return option->val;
    }
    return {};
  }

  void add_default(const char* keyword, std::string value) {
    if (value_of(keyword).empty()) add(keyword, std::move(value));
  }

  // Whatever the URL says.
  void add(const char* keyword, std::string value) { added_.emplace_back(keyword, std::move(value)); }

  pg_conn* connect() const {
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const PQconninfoOption* option = options_.get(); option->keyword != nullptr; ++option) {
      if (option->val == nullptr) continue;
      keywords.push_back(option->keyword);
      values.push_back(option->val);
    }
    // Of two values for one keyword, the later one counts.
    for (const auto& [keyword, value] : added_) {
      keywords.push_back(keyword);
      values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    return PQconnectdbParams(keywords.data(), values.data(), 0);
  }

  // One or several, with commas between.
  std::string_view hosts() const {
    for (const char* keyword : {"host", "hostaddr"}) {
      if (!value_of(keyword).empty()) return value_of(keyword);
    }
    for (const char* variable : {"PGHOST", "PGHOSTADDR"}) {
      if (const char* value = std::getenv(variable)) return value;
    }
    return {};
  }

  // "host:port/database" as far as the URL says.
  std::string server() const {
    std::string name(value_of("host").empty() ? value_of("hostaddr") : value_of("host"));
    if (!value_of("port").empty()) name.append(":").append(value_of("port"));
    return name.append("/").append(value_of("dbname"));
  }

 private:
  std::unique_ptr<PQconninfoOption, FreeOptions> options_;
  std::vector<std::pair<const char*, std::string>> added_;
};

void add_defaults(ConnectParameters& parameters, const ConnectionSettings& settings) {
  // Our bytes are UTF-8. Another encoding would have the server store other letters, and hide it from who reads them
  // back in the same way.
  parameters.add("client_encoding", "UTF8");
  // The fallback leaves PGAPPNAME its place.
  if (parameters.value_of("application_name").empty()) {
    parameters.add_default("fallback_application_name", settings.application_name);
  }
  // Asked for by name, so a service file that says less must not undo it.
  if (!settings.ssl_mode.empty()) parameters.add_default("sslmode", settings.ssl_mode);
  // Otherwise a service file speaks for itself: what is given here would win over it.
  if (!parameters.value_of("service").empty()) return;
  const std::string_view hosts = parameters.hosts();
  const std::int64_t host_count = 1 + std::count(hosts.begin(), hosts.end(), ',');
  const std::int64_t seconds = (settings.connect_ms_max / host_count + 999) / 1000;
  parameters.add_default("connect_timeout", std::to_string(std::max<std::int64_t>(seconds, 2)));
  // A server that vanished without a word is noticed in a minute instead of hours.
  parameters.add_default("keepalives_idle", "30");
  parameters.add_default("keepalives_interval", "10");
  parameters.add_default("keepalives_count", "3");
  parameters.add_default("tcp_user_timeout", "30000");
  if (settings.target == Target::writable) parameters.add_default("target_session_attrs", "read-write");
  if (settings.target == Target::primary && host_count > 1) parameters.add_default("target_session_attrs", "primary");
}

void drop_notice(void*, const PGresult*) {}

Unexpected not_connected(pg_conn* handle, const std::string& server) {
  const std::string text = handle == nullptr ? "out of memory" : PQerrorMessage(handle);
  ConnectFailure failure{.text = text, .sqlstate = {}};
  std::string verbose;
  if (handle != nullptr) {
    failure.needs_password = PQconnectionNeedsPassword(handle) == 1;
    // libpq shows a server's SQLSTATE only to who has asked for it before, and one can ask only of a connection: so
    // ask, and try once more. Servers that answer do so at once.
    if (answered_by_server(text)) {
      PQsetErrorVerbosity(handle, PQERRORS_VERBOSE);
      PQreset(handle);
      verbose = PQstatus(handle) == CONNECTION_OK ? "" : PQerrorMessage(handle);
      failure.sqlstate = sqlstate_in(verbose);
    }
  }
  const SqlStateMeaning meaning = meaning_of(failure);
  std::string message = "cannot connect to PostgreSQL " + server + ": " + one_line(text);
  if (*meaning.remedy != 0) message.append("; ").append(meaning.remedy);
  return fail(meaning.code, std::move(message));
}

std::string server_of(const pg_conn* handle) {
  return std::string(PQhost(handle)) + ":" + PQport(handle) + "/" + PQdb(handle);
}

}  // namespace

ConnectionSettings settings_of(const StoreOptions& options, Target target) {
  ConnectionSettings settings;
  settings.url = options.url;
  settings.ssl_mode = options.ssl_mode;
  settings.application_name = options.application_name;
  settings.connect_ms_max = options.create_ms_max;
  settings.target = target;
  return settings;
}

Result<std::unique_ptr<Connection>> Connection::connect(const ConnectionSettings& settings) {
  BLOTTER_ASSIGN(ConnectParameters parameters, ConnectParameters::parse(settings.url));
  add_defaults(parameters, settings);
  std::unique_ptr<pg_conn, Finish> handle(parameters.connect());
  if (handle) PQsetNoticeReceiver(handle.get(), drop_notice, nullptr);
  if (!handle || PQstatus(handle.get()) != CONNECTION_OK) return not_connected(handle.get(), parameters.server());
  std::string server = server_of(handle.get());
  return std::unique_ptr<Connection>(new Connection(handle.release(), std::move(server)));
}

}  // namespace blotter::postgres
