#include "bench/bare_writer.h"

#include <fcntl.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "blotter/assert.h"
#include "journal/bytes.h"

namespace blotter::bench {
namespace {

constexpr std::uint64_t kFileBytes = 64u << 20;
constexpr std::size_t kGroupBytesMax = 1u << 20;

Result<void> fill_with_zeros(const std::string& path) {
  const journal::File file(journal::Io::system().open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644));
  if (!file.is_open()) return journal::system_failure("cannot create", path);
  const std::vector<std::byte> zeros(1u << 20);
  for (std::uint64_t offset = 0; offset < kFileBytes; offset += zeros.size()) {
    BLOTTER_TRY(journal::write_fully(journal::Io::system(), file.fd(), zeros, offset, path));
  }
  if (journal::Io::system().fsync(file.fd()) != 0) return journal::system_failure("cannot sync", path);
  return {};
}

}  // namespace

std::string_view name_of(BareMethod method) {
  switch (method) {
    case BareMethod::direct:
      return "O_DIRECT + O_DSYNC";
    case BareMethod::rwf_dsync:
      return "RWF_DSYNC";
    case BareMethod::fdatasync:
      return "write + fdatasync";
  }
  return {};
}

Result<BareWriter> BareWriter::make(const std::string& path, BareMethod method) {
  BLOTTER_TRY(fill_with_zeros(path));
  const int flags = O_WRONLY | (method == BareMethod::direct ? O_DIRECT | O_DSYNC : 0);
  journal::File file(journal::Io::system().open(path.c_str(), flags, 0));
  if (!file.is_open()) return journal::system_failure("cannot open with " + std::string(name_of(method)), path);
  return BareWriter(std::move(file), path, method);
}

Result<void> BareWriter::write(std::span<const std::byte> bytes) {
  if (offset_ + bytes.size() > kFileBytes) offset_ = 0;
  const auto offset = static_cast<off_t>(offset_);
  offset_ += bytes.size();
  ssize_t written = 0;
  if (method_ == BareMethod::rwf_dsync) {
    const iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
    written = ::pwritev2(file_.fd(), &piece, 1, offset, RWF_DSYNC);
  } else {
    written = ::pwrite(file_.fd(), bytes.data(), bytes.size(), offset);
    if (written >= 0 && method_ == BareMethod::fdatasync && ::fdatasync(file_.fd()) != 0) written = -1;
  }
  if (written < 0) return journal::system_failure("cannot write", path_);
  if (static_cast<std::size_t>(written) != bytes.size()) return fail(Errc::exhausted, path_ + ": a short write");
  return {};
}

BareGroupCommit::BareGroupCommit(BareWriter writer) : writer_(std::move(writer)) {
  for (Buffer& buffer : buffers_) buffer.memory = journal::AlignedBuffer(kGroupBytesMax);
}

Result<void> BareGroupCommit::commit(std::span<const std::byte> record) {
  std::unique_lock lock(mutex_);
  Buffer& buffer = buffers_[filling_ & 1];
  // Every caller has at most one record here, so a megabyte never fills.
  BLOTTER_ASSERT(buffer.used + record.size() <= kGroupBytesMax);
  std::memcpy(buffer.memory.data() + buffer.used, record.data(), record.size());
  buffer.used += record.size();
  const std::uint64_t mine = filling_;
  while (true) {
    if (durable_.load(std::memory_order_relaxed) >= mine || !outcome_) return outcome_;
    if (!writing_) {
      lead(std::move(lock));
    } else {
      journal::EventWord& word = words_[mine & 1];
      const std::uint32_t seen = word.load();
      ++sleepers_[mine & 1];
      lock.unlock();
      journal::sleep_while(word, seen);
    }
    // In the normal course the group is durable now, and the mutex stays alone.
    if (durable_.load(std::memory_order_acquire) >= mine) return {};
    lock = std::unique_lock(mutex_);
  }
}

void BareGroupCommit::lead(std::unique_lock<std::mutex> lock) {
  writing_ = true;
  const std::uint64_t group = filling_++;
  Buffer& buffer = buffers_[group & 1];
  lock.unlock();
  Result<void> written = writer_.write({buffer.memory.data(), journal::padded(buffer.used)});
  lock.lock();
  writing_ = false;
  buffer.used = 0;
  if (written) {
    durable_.store(group, std::memory_order_release);
  } else {
    outcome_ = std::move(written);
  }
  journal::EventWord& done = words_[group & 1];
  journal::EventWord& next = words_[(group + 1) & 1];
  const int finished = std::exchange(sleepers_[group & 1], 0);
  int& waiting = sleepers_[(group + 1) & 1];
  const bool promote = waiting > 0;
  if (promote) --waiting;
  if (finished > 0) done.fetch_add(1);
  if (promote) next.fetch_add(1);
  lock.unlock();
  if (promote) journal::wake(next, 1);
  if (finished > 0) journal::wake(done);
}

}  // namespace blotter::bench
