#include "bench/postgres_server.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

namespace blotter::bench {
namespace {

namespace fs = std::filesystem;

constexpr auto kStartTimeout = std::chrono::seconds(30);

struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

Result<User> user_to_run_as() {
  if (::geteuid() != 0) return User{.name = {}, .uid = ::geteuid(), .gid = ::getegid()};
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* entry = ::getpwnam(name)) return User{.name = name, .uid = entry->pw_uid, .gid = entry->pw_gid};
  }
  return fail(Errc::not_found, "no unprivileged user to run PostgreSQL as");
}

// Debian keeps the server's programs out of the PATH, one folder for each version.
Result<std::string> server_programs() {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    if (fs::exists(version.path() / "bin/initdb", ignored)) found.push_back(version.path() / "bin");
  }
  if (found.empty()) return fail(Errc::not_found, "no PostgreSQL server is installed");
  return std::max_element(found.begin(), found.end())->string();
}

// Starts a program as `user`, its output in `log`. Between fork and exec only calls that are safe there.
Result<pid_t> spawn(const User& user, const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const bool is_root = ::geteuid() == 0;
  const pid_t process = ::fork();
  if (process < 0) return fail(Errc::unavailable, std::string("cannot fork: ") + std::strerror(errno));
  if (process > 0) return process;
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int input = ::open("/dev/null", O_RDONLY);
  if (output < 0 || input < 0 || ::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) ::_exit(126);
  if (is_root && (::setgroups(1, &user.gid) != 0 || ::setgid(user.gid) != 0 || ::setuid(user.uid) != 0)) ::_exit(126);
  // After the change of user, which would forget it. SIGINT is PostgreSQL's fast shutdown.
  ::prctl(PR_SET_PDEATHSIG, SIGINT);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

std::string last_line(const std::string& log) {
  std::ifstream file(log);
  std::string line;
  std::string last;
  while (std::getline(file, line)) {
    if (!line.empty()) last = line;
  }
  return last;
}

Result<void> run_to_end(const User& user, const std::vector<std::string>& command, const std::string& log) {
  BLOTTER_ASSIGN(const pid_t process, spawn(user, command, log));
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(Errc::unavailable, command.front() + " failed: " + last_line(log));
}

Result<void> wait_until_it_answers(pid_t process, const std::string& connection, const std::string& log) {
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (std::chrono::steady_clock::now() < deadline) {
    if (PQping(connection.c_str()) == PQPING_OK) return {};
    int status = 0;
    if (::waitpid(process, &status, WNOHANG) == process) {
      return fail(Errc::not_found, "PostgreSQL ended at once: " + last_line(log));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return fail(Errc::unavailable, "PostgreSQL does not answer: " + last_line(log));
}

}  // namespace

Result<PostgresServer> PostgresServer::start(const std::string& directory) {
  BLOTTER_ASSIGN(const User user, user_to_run_as());
  BLOTTER_ASSIGN(const std::string programs, server_programs());
  if (::geteuid() == 0 && ::chown(directory.c_str(), user.uid, user.gid) != 0) {
    return fail(Errc::unavailable, "cannot give " + directory + " to " + user.name + ": " + std::strerror(errno));
  }
  const std::string data = directory + "/data";
  const std::string log = directory + "/log";
  BLOTTER_TRY(run_to_end(
      user, {programs + "/initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"},
      log));
  BLOTTER_ASSIGN(const pid_t process,
                 spawn(user, {programs + "/postgres", "-D", data, "-k", directory, "-c", "listen_addresses="}, log));
  PostgresServer server(process, "host='" + directory + "' user=bench dbname=postgres");
  if (Result<void> up = wait_until_it_answers(process, server.connection_, log); !up) {
    // One that has ended by itself has been waited for, and its number may be somebody else's by now.
    if (up.error().code == Errc::not_found) server.process_ = 0;
    return fail(up.error());
  }
  return server;
}

PostgresServer::PostgresServer(PostgresServer&& other) noexcept
    : process_(std::exchange(other.process_, 0)), connection_(std::move(other.connection_)) {}

PostgresServer::~PostgresServer() {
  if (process_ <= 0) return;
  ::kill(process_, SIGINT);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace blotter::bench
