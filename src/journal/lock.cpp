#include "journal/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <thread>

#include "blotter/time.h"

namespace blotter::journal {
namespace {

constexpr int kAttempts = 5;
constexpr auto kBetweenAttempts = std::chrono::milliseconds(50);

std::string own_description() {
  std::string command;
  std::ifstream("/proc/self/comm") >> command;
  std::array<char, 256> host{};
  static_cast<void>(::gethostname(host.data(), host.size() - 1));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const Timestamp since{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
  return "pid " + std::to_string(::getpid()) + " (" + command + ") on " + host.data() + " since " + to_text(since) +
         "\n";
}

std::string description_in(int fd) {
  std::array<char, 512> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  std::string holder(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  return holder.empty() ? "an unknown process" : holder;
}

// The file may have been replaced between our open and our flock; then we hold a lock that nobody else looks at.
bool is_file_at(int fd, const std::string& path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

}  // namespace

Result<WriterLock> WriterLock::take(const std::string& directory) {
  const std::string path = directory + "/LOCK";
  std::string holder;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kBetweenAttempts);
    File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!file.is_open()) return system_failure("cannot open", path);
    if (::flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) return system_failure("cannot lock", path);
      holder = description_in(file.fd());
      continue;
    }
    if (!is_file_at(file.fd(), path)) continue;
    // The text only informs; on a full disk it may be missing, the lock holds all the same.
    const std::string text = own_description();
    if (::ftruncate(file.fd(), 0) == 0) static_cast<void>(::pwrite(file.fd(), text.data(), text.size(), 0) == 0);
    return WriterLock(std::move(file));
  }
  return fail(Errc::unavailable, "journal " + directory + " is being written by " + holder);
}

bool WriterLock::still_ours() const {
  struct stat held {};
  return ::fstat(file_.fd(), &held) == 0 && held.st_nlink > 0;
}

bool writer_is_active(const std::string& directory) {
  const File file(::open((directory + "/LOCK").c_str(), O_RDONLY | O_CLOEXEC));
  return file.is_open() && ::flock(file.fd(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace blotter::journal
