// The ceilings of durable writing: what the device gives to a program that does nothing else.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "blotter/result.h"
#include "journal/futex.h"
#include "journal/io.h"

namespace blotter::bench {

enum class BareMethod : std::uint8_t {
  direct,     // O_DIRECT + O_DSYNC, whole blocks
  rwf_dsync,  // pwritev2 with RWF_DSYNC
  fdatasync,  // pwrite, then fdatasync
};
inline constexpr std::array kBareMethods{BareMethod::direct, BareMethod::rwf_dsync, BareMethod::fdatasync};
std::string_view name_of(BareMethod method);

// Writes one after the other into a file that was filled with zeros beforehand, from its start again at its end.
// Threads    One caller at a time.
class BareWriter {
 public:
  // Errc: unavailable (the file system does not know the method), exhausted.
  static Result<BareWriter> make(const std::string& path, BareMethod method);

  // Durable when it returns. `direct` needs whole, aligned blocks. Errc: unavailable, exhausted.
  Result<void> write(std::span<const std::byte> bytes);

 private:
  BareWriter(journal::File file, std::string path, BareMethod method)
      : file_(std::move(file)), path_(std::move(path)), method_(method) {}

  journal::File file_;
  std::string path_;
  BareMethod method_;
  std::uint64_t offset_ = 0;
};

// The least a group commit can be: a mutex, two buffers, and whoever finds nobody writing writes for all.
// Threads    Any number of callers.
class BareGroupCommit {
 public:
  explicit BareGroupCommit(BareWriter writer);
  // Durable when it returns. Errc: as the writer.
  Result<void> commit(std::span<const std::byte> record);

 private:
  struct Buffer {
    journal::AlignedBuffer memory;
    std::size_t used = 0;
  };

  // Takes the lock's ownership: returns without it.
  void lead(std::unique_lock<std::mutex> lock);

  BareWriter writer_;
  std::atomic<std::uint64_t> durable_{0};  // the last group on the device
  std::array<journal::EventWord, 2> words_{};
  std::mutex mutex_;  // guards everything below
  std::array<Buffer, 2> buffers_;
  std::uint64_t filling_ = 1;  // the group whose buffer takes records
  bool writing_ = false;
  std::array<int, 2> sleepers_{};
  Result<void> outcome_;
};

}  // namespace blotter::bench
