// What an answer of PostgreSQL means to the caller: SQLSTATE → Errc, and what a person has to change.
//
// One table for the whole store, so that "retry", "set the row aside" and "stop and tell somebody" are decided in one
// place. States are documented in PostgreSQL's Appendix A. Refused rows are Errc::invalid; what needs a person (no
// rights, no such table, wrong password) is Errc::not_found and has a remedy; damaged storage is corrupt; the rest is
// unavailable: no effect, try again.
#pragma once

#include <string>
#include <string_view>

#include "blotter/result.h"

namespace blotter::postgres {

struct SqlStateMeaning {
  Errc code = Errc::unavailable;
  const char* remedy = "";  // what a person has to change; empty when nobody has to
};

// Of a state that no row of the table covers: unavailable, because it had no effect and may pass.
SqlStateMeaning meaning_of(std::string_view sqlstate);

// Whether the state says that the connection is gone or about to go, so that a COMMIT under way may have happened.
bool loses_connection(std::string_view sqlstate);

// The same for a connection that could not be made. `text` is libpq's message; it is read only for what has no state:
// addresses, TLS and settings are libpq's own findings.
struct ConnectFailure {
  std::string_view text;
  std::string_view sqlstate = {};  // of the server's answer; empty when it gave none
  bool needs_password = false;
};
SqlStateMeaning meaning_of(const ConnectFailure& failure);

// The state in a message of a failed connection attempt at verbosity "verbose" ("FATAL:  28P01: …"); empty when none.
std::string_view sqlstate_in(std::string_view verbose_text);
// Whether a failed attempt was answered by a server (rather than refused by the network or by libpq).
bool answered_by_server(std::string_view text);

// The text on one line without its trailing newline.
std::string one_line(std::string_view text);

}  // namespace blotter::postgres
