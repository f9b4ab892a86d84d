#include "store/postgres/archive_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace blotter::postgres {
namespace {

Unexpected io_error(const std::string& doing, const std::string& path) {
  const int error = errno;
  const Errc code = error == ENOSPC || error == EDQUOT ? Errc::exhausted
                    : error == ENOENT                  ? Errc::not_found
                                                       : Errc::unavailable;
  return fail(code, "cannot " + doing + " " + path + ": " + std::strerror(error));
}

class File {
 public:
  static Result<File> open(const std::string& path, int flags) {
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0640);
    if (descriptor < 0) return io_error("open", path);
    return File(descriptor, path);
  }
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}
  File& operator=(File&&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  Result<void> write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return io_error("write", path_);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }
  // Returns what was read; empty at the end.
  Result<std::string_view> read(std::vector<char>& buffer) {
    while (true) {
      const ssize_t size = ::read(descriptor_, buffer.data(), buffer.size());
      if (size >= 0) return std::string_view(buffer.data(), static_cast<std::size_t>(size));
      if (errno != EINTR) return io_error("read", path_);
    }
  }
  Result<void> sync() {
    if (::fsync(descriptor_) != 0) return io_error("fsync", path_);
    return {};
  }
  // Nobody else has it locked, and it still is the file of that name: its former owner may have renamed or removed it
  // between our open() and our lock. The lock ends with the descriptor.
  Result<void> lock() {
    const bool locked = ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno != EWOULDBLOCK) return io_error("lock", path_);
    struct stat mine {};
    struct stat named {};
    if (::fstat(descriptor_, &mine) != 0) return io_error("look at", path_);
    const bool ours = ::stat(path_.c_str(), &named) == 0 && mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
    if (locked && ours) return {};
    return fail(Errc::unavailable, path_ + " is being written by another process");
  }
  Result<void> clear() {
    struct stat found {};
    if (::fstat(descriptor_, &found) != 0) return io_error("look at", path_);
    if (found.st_size > 0 && ::ftruncate(descriptor_, 0) != 0) return io_error("clear", path_);
    return {};
  }

 private:
  File(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  int descriptor_;
  std::string path_;
};

// A file that has its name only once it is whole and on disk.
Result<void> write_renamed(const std::string& path, const std::function<Result<void>(File&)>& write) {
  const std::string unfinished = path + ".unfinished";
  BLOTTER_ASSIGN(File file, File::open(unfinished, O_WRONLY | O_CREAT));
  BLOTTER_TRY(file.lock());
  const auto write_all = [&]() -> Result<void> {
    BLOTTER_TRY(file.clear());
    BLOTTER_TRY(write(file));
    BLOTTER_TRY(file.sync());
    if (::rename(unfinished.c_str(), path.c_str()) != 0) return io_error("rename to", path);
    return {};
  };
  if (Result<void> written = write_all(); !written) {
    ::unlink(unfinished.c_str());  // the volume may be the journal's, and full
    return written;
  }
  std::string directory = std::filesystem::path(path).parent_path().string();
  if (directory.empty()) directory = ".";
  BLOTTER_ASSIGN(File opened, File::open(directory, O_RDONLY | O_DIRECTORY));
  return opened.sync();
}

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class Compressor {
 public:
  explicit Compressor(File& file) : context_(ZSTD_createCCtx()), file_(file), buffer_(ZSTD_CStreamOutSize()) {
    BLOTTER_ASSERT(context_ != nullptr);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }
  Result<void> put(std::string_view text) { return step(text, ZSTD_e_continue); }
  Result<void> finish() { return step({}, ZSTD_e_end); }

 private:
  Result<void> step(std::string_view text, ZSTD_EndDirective directive) {
    ZSTD_inBuffer input{text.data(), text.size(), 0};
    while (true) {
      ZSTD_outBuffer output{buffer_.data(), buffer_.size(), 0};
      const std::size_t left = ZSTD_compressStream2(context_.get(), &output, &input, directive);
      if (ZSTD_isError(left) != 0) return fail(Errc::exhausted, std::string("zstd: ") + ZSTD_getErrorName(left));
      BLOTTER_TRY(file_.write({buffer_.data(), output.pos}));
      if (directive == ZSTD_e_end ? left == 0 : input.pos == input.size) return {};
    }
  }

  std::unique_ptr<ZSTD_CCtx, FreeCompressor> context_;
  File& file_;
  std::vector<char> buffer_;
};

}  // namespace

