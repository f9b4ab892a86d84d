// A throw-away PostgreSQL: a cluster of its own in a directory of its own, for tests and benchmarks.
//
// PostgreSQL refuses to run as root, so root starts it as the user postgres (or nobody). It dies with this process.
// Threads    One at a time.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "blotter/result.h"

namespace blotter::scratch {

struct PostgresOptions {
  std::string directory;                   // made below; removed at the end
  std::vector<std::string> settings = {};  // lines of postgresql.conf, e.g. "max_connections = 200"
  bool listen_tcp = false;                 // on 127.0.0.1 and a free port, beside the Unix socket
  bool fast = true;                        // fsync off: for tests that do not crash the machine
};

class PostgresServer {
 public:
  // Makes the cluster and waits until it answers. Errc: not_found (no server programs, or no user to run it),
  // unavailable (it did not start; says why).
  static Result<std::unique_ptr<PostgresServer>> start(const PostgresOptions& options);
  // A streaming replica of this one (pg_basebackup -R), started and caught up to its start.
  Result<std::unique_ptr<PostgresServer>> start_replica(const std::string& directory);

  ~PostgresServer();  // stops it, waits for its end, removes the directory
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // postgresql://postgres@/DATABASE?host=SOCKETDIR&port=PORT, as libpq takes it.
  std::string url(const std::string& database = "postgres") const;
  // The same over 127.0.0.1 (listen_tcp).
  std::string tcp_url(const std::string& database = "postgres") const;
  const std::string& directory() const;
  int port() const;

  // A new empty database; its URL.
  Result<std::string> create_database(const std::string& name);

  // For faults. Each returns when it is so.
  Result<void> stop(const char* mode = "fast");  // smart, fast, immediate
  Result<void> kill_hard();                      // SIGKILL to the postmaster and what it leaves behind
  Result<void> start_again();
  Result<void> promote();  // a replica

 private:
  struct Process;
  explicit PostgresServer(std::unique_ptr<Process> process);
  std::unique_ptr<Process> process_;
};

}  // namespace blotter::scratch
