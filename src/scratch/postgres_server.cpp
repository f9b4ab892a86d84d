#include "scratch/postgres_server.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "scratch/process.h"

namespace blotter::scratch {
namespace {

namespace fs = std::filesystem;

constexpr auto kPatience = std::chrono::seconds(60);
// A socket's whole path has 107 bytes, and PostgreSQL names it .s.PGSQL.PORT.
constexpr std::size_t kDirectoryMax = 107 - std::string_view("/.s.PGSQL.65535").size();

// Debian keeps the server's programs out of the PATH, one folder for each version.
Result<std::string> server_programs() {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    if (fs::exists(version.path() / "bin/initdb", ignored)) found.push_back(version.path() / "bin");
  }
  if (found.empty()) {
    return fail(Errc::not_found, "no PostgreSQL server is installed: ./dev setup test (package postgresql-15)");
  }
  return std::max_element(found.begin(), found.end())->string();
}

// Of a path, for a URL.
std::string percent_encoded(const std::string& text) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || std::strchr("-_.~/", c) != nullptr) {
      encoded += c;
    } else {
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

bool is_lock_of_a_dead_server(const std::string& reason) {
  return reason.find("lock file") != std::string::npos || reason.find("Is another postmaster") != std::string::npos ||
         reason.find("Terminate any old server") != std::string::npos;
}

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};

