#include "scratch/pgbouncer.h"

#include <libpq-fe.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>
#include <utility>

namespace blotter::scratch {
namespace {

constexpr const char* kProgram = "/usr/sbin/pgbouncer";
constexpr auto kPatience = std::chrono::seconds(30);

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, Finish>;

Result<void> write_configuration(const PgBouncerOptions& options, const std::string& directory) {
  std::ofstream users(directory + "/users");
  for (const std::string& user : options.users) users << '"' << user << "\" \"\"\n";
  std::ofstream file(directory + "/pgbouncer.ini");
  file << "[databases]\n* = host=" << options.server << " port=" << options.server_port << "\n[pgbouncer]\n"
       << "listen_addr =\nunix_socket_dir = " << directory << "\nauth_type = trust\nauth_file = " << directory
       << "/users\nadmin_users = " << options.users.front()
       << "\npool_mode = transaction\ndefault_pool_size = " << options.pool_size
       << "\nmax_client_conn = 500\nserver_login_retry = 1\n";
  for (const std::string& line : options.settings) file << line << '\n';
  users.close();
  file.close();
  if (!users || !file) return fail(Errc::unavailable, directory + "/pgbouncer.ini cannot be written");
  return {};
}

}  // namespace

Result<std::unique_ptr<PgBouncer>> PgBouncer::start(const PgBouncerOptions& options) {
  if (::access(kProgram, X_OK) != 0) {
    return fail(Errc::not_found, "PgBouncer is not installed: ./dev setup test (package pgbouncer)");
  }
  BLOTTER_ASSIGN(User user, user_to_run_as());
  BLOTTER_ASSIGN(std::unique_ptr<ScratchDirectory> directory, ScratchDirectory::make(options.directory, user));
  BLOTTER_TRY(write_configuration(options, directory->path()));
  std::unique_ptr<PgBouncer> started(new PgBouncer(std::move(user), std::move(directory)));
  BLOTTER_TRY(started->run());
  return started;
}

PgBouncer::~PgBouncer() { end(); }

Result<void> PgBouncer::run() {
  const std::string log = directory_->path() + "/log";
  BLOTTER_ASSIGN(process_, spawn(user_, {kProgram, "pgbouncer.ini"}, directory_->path(), log));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (command("SHOW VERSION")) return {};
    if (has_ended(process_)) {
      process_ = 0;
      return fail(Errc::unavailable, "PgBouncer ended at once: " + last_line(log));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return fail(Errc::unavailable, "PgBouncer does not answer: " + last_line(log));
}

void PgBouncer::end() {
  if (process_ == 0) return;
  ::kill(process_, SIGTERM);
  wait_for_end(std::exchange(process_, 0));
}

Result<void> PgBouncer::restart() {
  end();
  return run();
}

std::string PgBouncer::url(const std::string& database, const std::string& user) const {
  return "postgresql://" + user + "@/" + database + "?host=" + directory_->path() + "&port=6432";
}

Result<void> PgBouncer::command(const char* text) const {
  const Connection connection(PQconnectdb(url("pgbouncer").c_str()));
  PGresult* result = PQexec(connection.get(), text);
  const ExecStatusType status = PQresultStatus(result);
  PQclear(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
  return fail(Errc::unavailable, std::string("PgBouncer, ") + text + ": " + PQerrorMessage(connection.get()));
}

}  // namespace blotter::scratch
