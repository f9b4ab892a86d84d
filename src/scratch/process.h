// Child processes for scratch servers: started as an unprivileged user, and gone when this process is, however it ends.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "blotter/result.h"

namespace blotter::scratch {

// Whom servers run as: this process's user, or for root, whom they refuse, the user postgres or nobody.
struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};
// Errc: not_found (root, and neither of them exists).
Result<User> user_to_run_as();

// A directory of a server, which is removed with everything that still works in it when this object or this process
// ends, also by SIGKILL. A process belongs to it when it is the current directory of the process, or above it.
class ScratchDirectory {
 public:
  // Makes it and gives it to the user. Errc: invalid (there is something in it), unavailable.
  static Result<std::unique_ptr<ScratchDirectory>> make(const std::string& path, const User& user);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }
  // Kills what works in it, and waits until it is gone.
  void kill_processes() const;

 private:
  ScratchDirectory(std::string path, int guardian) : path_(std::move(path)), guardian_(guardian) {}
  const std::string path_;
  const int guardian_;  // a socket: the guardian cleans up when our end of it closes
};

// Starts a program in `directory` as `user`, with its output appended to `log`.
Result<pid_t> spawn(const User& user, const std::vector<std::string>& command, const std::string& directory,
                    const std::string& log);
// Waits for its end; whether it went well.
bool wait_for_end(pid_t process);
// Whether it has ended (then its number is no longer ours).
bool has_ended(pid_t process);
// Runs a program to its end. Errc: unavailable (says what it wrote last).
Result<void> run_to_end(const User& user, const std::vector<std::string>& command, const std::string& directory,
                        const std::string& log);

std::string last_line(const std::string& log);

// A TCP port on the loopback interface that nobody listens on, outside of the range the kernel gives to clients: so it
// stays free while its server is down. Errc: exhausted.
Result<int> free_port();

}  // namespace blotter::scratch
