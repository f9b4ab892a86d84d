#include "scratch/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

namespace blotter::scratch {
namespace {

namespace fs = std::filesystem;

// Waits for the end of its input, kills what still works below its argument and removes it. A program of its own, with
// a session of its own, because it has to outlive this one's death by any signal. The segment that a killed PostgreSQL
// leaves behind is named in line 7 of its postmaster.pid.
constexpr const char* kGuardian = R"(
cd / && read -r _
for process in /proc/[0-9]*; do
  case $(readlink "$process/cwd" 2>/dev/null)/ in "$1"/*) kill -9 "${process#/proc/}" ;; esac
done
if [ -e "$1/data/postmaster.pid" ]; then
  segment=$(sed -n 7p "$1/data/postmaster.pid")
  ipcrm -m "${segment##* }"
fi
# What was killed may still be writing its last.
tries=0
until rm -rf -- "$1" || [ $((tries += 1)) -gt 50 ]; do sleep 0.1; done
)";

[[noreturn]] void become_guardian(int socket, const char* directory) {
  ::setsid();
  // Not our child any more: what ends us and our children, as a test's time limit does, spares it.
  if (::fork() != 0) ::_exit(0);
  const int nothing = ::open("/dev/null", O_WRONLY);
  if (::dup2(socket, 0) < 0 || ::dup2(nothing, 1) < 0 || ::dup2(nothing, 2) < 0) ::_exit(126);
  ::execl("/bin/sh", "sh", "-c", kGuardian, "guardian", directory, static_cast<char*>(nullptr));
  ::_exit(127);
}

Unexpected system_failure(const std::string& what) {
  return fail(Errc::unavailable, what + ": " + std::strerror(errno));
}

bool is_below(const std::string& path, const std::string& directory) {
  return path.size() >= directory.size() && path.compare(0, directory.size(), directory) == 0 &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

std::vector<pid_t> processes_below(const std::string& directory) {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    if (!std::isdigit(static_cast<unsigned char>(name.front()))) continue;
    const fs::path where = fs::read_symlink(entry.path() / "cwd", ignored);
    if (!ignored && is_below(where.string(), directory)) found.push_back(static_cast<pid_t>(std::stol(name)));
  }
  return found;
}

}  // namespace

Result<User> user_to_run_as() {
  if (::geteuid() != 0) return User{.name = {}, .uid = ::geteuid(), .gid = ::getegid()};
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* entry = ::getpwnam(name)) return User{.name = name, .uid = entry->pw_uid, .gid = entry->pw_gid};
  }
  return fail(Errc::not_found, "there is no unprivileged user (postgres or nobody) to run a server as");
}

Result<std::unique_ptr<ScratchDirectory>> ScratchDirectory::make(const std::string& path, const User& user) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code) return fail(Errc::unavailable, path + ": " + code.message());
  if (!fs::is_empty(path, code) || code) {
    return fail(Errc::invalid, path + " is not empty: a scratch server removes its directory with all that is in it");
  }
  // As /proc shows it.
  const std::string real = fs::canonical(path, code).string();
  if (code) return fail(Errc::unavailable, path + ": " + code.message());
  if (::geteuid() == 0 && ::chown(real.c_str(), user.uid, user.gid) != 0) {
    return system_failure("cannot give " + real + " to " + user.name);
  }
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return system_failure("cannot make a socket");
  const pid_t middle = ::fork();
  if (middle < 0) return system_failure("cannot fork");
  if (middle == 0) become_guardian(ends[1], real.c_str());
  ::close(ends[1]);
  wait_for_end(middle);
  return std::unique_ptr<ScratchDirectory>(new ScratchDirectory(real, ends[0]));
}

ScratchDirectory::~ScratchDirectory() {
  ::shutdown(guardian_, SHUT_WR);
  // The guardian says nothing: this waits for its end.
  char byte = 0;
  while (::read(guardian_, &byte, 1) < 0 && errno == EINTR) {
  }
  ::close(guardian_);
}

void ScratchDirectory::kill_processes() const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    const std::vector<pid_t> left = processes_below(path_);
    if (left.empty()) return;
    for (const pid_t process : left) ::kill(process, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Result<pid_t> spawn(const User& user, const std::vector<std::string>& command, const std::string& directory,
                    const std::string& log) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const bool is_root = ::geteuid() == 0;
  const pid_t process = ::fork();
  if (process < 0) return system_failure("cannot fork");
  if (process > 0) return process;
  // Between fork and exec only calls that are safe there. A session of its own: Ctrl-C is for us, and we stop it.
  ::setsid();
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int input = ::open("/dev/null", O_RDONLY);
  if (output < 0 || input < 0 || ::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) ::_exit(126);
  if (is_root && (::setgroups(1, &user.gid) != 0 || ::setgid(user.gid) != 0 || ::setuid(user.uid) != 0)) ::_exit(126);
  if (::chdir(directory.c_str()) != 0) ::_exit(126);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

bool wait_for_end(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool has_ended(pid_t process) { return ::waitpid(process, nullptr, WNOHANG) != 0; }

Result<void> run_to_end(const User& user, const std::vector<std::string>& command, const std::string& directory,
                        const std::string& log) {
  BLOTTER_ASSIGN(const pid_t process, spawn(user, command, directory, log));
  if (wait_for_end(process)) return {};
  const std::string said = last_line(log);
  return fail(
      Errc::unavailable,
      command.front() + " failed: " +
          (said.empty() ? "without a word; may its user enter every directory above " + directory + "?" : said));
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

Result<int> free_port() {
  constexpr int kFirst = 15'000;
  constexpr int kCount = 15'000;
  std::random_device random;
  for (int attempt = 0; attempt < 100; ++attempt) {
    const int port = kFirst + static_cast<int>(random() % kCount);
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool free = ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(probe);
    if (free) return port;
  }
  return fail(Errc::exhausted, "no free TCP port on 127.0.0.1");
}

}  // namespace blotter::scratch
