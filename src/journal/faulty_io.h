// FaultyIo: the journal's system calls with a fault on demand, for the sweeps.
//
// A failed or short write leaves a prefix of whole sectors behind. A failed sync throws away what was written since the
// last one, as a real disk under the page cache does.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "journal/io.h"

namespace blotter::journal {

class FaultyIo final : public Io {
 public:
  enum class Fault : std::uint8_t { error, short_write, no_space };

  // The n-th changing call from now on (from 1) gets the fault; 0: none.
  void fail_at(std::uint64_t n, Fault fault) {
    const std::lock_guard guard(mutex_);
    at_ = n;
    calls_ = 0;
    fault_ = fault;
    fired_ = false;
  }
  // The next direct write of a frame fails. Writes of frames tried after it are counted.
  void fail_next_commit() {
    const std::lock_guard guard(mutex_);
    fail_commit_ = true;
  }
  int commits_after_failure() const {
    const std::lock_guard guard(mutex_);
    return commits_after_failure_;
  }
  // Bytes that may still be allocated; < 0: no limit.
  void set_space(std::int64_t bytes) {
    const std::lock_guard guard(mutex_);
    space_ = bytes;
  }
  bool fired() const {
    const std::lock_guard guard(mutex_);
    return fired_;
  }

  int open(const char* path, int flags, mode_t mode) override {
    if ((flags & O_CREAT) != 0 && hit() != Verdict::pass) return -1;
    return Io::open(path, flags, mode);
  }
  ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) override {
    Verdict verdict = hit();
    const std::lock_guard guard(mutex_);
    if (offset > 0 && (::fcntl(fd, F_GETFL) & O_DSYNC) != 0) {
      if (commit_failed_) ++commits_after_failure_;
      if (fail_commit_) {
        verdict = Verdict::fail;
        fail_commit_ = false;
        commit_failed_ = true;
      }
    }
    if (verdict != Verdict::pass) size = size < 2 * kSector ? size / 2 : size / kSector / 2 * kSector;
    remember(fd, size, offset);
    const ssize_t written = Io::pwrite(fd, bytes, size, offset);
    if (verdict != Verdict::fail) return written;
    errno = error_code();
    return -1;
  }
  int fsync(int fd) override { return sync(fd, true); }
  int fdatasync(int fd) override { return sync(fd, false); }
  int allocate(int fd, off_t size) override {
    if (hit() != Verdict::pass) return -1;
    {
      const std::lock_guard guard(mutex_);
      if (space_ >= 0 && size > space_) {
        errno = ENOSPC;
        return -1;
      }
      if (space_ >= 0) space_ -= size;
    }
    return Io::allocate(fd, size);
  }
  int rename(const char* from, const char* to) override { return hit() == Verdict::pass ? Io::rename(from, to) : -1; }

 private:
  enum class Verdict : std::uint8_t { pass, fail, cut };
  struct Unsynced {
    off_t offset;
    std::vector<char> before;
  };

  int error_code() const { return fault_ == Fault::no_space ? ENOSPC : EIO; }

  Verdict hit() {
    const std::lock_guard guard(mutex_);
    if (++calls_ != at_) return Verdict::pass;
    fired_ = true;
    errno = error_code();
    return fault_ == Fault::short_write ? Verdict::cut : Verdict::fail;
  }

  // Direct writes are durable at once and cannot be read here; only the others can get lost at a sync.
  void remember(int fd, std::size_t size, off_t offset) {
    const int flags = ::fcntl(fd, F_GETFL);
    if ((flags & O_DSYNC) != 0 || (flags & O_ACCMODE) == O_RDONLY) return;
    std::vector<char> before(size);
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    const File reader(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const ssize_t got = ::pread(reader.fd(), before.data(), size, offset);
    before.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    unsynced_[fd].push_back({offset, std::move(before)});
  }

  int sync(int fd, bool full) {
    const Verdict verdict = hit();
    const std::lock_guard guard(mutex_);
    auto lost = std::move(unsynced_[fd]);
    unsynced_.erase(fd);
    if (verdict == Verdict::pass) return full ? Io::fsync(fd) : Io::fdatasync(fd);
    for (auto write = lost.rbegin(); write != lost.rend(); ++write) {
      static_cast<void>(Io::pwrite(fd, write->before.data(), write->before.size(), write->offset));
    }
    errno = error_code();
    return -1;
  }

  mutable std::mutex mutex_;
  std::uint64_t at_ = 0;
  std::uint64_t calls_ = 0;
  Fault fault_ = Fault::error;
  bool fired_ = false;
  bool fail_commit_ = false;
  bool commit_failed_ = false;
  int commits_after_failure_ = 0;
  std::int64_t space_ = -1;
  std::map<int, std::vector<Unsynced>> unsynced_;
};

}  // namespace blotter::journal
