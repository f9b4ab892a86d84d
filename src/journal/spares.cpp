#include "journal/spares.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

namespace blotter::journal {
namespace {

// Small enough that a commit behind one of these hardly waits, large enough to be quick.
constexpr std::size_t kFillBytes = 512u << 10;
constexpr std::string_view kPrefix = "spare-";
constexpr std::string_view kSuffix = ".tmp";

std::uint64_t number_in(const std::string& name) {
  std::uint64_t number = 0;
  std::from_chars(name.data() + std::min(kPrefix.size(), name.size()), name.data() + name.size(), number);
  return number;
}

}  // namespace

Spares::Spares(Io& io, Settings settings, std::function<void()> changed)
    : io_(io), settings_(std::move(settings)), changed_(std::move(changed)) {
  std::error_code code;
  std::filesystem::directory_iterator entries(settings_.directory, code);
  for (; !code && entries != std::filesystem::directory_iterator(); entries.increment(code)) {
    const std::string name = entries->path().filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    leftovers_.push_back(settings_.directory + "/" + name);
    next_name_ = std::max(next_name_, number_in(name) + 1);
  }
  maker_ = std::thread([this] { run(); });
}

Spares::~Spares() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  maker_.join();
}

std::string Spares::why_starved() const {
  const std::lock_guard lock(mutex_);
  return why_;
}

bool Spares::stopping() const {
  const std::lock_guard lock(mutex_);
  return stop_;
}

std::optional<std::string> Spares::take() {
  std::optional<std::string> path;
  {
    const std::lock_guard lock(mutex_);
    if (ready_.empty()) return path;
    path = std::move(ready_.front());
    ready_.pop_front();
    count_.store(static_cast<int>(ready_.size()), std::memory_order_release);
  }
  wake_.notify_all();
  return path;
}

void Spares::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (static_cast<int>(ready_.size()) >= settings_.target) {
      wake_.wait(lock);
      continue;
    }
    lock.unlock();
    auto made = make();
    lock.lock();
    if (made) {
      ready_.push_back(std::move(*made));
      count_.store(static_cast<int>(ready_.size()), std::memory_order_release);
      if (static_cast<int>(ready_.size()) >= settings_.target) starved_.store(false, std::memory_order_release);
    } else if (!stop_) {
      why_ = made.error().message;
      starved_.store(true, std::memory_order_release);
    }
    lock.unlock();
    changed_();
    lock.lock();
    if (!made) wake_.wait_for(lock, settings_.retry, [this] { return stop_; });
  }
}

Result<std::string> Spares::make() {
  if (auto adopted = adopt()) return std::move(*adopted);
  const std::string filling = settings_.directory + "/filling.tmp";
  auto path = fill(filling);
  if (!path) static_cast<void>(io_.unlink(filling.c_str()));
  return path;
}

Result<std::string> Spares::fill(const std::string& path) {
  const int flags = O_WRONLY | O_CREAT | O_TRUNC;
  File file(io_.open(path.c_str(), flags | O_DIRECT, 0644));
  if (!file.is_open() && errno == EINVAL) file = File(io_.open(path.c_str(), flags, 0644));
  if (!file.is_open()) return system_failure("cannot create", path);
  // Allocating first finds a full disk at once and gives contiguous blocks; the zeros then make them written ones, so
  // that no commit has to convert an extent.
  if (io_.allocate(file.fd(), static_cast<off_t>(settings_.segment_bytes)) != 0 && errno != EOPNOTSUPP) {
    return system_failure("cannot allocate", path);
  }
  const AlignedBuffer zeros(kFillBytes);
  for (std::uint64_t offset = 0; offset < settings_.segment_bytes;) {
    if (stopping()) return fail(Errc::unavailable, "stopped");
    const std::uint64_t piece = std::min<std::uint64_t>(kFillBytes, settings_.segment_bytes - offset);
    BLOTTER_TRY(write_fully(io_, file.fd(), {zeros.data(), piece}, offset, path));
    offset += piece;
  }
  if (io_.fsync(file.fd()) != 0) return system_failure("cannot sync", path);
  std::string ready =
      settings_.directory + "/" + std::string(kPrefix) + std::to_string(next_name_++) + std::string(kSuffix);
  if (io_.rename(path.c_str(), ready.c_str()) != 0) return system_failure("cannot rename", path);
  return ready;
}

std::optional<std::string> Spares::adopt() {
  while (!leftovers_.empty() && !stopping()) {
    std::string path = std::move(leftovers_.front());
    leftovers_.pop_front();
    const File file(io_.open(path.c_str(), O_RDONLY, 0));
    struct stat status {};
    bool usable = file.is_open() && io_.fsync(file.fd()) == 0 && ::fstat(file.fd(), &status) == 0 &&
                  static_cast<std::uint64_t>(status.st_size) == settings_.segment_bytes &&
                  static_cast<std::uint64_t>(status.st_blocks) * 512 >= settings_.segment_bytes;
    if (usable) static_cast<void>(::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED));
    AlignedBuffer buffer(kFillBytes);
    for (std::uint64_t offset = 0; usable && offset < settings_.segment_bytes; offset += kFillBytes) {
      const auto got = read_fully(file.fd(), {buffer.data(), kFillBytes}, offset, path);
      usable = got.has_value() && all_zero({buffer.data(), *got});
    }
    if (usable) return path;
    static_cast<void>(io_.unlink(path.c_str()));
  }
  return std::nullopt;
}

}  // namespace blotter::journal
