#include "journal/io.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace blotter::journal {

int Io::open(const char* path, int flags, mode_t mode) { return ::open(path, flags | O_CLOEXEC, mode); }
ssize_t Io::pwrite(int fd, const void* bytes, std::size_t size, off_t offset) {
  return ::pwrite(fd, bytes, size, offset);
}
int Io::fsync(int fd) { return ::fsync(fd); }
int Io::fdatasync(int fd) { return ::fdatasync(fd); }
int Io::allocate(int fd, off_t size) {
  const int code = ::posix_fallocate(fd, 0, size);
  if (code == 0) return 0;
  errno = code;
  return -1;
}
int Io::rename(const char* from, const char* to) { return ::rename(from, to); }
int Io::unlink(const char* path) { return ::unlink(path); }

Io& Io::system() {
  static Io io;
  return io;
}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.fd_;
    other.fd_ = -1;
  }
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

AlignedBuffer::AlignedBuffer(std::size_t size) {
  constexpr std::size_t kHugePage = 2u << 20;
  const std::size_t alignment = size >= kHugePage ? kHugePage : kBlock;
  size_ = (size + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, size_);
  if (memory == nullptr) throw std::bad_alloc();
  // Pinning a few huge pages for a direct write is cheaper than a thousand small ones; only advice, so not checked.
  if (alignment == kHugePage) static_cast<void>(::madvise(memory, size_, MADV_HUGEPAGE));
  std::memset(memory, 0, size_);
  memory_.reset(static_cast<std::byte*>(memory));
}

void AlignedBuffer::Free::operator()(std::byte* memory) const { std::free(memory); }

Unexpected system_failure(const std::string& what, const std::string& path) {
  const int code = errno;
  const bool full = code == ENOSPC || code == EDQUOT || code == EFBIG;
  return fail(full ? Errc::exhausted : Errc::unavailable, what + " " + path + ": " + std::strerror(code));
}

Result<void> write_fully(Io& io, int fd, std::span<const std::byte> bytes, std::uint64_t offset,
                         const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = io.pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written == 0) errno = ENOSPC;
    if (written <= 0) return system_failure("cannot write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<std::size_t> read_fully(int fd, std::span<std::byte> bytes, std::uint64_t offset, const std::string& path) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    // A direct read that stopped at an unaligned end of the file cannot be continued; that is its end.
    if (got < 0 && errno == EINVAL && done > 0) break;
    if (got < 0) return system_failure("cannot read", path);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<void> sync_directory(Io& io, const std::string& directory) {
  const File file(io.open(directory.c_str(), O_RDONLY | O_DIRECTORY, 0));
  if (!file.is_open()) return system_failure("cannot open directory", directory);
  if (io.fsync(file.fd()) != 0) return system_failure("cannot sync directory", directory);
  return {};
}

Result<void> replace_file(Io& io, const std::string& directory, const std::string& name, const std::string& temporary,
                          std::span<const std::byte> bytes) {
  const std::string from = directory + "/" + temporary;
  const std::string to = directory + "/" + name;
  auto written = [&]() -> Result<void> {
    const File file(io.open(from.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644));
    if (!file.is_open()) return system_failure("cannot create", from);
    BLOTTER_TRY(write_fully(io, file.fd(), bytes, 0, from));
    if (io.fsync(file.fd()) != 0) return system_failure("cannot sync", from);
    if (io.rename(from.c_str(), to.c_str()) != 0) return system_failure("cannot rename", from);
    return {};
  }();
  if (!written) {
    static_cast<void>(io.unlink(from.c_str()));
    return written;
  }
  return sync_directory(io, directory);
}

}  // namespace blotter::journal