struct CsvDigest::Hash {
  struct Free {
    void operator()(EVP_MD_CTX* digest) const { EVP_MD_CTX_free(digest); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

CsvDigest::CsvDigest() : hash_(std::make_unique<Hash>()) {
  BLOTTER_ASSERT(EVP_DigestInit_ex(hash_->context.get(), EVP_sha256(), nullptr) == 1);
}
CsvDigest::~CsvDigest() = default;

void CsvDigest::put(std::string_view text) {
  BLOTTER_ASSERT(EVP_DigestUpdate(hash_->context.get(), text.data(), text.size()) == 1);
  summary_.bytes += static_cast<std::int64_t>(text.size());
  // A doubled quote inside quotes closes and opens again, which comes to the same.
  for (const char c : text) {
    if (c == '"') quoted_ = !quoted_;
    if (c == '\n' && !quoted_) ++summary_.rows;
  }
}

CsvSummary CsvDigest::finish() {
  static constexpr const char* kHex = "0123456789abcdef";
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  BLOTTER_ASSERT(EVP_DigestFinal_ex(hash_->context.get(), bytes, &size) == 1);
  for (unsigned int i = 0; i < size; ++i) {
    summary_.sha256 += kHex[bytes[i] >> 4];
    summary_.sha256 += kHex[bytes[i] & 15];
  }
  if (summary_.rows > 0) --summary_.rows;  // the header
  return summary_;
}

Result<void> write_archive(const std::string& path, const std::function<Result<void>(const TextSink&)>& produce) {
  return write_renamed(path, [&](File& file) -> Result<void> {
    Compressor compressor(file);
    BLOTTER_TRY(produce([&](std::string_view text) { return compressor.put(text); }));
    return compressor.finish();
  });
}

Result<CsvSummary> summarize_archive(const std::string& path) {
  BLOTTER_ASSIGN(File file, File::open(path, O_RDONLY));
  const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
  BLOTTER_ASSERT(context != nullptr);
  std::vector<char> compressed(ZSTD_DStreamInSize());
  std::vector<char> text(ZSTD_DStreamOutSize());
  CsvDigest digest;
  std::size_t expected = 1;  // bytes that zstd still wants; 0 at the end of the frame
  while (true) {
    BLOTTER_ASSIGN(const std::string_view piece, file.read(compressed));
    if (piece.empty()) break;
    ZSTD_inBuffer input{piece.data(), piece.size(), 0};
    while (input.pos < input.size) {
      ZSTD_outBuffer output{text.data(), text.size(), 0};
      expected = ZSTD_decompressStream(context.get(), &output, &input);
      if (ZSTD_isError(expected) != 0) {
        return fail(Errc::corrupt, path + " is damaged: " + ZSTD_getErrorName(expected));
      }
      digest.put({text.data(), output.pos});
    }
  }
  // What did not fit into the output buffer is still inside zstd, and so `expected` is not 0 before it is out.
  while (expected != 0) {
    ZSTD_inBuffer none{nullptr, 0, 0};
    ZSTD_outBuffer output{text.data(), text.size(), 0};
    expected = ZSTD_decompressStream(context.get(), &output, &none);
    if (ZSTD_isError(expected) != 0 || output.pos == 0) return fail(Errc::corrupt, path + " ends too early");
    digest.put({text.data(), output.pos});
  }
  return digest.finish();
}

Result<void> require_space(const std::string& directory, std::int64_t bytes) {
  struct statvfs volume {};
  if (::statvfs(directory.c_str(), &volume) != 0) return io_error("look at the volume of", directory);
  const auto blocks = static_cast<std::uint64_t>(bytes) / volume.f_frsize;
  if (volume.f_bavail >= blocks) return {};
  constexpr std::uint64_t kMebibyte = 1 << 20;
  return fail(Errc::exhausted, "the volume of " + directory + " has " +
                                   std::to_string(volume.f_bavail * volume.f_frsize / kMebibyte) + " MiB free and " +
                                   std::to_string(static_cast<std::uint64_t>(bytes) / kMebibyte) +
                                   " are wanted; free some, or name a directory of another volume with --archive");
}

Result<void> write_durably(const std::string& path, std::string_view text) {
  return write_renamed(path, [&](File& file) { return file.write(text); });
}

}  // namespace blotter::postgres
