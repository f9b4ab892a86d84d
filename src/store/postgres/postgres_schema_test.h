// For the tests of the schema: a fresh database, statements in short form.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "scratch/postgres_environment_test.h"
#include "store/postgres/connection.h"
#include "store/postgres/migrator.h"

namespace blotter::postgres {

inline ConnectionSettings settings(const std::string& url) {
  ConnectionSettings settings;
  settings.url = url;
  return settings;
}

inline std::unique_ptr<Connection> connect(const std::string& url) {
  auto connection = Connection::connect(settings(url));
  EXPECT_TRUE(connection.has_value()) << connection.error().message;
  return connection ? std::move(*connection) : nullptr;
}

class PostgresSchemaTest : public testing::Test {
 protected:
  StoreOptions options() const {
    StoreOptions options;
    options.url = url_;
    return options;
  }
  PostgresMigrator migrator() const { return PostgresMigrator(settings(url_)); }
  void migrate() {
    const auto applied = migrator().up(INT32_MAX);
    ASSERT_TRUE(applied.has_value()) << applied.error().message;
  }
  Connection& db() {
    if (!connection_) connection_ = connect(url_);
    return *connection_;
  }
  void run(const std::string& sql) {
    const auto done = db().run_script(sql.c_str());
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  // The first column of the answer, as text, a line each.
  static std::string text_of(Connection& connection, const std::string& sql, const Parameters& parameters = {}) {
    const auto rows = connection.query(("SELECT x::text FROM (" + sql + ") AS answer (x)").c_str(), parameters);
    EXPECT_TRUE(rows.has_value()) << rows.error().message;
    std::string text;
    for (int row = 0; rows && row < rows->size(); ++row) text += (row > 0 ? "\n" : "") + rows->text(row, 0);
    return text;
  }
  std::string text_of(const std::string& sql, const Parameters& parameters = {}) {
    return text_of(db(), sql, parameters);
  }
  // The error of a statement that has to be refused.
  static Error refusal_of(Connection& connection, const std::string& sql) {
    const auto done = connection.run_script(sql.c_str());
    EXPECT_FALSE(done.has_value()) << "not refused: " << sql;
    return done ? Error{} : done.error();
  }

  std::string url_ = scratch::fresh_database();
  std::unique_ptr<Connection> connection_;
};

}  // namespace blotter::postgres