// Runs one statement that takes a name, which %s stands for.
Result<void> run_statement(const std::string& url, const char* before, const std::string& name) {
  const std::unique_ptr<PGconn, Finish> connection(PQconnectdb(url.c_str()));
  const auto failure = [&] {
    std::string message = PQerrorMessage(connection.get());
    std::replace(message.begin(), message.end(), '\n', ' ');
    return fail(Errc::unavailable, "PostgreSQL: " + message);
  };
  if (PQstatus(connection.get()) != CONNECTION_OK) return failure();
  std::string statement = before;
  if (!name.empty()) {
    char* quoted = PQescapeIdentifier(connection.get(), name.data(), name.size());
    if (quoted == nullptr) return failure();
    statement += quoted;
    PQfreemem(quoted);
  }
  const std::unique_ptr<PGresult, Clear> result(PQexec(connection.get(), statement.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return failure();
  return {};
}

}  // namespace

struct PostgresServer::Process {
  User user;
  std::string programs;
  std::unique_ptr<ScratchDirectory> directory;
  bool listen_tcp = false;
  int port = 5432;
  pid_t process = 0;  // 0: it does not run

  std::string data() const { return directory->path() + "/data"; }
  std::string log() const { return directory->path() + "/log"; }

  static Result<std::unique_ptr<Process>> prepare(const std::string& path, bool listen_tcp);
  Result<void> configure(const PostgresOptions& options) const;
  Result<void> run(const std::string& url);
  void wait() { wait_for_end(std::exchange(process, 0)); }
};

Result<std::unique_ptr<PostgresServer::Process>> PostgresServer::Process::prepare(const std::string& path,
                                                                                  bool listen_tcp) {
  auto made = std::make_unique<Process>();
  BLOTTER_ASSIGN(made->user, user_to_run_as());
  BLOTTER_ASSIGN(made->programs, server_programs());
  BLOTTER_ASSIGN(made->directory, ScratchDirectory::make(path, made->user));
  if (made->directory->path().size() > kDirectoryMax) {
    return fail(Errc::invalid, made->directory->path() + ": the path is too long for a Unix socket");
  }
  made->listen_tcp = listen_tcp;
  if (listen_tcp) {
    BLOTTER_ASSIGN(made->port, free_port());
  }
  return made;
}

Result<void> PostgresServer::Process::configure(const PostgresOptions& options) const {
  std::ofstream file(data() + "/postgresql.conf", std::ios::app);
  file << "unix_socket_directories = '" << directory->path() << "'\n"
       << "listen_addresses = '" << (listen_tcp ? "127.0.0.1" : "") << "'\nport = " << port
       << '\n'
       // In files of the cluster, so that nothing stays behind after a crash.
       << "dynamic_shared_memory_type = mmap\n"
       // A replica that found nobody to follow looks again at once.
       << "wal_retrieve_retry_interval = 50ms\n";
  if (options.fast) file << "fsync = off\nfull_page_writes = off\n";
  for (const std::string& line : options.settings) file << line << '\n';
  file.close();
  if (!file) return fail(Errc::unavailable, data() + "/postgresql.conf cannot be written");
  return {};
}

// After a crash the lock file of the dead server and backends that have not noticed yet stand in the way for a moment:
// it is tried again until the deadline.
Result<void> PostgresServer::Process::run(const std::string& url) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (process == 0) {
      BLOTTER_ASSIGN(process, spawn(user, {programs + "/postgres", "-D", data()}, directory->path(), log()));
    }
    if (PQping(url.c_str()) == PQPING_OK) return {};
    if (has_ended(process)) {
      process = 0;
      const std::string reason = last_line(log());
      if (!is_lock_of_a_dead_server(reason)) return fail(Errc::unavailable, "PostgreSQL ended at once: " + reason);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return fail(Errc::unavailable, "PostgreSQL does not answer: " + last_line(log()));
}

PostgresServer::PostgresServer(std::unique_ptr<Process> process) : process_(std::move(process)) {}

Result<std::unique_ptr<PostgresServer>> PostgresServer::start(const PostgresOptions& options) {
  BLOTTER_ASSIGN(std::unique_ptr<Process> process, Process::prepare(options.directory, options.listen_tcp));
  BLOTTER_TRY(run_to_end(process->user,
                         {process->programs + "/initdb", "-D", process->data(), "-U", "postgres", "-A", "trust", "-E",
                          "UTF8", "--locale=C", "--no-sync", "--no-instructions"},
                         process->directory->path(), process->log()));
  BLOTTER_TRY(process->configure(options));
  std::unique_ptr<PostgresServer> server(new PostgresServer(std::move(process)));
  BLOTTER_TRY(server->start_again());
  return server;
}

Result<std::unique_ptr<PostgresServer>> PostgresServer::start_replica(const std::string& directory) {
  BLOTTER_ASSIGN(std::unique_ptr<Process> process, Process::prepare(directory, process_->listen_tcp));
  BLOTTER_TRY(run_to_end(process->user,
                         {process->programs + "/pg_basebackup", "-D", process->data(), "-d", url(), "-R", "-X",
                          "stream", "-c", "fast", "--no-sync"},
                         process->directory->path(), process->log()));
  BLOTTER_TRY(process->configure({.directory = {}, .listen_tcp = process->listen_tcp, .fast = true}));
  std::unique_ptr<PostgresServer> replica(new PostgresServer(std::move(process)));
  BLOTTER_TRY(replica->start_again());
  return replica;
}

PostgresServer::~PostgresServer() {
  if (process_->process == 0) return;
  // What is thrown away needs no checkpoint.
  ::kill(process_->process, SIGQUIT);
  process_->wait();
}

std::string PostgresServer::url(const std::string& database) const {
  return "postgresql://postgres@/" + percent_encoded(database) + "?host=" + percent_encoded(directory()) +
         "&port=" + std::to_string(port());
}

std::string PostgresServer::tcp_url(const std::string& database) const {
  return "postgresql://postgres@127.0.0.1:" + std::to_string(port()) + "/" + percent_encoded(database);
}

const std::string& PostgresServer::directory() const { return process_->directory->path(); }

int PostgresServer::port() const { return process_->port; }

Result<std::string> PostgresServer::create_database(const std::string& name) {
  BLOTTER_TRY(run_statement(url(), "CREATE DATABASE ", name));
  return url(name);
}

Result<void> PostgresServer::stop(const char* mode) {
  if (process_->process == 0) return {};
  const std::string how = mode;
  ::kill(process_->process, how == "smart" ? SIGTERM : how == "immediate" ? SIGQUIT : SIGINT);
  process_->wait();
  return {};
}

Result<void> PostgresServer::kill_hard() {
  if (process_->process == 0) return {};
  ::kill(process_->process, SIGKILL);
  process_->wait();
  process_->directory->kill_processes();
  return {};
}

Result<void> PostgresServer::start_again() { return process_->run(url()); }

Result<void> PostgresServer::promote() { return run_statement(url(), "SELECT pg_promote(true, 60)", {}); }

}  // namespace blotter::scratch
