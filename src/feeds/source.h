// Where the bytes of a feed come from: a descriptor, and decompressors over it.
//
// Threads    One caller at a time.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "blotter/feed.h"

namespace blotter::feeds {

enum class Closing : std::uint8_t { close, leave_open };

// A file descriptor, read from where it stands. peek() looks at the first bytes without taking them.
class DescriptorSource final : public ByteSource {
 public:
  static constexpr std::size_t kPeekBytesMax = 8;

  DescriptorSource(int descriptor, Closing closing, std::string name, std::optional<std::uint64_t> size)
      : descriptor_(descriptor), closing_(closing), name_(std::move(name)), size_(size) {}
  DescriptorSource(const DescriptorSource&) = delete;
  DescriptorSource& operator=(const DescriptorSource&) = delete;
  ~DescriptorSource() override;

  // The first bytes, fewer than kPeekBytesMax only when there are no more. Before the first read().
  Result<std::string_view> peek();
  Result<std::size_t> read(char* out, std::size_t size) override;
  std::uint64_t consumed() const override { return consumed_; }
  std::optional<std::uint64_t> total() const override { return size_; }
  const std::string& name() const { return name_; }

 private:
  Result<std::size_t> read_descriptor(char* out, std::size_t size);

  int descriptor_;
  Closing closing_;
  std::string name_;
  std::optional<std::uint64_t> size_;
  std::uint64_t consumed_ = 0;
  std::array<char, kPeekBytesMax> peeked_{};
  std::size_t peeked_size_ = 0;
  std::size_t peeked_taken_ = 0;
};

// Bytes already in memory, for tests and for callers that hold a request's body.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> read(char* out, std::size_t size) override;
  std::uint64_t consumed() const override { return taken_; }
  std::optional<std::uint64_t> total() const override { return bytes_.size(); }

 private:
  std::string bytes_;
  std::size_t taken_ = 0;
};

// Wraps `inner` in the decompressor that its first bytes ask for, or returns it as it is.
// Errc: unavailable (read error, or the decompressor has no memory).
Result<std::unique_ptr<ByteSource>> decompress_if_needed(std::unique_ptr<DescriptorSource> inner);

}  // namespace blotter::feeds
