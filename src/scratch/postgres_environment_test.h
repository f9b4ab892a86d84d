// For tests: one PostgreSQL for the whole program, a database of its own for each test.
//
// A program that includes this fails when no server can be started: a test that did not run must not look like one that
// passed. A test that stops or kills a server starts one of its own.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "scratch/postgres_server.h"

namespace blotter::scratch {

// A directory that a server of another user can reach, for ScratchDirectory to make and remove. Short: it holds
// sockets.
inline std::string new_directory() {
  static int count = 0;
  const std::string name = "blotter-pg-" + std::to_string(::getpid()) + "-" + std::to_string(count++);
  return (std::filesystem::temp_directory_path() / name).string();
}

class PostgresEnvironment final : public ::testing::Environment {
 public:
  void SetUp() override {
    Result<std::unique_ptr<PostgresServer>> started = PostgresServer::start(
        {.directory = new_directory(), .settings = {"max_connections = 200", "shared_buffers = 64MB"}});
    ASSERT_TRUE(started.has_value()) << started.error().message;
    server_ = std::move(*started);
  }
  void TearDown() override { server_.reset(); }
  PostgresServer& server() { return *server_; }

 private:
  std::unique_ptr<PostgresServer> server_;
};

inline PostgresEnvironment& postgres_environment() {
  static auto* const environment = new PostgresEnvironment;  // gtest deletes it
  return *environment;
}
inline const ::testing::Environment* const kPostgresEnvironment =
    ::testing::AddGlobalTestEnvironment(&postgres_environment());

// The server that the program's tests share.
inline PostgresServer& scratch_server() { return postgres_environment().server(); }

// The URL of a new empty database on it.
inline std::string fresh_database() {
  static int count = 0;
  const Result<std::string> url = scratch_server().create_database("test_" + std::to_string(count++));
  EXPECT_TRUE(url.has_value()) << url.error().message;
  return url ? *url : std::string();
}

}  // namespace blotter::scratch
