// A throw-away PostgreSQL: a cluster of its own in a directory of its own, reached over a Unix socket only.
//
// PostgreSQL refuses to run as root, so root starts it as the user postgres (or nobody). It dies with this process.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "blotter/result.h"

namespace blotter::bench {

class PostgresServer {
 public:
  // Makes the cluster below `directory` and waits until it answers. Errc: not_found (no server programs, or no user to
  // run it), unavailable (it did not start; says why).
  static Result<PostgresServer> start(const std::string& directory);

  PostgresServer(PostgresServer&& other) noexcept;
  PostgresServer& operator=(PostgresServer&&) = delete;
  ~PostgresServer();  // stops it and waits for its end

  const std::string& connection() const { return connection_; }  // for PQconnectdb

 private:
  PostgresServer(pid_t process, std::string connection) : process_(process), connection_(std::move(connection)) {}

  pid_t process_;
  std::string connection_;
};

}  // namespace blotter::bench
