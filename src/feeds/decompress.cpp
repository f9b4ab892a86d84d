#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <limits>
#include <vector>

#include "feeds/source.h"

namespace blotter::feeds {
namespace {

constexpr std::size_t kInputBytes = 256u << 10;
// Enough for every preset of xz (the largest needs 65 MiB); a file that wants more is refused, not obeyed.
constexpr std::uint64_t kMemoryBytesMax = 512ull << 20;

// What the three decompressors share: the compressed bytes and who they come from.
class Decompressor : public ByteSource {
 public:
  explicit Decompressor(std::unique_ptr<DescriptorSource> inner) : inner_(std::move(inner)), input_(kInputBytes) {}
  std::uint64_t consumed() const override { return inner_->consumed(); }
  std::optional<std::uint64_t> total() const override { return inner_->total(); }

 protected:
  // Reads the next piece of compressed bytes; 0 at the end of the file.
  Result<std::size_t> refill() { return inner_->read(input_.data(), input_.size()); }
  char* input() { return input_.data(); }
  unsigned char* input_bytes() { return reinterpret_cast<unsigned char*>(input_.data()); }

  Unexpected corrupt(const std::string& format, const std::string& why) const {
    return fail(Errc::corrupt, inner_->name() + ": corrupt " + format + " data after " +
                                   std::to_string(inner_->consumed()) + " bytes read: " + why);
  }

 private:
  std::unique_ptr<DescriptorSource> inner_;
  std::vector<char> input_;
};

class GzipSource final : public Decompressor {
 public:
  explicit GzipSource(std::unique_ptr<DescriptorSource> inner) : Decompressor(std::move(inner)) {}
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;
  ~GzipSource() override {
    if (ready_) inflateEnd(&stream_);
  }

  // Window bits 15, plus 16: a gzip header is expected.
  bool start() { return ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK; }

  Result<std::size_t> read(char* out, std::size_t size) override {
    constexpr std::size_t kPieceMax = std::numeric_limits<uInt>::max();
    const auto wanted = static_cast<uInt>(size < kPieceMax ? size : kPieceMax);
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = wanted;
    while (stream_.avail_out == wanted) {
      if (stream_.avail_in == 0) {
        BLOTTER_ASSIGN(const std::size_t got, refill());
        if (got == 0) {
          if (between_members_) return std::size_t{0};
          return corrupt("gzip", "it ends in the middle");
        }
        stream_.next_in = input_bytes();
        stream_.avail_in = static_cast<uInt>(got);
      }
      if (between_members_) {
        if (inflateReset(&stream_) != Z_OK) return corrupt("gzip", "cannot start the next member");
        between_members_ = false;
      }
      const int outcome = inflate(&stream_, Z_NO_FLUSH);
      // Members may follow one another, and `gzip -d` reads them as one file; so do we.
      if (outcome == Z_STREAM_END) between_members_ = true;
      if (outcome != Z_OK && outcome != Z_STREAM_END && outcome != Z_BUF_ERROR) {
        return corrupt("gzip", stream_.msg != nullptr ? stream_.msg : "unreadable");
      }
    }
    return static_cast<std::size_t>(wanted - stream_.avail_out);
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
  bool between_members_ = false;
};

class XzSource final : public Decompressor {
 public:
  explicit XzSource(std::unique_ptr<DescriptorSource> inner) : Decompressor(std::move(inner)) {}
  XzSource(const XzSource&) = delete;
  XzSource& operator=(const XzSource&) = delete;
  ~XzSource() override { lzma_end(&stream_); }

  bool start() { return lzma_stream_decoder(&stream_, kMemoryBytesMax, LZMA_CONCATENATED) == LZMA_OK; }

  Result<std::size_t> read(char* out, std::size_t size) override {
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out);
    stream_.avail_out = size;
    while (stream_.avail_out == size && !ended_) {
      if (stream_.avail_in == 0 && action_ == LZMA_RUN) {
        BLOTTER_ASSIGN(const std::size_t got, refill());
        stream_.next_in = input_bytes();
        stream_.avail_in = got;
        if (got == 0) action_ = LZMA_FINISH;
      }
      const lzma_ret outcome = lzma_code(&stream_, action_);
      if (outcome == LZMA_STREAM_END) {
        ended_ = true;
      } else if (outcome != LZMA_OK) {
        return corrupt("xz", reason(outcome));
      }
    }
    return size - stream_.avail_out;
  }

 private:
  static const char* reason(lzma_ret outcome) {
    if (outcome == LZMA_BUF_ERROR) return "it ends in the middle";
    if (outcome == LZMA_MEMLIMIT_ERROR) return "it needs more than 512 MiB of memory";
    if (outcome == LZMA_MEM_ERROR) return "out of memory";
    if (outcome == LZMA_DATA_ERROR) return "a checksum or a code is wrong";
    return "not an xz stream";
  }

  lzma_stream stream_ = LZMA_STREAM_INIT;
  lzma_action action_ = LZMA_RUN;
  bool ended_ = false;
};

class ZstdSource final : public Decompressor {
 public:
  explicit ZstdSource(std::unique_ptr<DescriptorSource> inner) : Decompressor(std::move(inner)) {}

  bool start() { return context_ != nullptr; }

  Result<std::size_t> read(char* out, std::size_t size) override {
    ZSTD_outBuffer output{out, size, 0};
    while (output.pos == 0) {
      // A frame that is not finished may still hold output for us although all its bytes were taken.
      if (pending_.pos == pending_.size && !output_waits_) {
        BLOTTER_ASSIGN(const std::size_t got, refill());
        if (got == 0) {
          if (hint_ == 0) return std::size_t{0};
          return corrupt("zstd", "it ends in the middle");
        }
        pending_ = ZSTD_inBuffer{input(), got, 0};
      }
      hint_ = ZSTD_decompressStream(context_.get(), &output, &pending_);
      if (ZSTD_isError(hint_) != 0) return corrupt("zstd", ZSTD_getErrorName(hint_));
      output_waits_ = output.pos == output.size && hint_ != 0;
    }
    return output.pos;
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> context_{ZSTD_createDCtx()};
  ZSTD_inBuffer pending_{nullptr, 0, 0};
  std::size_t hint_ = 0;  // 0: a frame ended exactly here
  bool output_waits_ = false;
};

template <class Source>
Result<std::unique_ptr<ByteSource>> started(std::unique_ptr<DescriptorSource> inner) {
  auto source = std::make_unique<Source>(std::move(inner));
  if (!source->start()) return fail(Errc::unavailable, "no memory to decompress");
  return std::unique_ptr<ByteSource>(std::move(source));
}

}  // namespace

Result<std::unique_ptr<ByteSource>> decompress_if_needed(std::unique_ptr<DescriptorSource> inner) {
  using namespace std::string_view_literals;
  BLOTTER_ASSIGN(const std::string_view first, inner->peek());
  if (first.starts_with("\x1f\x8b"sv)) return started<GzipSource>(std::move(inner));
  if (first.starts_with("\xfd\x37\x7a\x58\x5a\x00"sv)) return started<XzSource>(std::move(inner));
  if (first.starts_with("\x28\xb5\x2f\xfd"sv)) return started<ZstdSource>(std::move(inner));
  return std::unique_ptr<ByteSource>(std::move(inner));
}

}  // namespace blotter::feeds
