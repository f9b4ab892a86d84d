#include "store/postgres/sqlstate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace blotter::postgres {
namespace {

using testing::HasSubstr;

TEST(SqlState, SaysWhatTheCallerMayDo) {
  const struct {
    const char* state;
    Errc code;
  } rows[] = {
      {"08000", Errc::unavailable}, {"08006", Errc::unavailable}, {"08P01", Errc::unavailable},
      {"22P03", Errc::invalid},     {"22021", Errc::invalid},     {"22003", Errc::invalid},
      {"23505", Errc::invalid},     {"23514", Errc::invalid},     {"23502", Errc::invalid},
      {"25006", Errc::unavailable}, {"25P02", Errc::unavailable}, {"25P03", Errc::unavailable},
      {"26000", Errc::unavailable}, {"28000", Errc::not_found},   {"28P01", Errc::not_found},
      {"3D000", Errc::not_found},   {"3F000", Errc::not_found},   {"40001", Errc::unavailable},
      {"40P01", Errc::unavailable}, {"42501", Errc::not_found},   {"42P01", Errc::not_found},
      {"42703", Errc::not_found},   {"42883", Errc::not_found},   {"53100", Errc::exhausted},
      {"53200", Errc::unavailable}, {"53300", Errc::unavailable}, {"54000", Errc::invalid},
      {"55P03", Errc::unavailable}, {"57014", Errc::unavailable}, {"57P01", Errc::unavailable},
      {"57P02", Errc::unavailable}, {"57P03", Errc::unavailable}, {"57P04", Errc::not_found},
      {"58030", Errc::unavailable}, {"P0001", Errc::invalid},     {"XX000", Errc::unavailable},
      {"XX001", Errc::corrupt},     {"XX002", Errc::corrupt},     {"0A000", Errc::not_found},
      {"99999", Errc::unavailable}, {"", Errc::unavailable},
  };
  for (const auto& row : rows) EXPECT_EQ(meaning_of(row.state).code, row.code) << row.state;
}

TEST(SqlState, NamesTheSettingThatAPersonHasToChange) {
  const struct {
    const char* state;
    const char* setting;
  } rows[] = {{"28P01", "DATABASE_URL"},
              {"28000", "DATABASE_URL"},
              {"3D000", "DATABASE_URL"},
              {"42501", "blotter migrate roles"},
              {"42P01", "blotter migrate up"},
              {"3F000", "blotter migrate up"},
              {"53100", "space"}};
  for (const auto& row : rows) EXPECT_THAT(meaning_of(row.state).remedy, HasSubstr(row.setting)) << row.state;
}

TEST(SqlState, EverythingThatNeedsAPersonHasARemedy) {
  for (const char* state : {"0A000", "28000", "3D000", "3F000", "42000", "42501", "53100", "57P04", "XX001", "XX002"}) {
    EXPECT_STRNE(meaning_of(state).remedy, "") << state;
  }
}

TEST(SqlState, KnowsWhenACommitMayHaveHappened) {
  for (const char* lost : {"", "08006", "08P01", "57P01", "57P02", "25P03"}) EXPECT_TRUE(loses_connection(lost));
  for (const char* rolled_back : {"40001", "23505", "57014", "53100"}) EXPECT_FALSE(loses_connection(rolled_back));
}

TEST(SqlState, ReadsConnectionsThatWereNotMade) {
  const struct {
    ConnectFailure failure;
    Errc code;
    const char* setting;
  } rows[] = {
      {{.text = "connection to server at \"h\", port 1 failed: Connection refused"}, Errc::unavailable, ""},
      {{.text = "connection to server at \"h\" failed: timeout expired"}, Errc::unavailable, ""},
      {{.text = "could not translate host name \"h\" to address"}, Errc::unavailable, ""},
      {{.text = "connection to server failed: session is read-only"}, Errc::unavailable, ""},
      {{.text = "… FATAL:  …", .sqlstate = "28P01"}, Errc::not_found, "DATABASE_URL"},
      {{.text = "… FATAL:  …", .sqlstate = "3D000"}, Errc::not_found, "DATABASE_URL"},
      {{.text = "… FATAL:  …", .sqlstate = "42704"}, Errc::not_found, "DATABASE_URL"},
      {{.text = "… FATAL:  …", .sqlstate = "42501"}, Errc::not_found, "blotter migrate roles"},
      {{.text = "… FATAL:  …", .sqlstate = "53300"}, Errc::unavailable, ""},
      {{.text = "… FATAL:  …", .sqlstate = "57P03"}, Errc::unavailable, ""},
      {{.text = "fe_sendauth: no password supplied", .needs_password = true}, Errc::not_found, "DATABASE_URL"},
      {{.text = "server does not support SSL, but SSL was required"}, Errc::not_found, "DATABASE_SSL_MODE"},
      {{.text = "connection to server at \"h\" failed: SSL SYSCALL error: EOF detected"}, Errc::unavailable, ""},
      {{.text = "root certificate file \"x\" does not exist"}, Errc::not_found, "DATABASE_SSL_MODE"},
      {{.text = "invalid sslmode value: \"on\""}, Errc::not_found, "DATABASE_URL"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(meaning_of(row.failure).code, row.code) << row.failure.text;
    EXPECT_THAT(meaning_of(row.failure).remedy, HasSubstr(row.setting)) << row.failure.text;
  }
}

TEST(SqlState, FindsTheServersStateInAnyLanguage) {
  const char* english =
      "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  28P01: password authentication failed\n"
      "LOCATION:  auth_failed, auth.c:326\n";
  EXPECT_EQ(sqlstate_in(english), "28P01");
  EXPECT_EQ(sqlstate_in("connection to server failed: PANNE:  3D000: la base n'existe pas\n"), "3D000");
  EXPECT_EQ(sqlstate_in("host a failed: FATAL:  57P03: starting up\nhost b failed: FATAL:  28P01: no\n"), "28P01");
  EXPECT_EQ(sqlstate_in("connection to server failed: Connection refused\n\tIs the server running?\n"), "");
  EXPECT_EQ(sqlstate_in("failed: FATAL:  abcde: not a state"), "");
  EXPECT_EQ(sqlstate_in("failed: FATAL:  "), "");
  EXPECT_TRUE(answered_by_server(english));
  EXPECT_FALSE(answered_by_server("connection to server failed: timeout expired\n"));
}

TEST(SqlState, PutsTextOnOneLine) {
  EXPECT_EQ(one_line("a failed\n\tIs it running?\n"), "a failed; Is it running?");
  EXPECT_EQ(one_line(""), "");
  EXPECT_EQ(one_line("\n"), "");
}

}  // namespace
}  // namespace blotter::postgres
