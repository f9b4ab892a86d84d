// Io: the system calls with which the journal changes files.
//
// Exists so that tests can make the n-th of them fail, come back short, or lose what was not synced. Each behaves as
// the call of the same name: -1 and errno on failure. Reading is not part of it.
//
// Threads    Safe from any thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "blotter/result.h"
#include "journal/bytes.h"

namespace blotter::journal {

class Io {
 public:
  virtual ~Io() = default;
  virtual int open(const char* path, int flags, mode_t mode);
  virtual ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset);
  virtual int fsync(int fd);
  virtual int fdatasync(int fd);
  virtual int allocate(int fd, off_t size);  // posix_fallocate, with errno
  virtual int rename(const char* from, const char* to);
  virtual int unlink(const char* path);

  static Io& system();
};

// A file descriptor that closes itself.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  File& operator=(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// Memory that direct I/O accepts. Zeroed.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t size);
  std::byte* data() { return memory_.get(); }
  const std::byte* data() const { return memory_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte[], Free> memory_;
  std::size_t size_ = 0;
};

// The error that errno (taken at the call) means to the caller: exhausted for a full disk, else unavailable.
Unexpected system_failure(const std::string& what, const std::string& path);

// Loops over short and interrupted writes.
Result<void> write_fully(Io& io, int fd, std::span<const std::byte> bytes, std::uint64_t offset,
                         const std::string& path);
// Loops likewise; returns the bytes read, fewer than asked for only at the end of the file.
Result<std::size_t> read_fully(int fd, std::span<std::byte> bytes, std::uint64_t offset, const std::string& path);

Result<void> sync_directory(Io& io, const std::string& directory);

// Replaces `path` with `bytes` so that a crash at any moment leaves the old or the new file: written to
// `temporary`, fsynced, renamed, directory fsynced. On failure the temporary is removed.
Result<void> replace_file(Io& io, const std::string& directory, const std::string& name, const std::string& temporary,
                          std::span<const std::byte> bytes);

}  // namespace blotter::journal
