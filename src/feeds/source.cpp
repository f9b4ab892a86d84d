#include "feeds/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace blotter::feeds {

DescriptorSource::~DescriptorSource() {
  if (closing_ == Closing::close) ::close(descriptor_);
}

Result<std::size_t> DescriptorSource::read_descriptor(char* out, std::size_t size) {
  for (;;) {
    const ssize_t got = ::read(descriptor_, out, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return fail(Errc::unavailable, "cannot read " + name_ + ": " + std::strerror(errno));
  }
}

Result<std::string_view> DescriptorSource::peek() {
  // A pipe may hand out its first bytes one at a time.
  while (peeked_size_ < peeked_.size()) {
    BLOTTER_ASSIGN(const std::size_t got,
                   read_descriptor(peeked_.data() + peeked_size_, peeked_.size() - peeked_size_));
    if (got == 0) break;
    peeked_size_ += got;
  }
  return std::string_view(peeked_.data(), peeked_size_);
}

Result<std::size_t> DescriptorSource::read(char* out, std::size_t size) {
  std::size_t got = 0;
  if (peeked_taken_ < peeked_size_) {
    got = std::min(size, peeked_size_ - peeked_taken_);
    std::memcpy(out, peeked_.data() + peeked_taken_, got);
    peeked_taken_ += got;
  } else {
    BLOTTER_ASSIGN(got, read_descriptor(out, size));
  }
  consumed_ += got;
  return got;
}

Result<std::size_t> MemorySource::read(char* out, std::size_t size) {
  const std::size_t got = std::min(size, bytes_.size() - taken_);
  std::memcpy(out, bytes_.data() + taken_, got);
  taken_ += got;
  return got;
}

}  // namespace blotter::feeds

namespace blotter {

Result<std::unique_ptr<ByteSource>> open_source(const std::string& path) {
  using feeds::Closing;
  using feeds::DescriptorSource;
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "standard input" : path;
  const int descriptor = standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const Errc code = errno == ENOENT || errno == ENOTDIR ? Errc::not_found : Errc::unavailable;
    return fail(code, "cannot open " + name + ": " + std::strerror(errno));
  }
  auto source = [&](std::optional<std::uint64_t> size) {
    return std::make_unique<DescriptorSource>(descriptor, standard_input ? Closing::leave_open : Closing::close, name,
                                              size);
  };
  struct stat status {};
  std::optional<std::uint64_t> size;
  if (::fstat(descriptor, &status) == 0) {
    if (S_ISDIR(status.st_mode)) {
      const auto closes_it = source(std::nullopt);
      return fail(Errc::unavailable, "cannot read " + name + ": it is a directory");
    }
    if (S_ISREG(status.st_mode)) size = static_cast<std::uint64_t>(status.st_size);
  }
  return feeds::decompress_if_needed(source(size));
}

}  // namespace blotter
