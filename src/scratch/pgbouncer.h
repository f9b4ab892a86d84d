// A throw-away PgBouncer in transaction mode before a PostgreSQL: as strict as its defaults are.
//
// Threads    One at a time.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "blotter/result.h"
#include "scratch/process.h"

namespace blotter::scratch {

struct PgBouncerOptions {
  std::string directory;   // made; removed at the end
  std::string server;      // directory of the server's socket
  int server_port = 5432;  // names the socket
  int pool_size = 2;       // connections to the server for each user and database
  std::vector<std::string> users = {"postgres"};
  std::vector<std::string> settings = {};  // more lines of pgbouncer.ini
};

class PgBouncer {
 public:
  // Errc: not_found (not installed), unavailable (it did not start; says why).
  static Result<std::unique_ptr<PgBouncer>> start(const PgBouncerOptions& options);
  ~PgBouncer();
  PgBouncer(const PgBouncer&) = delete;
  PgBouncer& operator=(const PgBouncer&) = delete;

  std::string url(const std::string& database, const std::string& user = "postgres") const;
  // Ends it at once, with all its connections, and starts it again.
  Result<void> restart();
  // A command of its console: PAUSE, RESUME, RECONNECT, …
  Result<void> command(const char* text) const;

 private:
  PgBouncer(User user, std::unique_ptr<ScratchDirectory> directory)
      : user_(std::move(user)), directory_(std::move(directory)) {}
  Result<void> run();
  void end();

  const User user_;
  std::unique_ptr<ScratchDirectory> directory_;
  pid_t process_ = 0;
};

}  // namespace blotter::scratch
