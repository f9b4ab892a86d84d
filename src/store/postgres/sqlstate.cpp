#include "store/postgres/sqlstate.h"

#include <algorithm>

namespace blotter::postgres {
namespace {

constexpr const char* kCredentials = "check the user and the password in DATABASE_URL, and pg_hba.conf of the server";
constexpr const char* kDatabase = "create the database or change the one in DATABASE_URL";
constexpr const char* kRights = "give the user of DATABASE_URL its role: `blotter migrate roles`";
constexpr const char* kSchema = "bring the schema up to date: `blotter migrate up`";
constexpr const char* kTls = "check DATABASE_SSL_MODE and the certificates it needs";
constexpr const char* kUrl = "correct DATABASE_URL";
constexpr const char* kVersion = "the server must be PostgreSQL 15 or newer: change DATABASE_URL or upgrade it";

struct Entry {
  std::string_view prefix;
  SqlStateMeaning meaning;
};

// The longest prefix of a state decides.
constexpr Entry kTable[] = {
    {"08", {}},                           // connection exceptions
    {"0A", {Errc::not_found, kVersion}},  // a feature that the server does not have
    {"21", {Errc::invalid, ""}},          // two rows of one key in one statement
    {"22", {Errc::invalid, ""}},          // data exceptions: a value that a type cannot hold
    {"23", {Errc::invalid, ""}},          // constraints
    {"25", {}},                           // the state of the transaction: timeouts, read-only after a failover
    {"28", {Errc::not_found, kCredentials}},
    {"3D", {Errc::not_found, kDatabase}},
    {"3F", {Errc::not_found, kSchema}},
    {"40", {}},                          // deadlock, serialization: run the transaction again
    {"42", {Errc::not_found, kSchema}},  // a name that is not there, a type that differs
    {"42501", {Errc::not_found, kRights}},
    {"53", {}},  // out of connections or memory
    {"53100", {Errc::exhausted, "free space on the volume of the database server"}},
    {"54", {Errc::invalid, ""}},              // a value too long for an index, a row too wide
    {"55", {}},                               // locks, objects in use
    {"57", {}},                               // cancelled, shut down, starting up
    {"57P04", {Errc::not_found, kDatabase}},  // dropped under us
    {"P0001", {Errc::invalid, ""}},           // RAISE EXCEPTION of a trigger
    {"XX001", {Errc::corrupt, "the server reports damaged data: restore it, or rebuild the store from the journal"}},
    {"XX002", {Errc::corrupt, "the server reports a damaged index: REINDEX, or rebuild the store from the journal"}},
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool is_state_letter(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }

// libpq puts the server's own words behind its severity and two spaces, in every language.
constexpr std::string_view kAfterSeverity = ":  ";

}  // namespace

SqlStateMeaning meaning_of(std::string_view sqlstate) {
  const Entry* best = nullptr;
  for (const Entry& entry : kTable) {
    if (sqlstate.starts_with(entry.prefix) && (best == nullptr || best->prefix.size() < entry.prefix.size())) {
      best = &entry;
    }
  }
  return best == nullptr ? SqlStateMeaning{} : best->meaning;
}

bool loses_connection(std::string_view sqlstate) {
  return sqlstate.empty() || sqlstate.starts_with("08") || sqlstate.starts_with("57P") || sqlstate == "25P03";
}

SqlStateMeaning meaning_of(const ConnectFailure& failure) {
  if (failure.needs_password) return {Errc::not_found, kCredentials};
  // Before any statement of ours, a name that is not there is one of the URL's own (`options=-c …`).
  if (failure.sqlstate.starts_with("42") && failure.sqlstate != "42501") return {Errc::not_found, kUrl};
  if (!failure.sqlstate.empty()) return meaning_of(failure.sqlstate);
  // A connection that broke in the middle of a handshake.
  if (contains(failure.text, "SSL SYSCALL error")) return {};
  if (contains(failure.text, "SSL") || contains(failure.text, "certificate") || contains(failure.text, "private key")) {
    return {Errc::not_found, kTls};
  }
  if (failure.text.starts_with("invalid ") || contains(failure.text, "could not match ") ||
      contains(failure.text, "definition of service")) {
    return {Errc::not_found, kUrl};
  }
  return {};
}

std::string_view sqlstate_in(std::string_view verbose_text) {
  std::string_view last;
  for (std::size_t at = verbose_text.find(kAfterSeverity); at != std::string_view::npos;
       at = verbose_text.find(kAfterSeverity, at + 1)) {
    const std::string_view state = verbose_text.substr(at + kAfterSeverity.size(), 6);
    if (state.size() == 6 && state[5] == ':' && std::all_of(state.begin(), state.begin() + 5, is_state_letter)) {
      last = state.substr(0, 5);
    }
  }
  return last;
}

bool answered_by_server(std::string_view text) { return contains(text, kAfterSeverity); }

std::string one_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::string line;
  line.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\n') {
      line += text[i];
      continue;
    }
    while (i + 1 < text.size() && (text[i + 1] == '\t' || text[i + 1] == ' ' || text[i + 1] == '\n')) ++i;
    line += "; ";
  }
  return line;
}

}  // namespace blotter::postgres
