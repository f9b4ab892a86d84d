#include "journal/segment.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "journal/book_file.h"

namespace blotter::journal {
namespace {

constexpr std::string_view kMagic = "BLTRSEGM";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kCovered = 24;
constexpr std::size_t kFields = 144;
constexpr std::string_view kPrefix = "journal-";
constexpr std::string_view kSuffix = ".seg";

std::optional<std::uint64_t> number_in(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (code != std::errc() || end != name.data() + name.size() || name.size() < 10 || number == 0) return std::nullopt;
  return number;
}

Result<bool> is_all_zero(int fd, const std::string& path) {
  AlignedBuffer buffer(1u << 20);
  for (std::uint64_t offset = 0;; offset += buffer.size()) {
    BLOTTER_ASSIGN(const std::size_t got, read_fully(fd, {buffer.data(), buffer.size()}, offset, path));
    if (!all_zero({buffer.data(), got})) return false;
    if (got < buffer.size()) return true;
  }
}

}  // namespace

void encode_segment_header(const SegmentHeader& header, std::span<std::byte> block) {
  std::memset(block.data(), 0, block.size());
  std::byte* out = block.data();
  std::memcpy(out, kMagic.data(), kMagic.size());
  store_le<std::uint32_t>(out + 24, kVersion);
  store_le<std::uint32_t>(out + 28, kSegmentHeaderBytes);
  const auto id = padded_book_id(header.book_id);
  std::memcpy(out + 32, id.data(), id.size());
  store_le<std::uint64_t>(out + 64, header.number);
  store_le<std::uint64_t>(out + 72, to_number(header.first));
  store_le<std::uint64_t>(out + 80, header.bytes);
  store_le<std::uint64_t>(out + 88, to_number(header.epoch));
  std::memcpy(out + 96, header.previous.data(), header.previous.size());
  // Bytes 112 to 143 wait for the SHA-256 of the segment before.
  const Hash128 checksum = hash128(std::span<const std::byte>(block).subspan(kCovered, kFields - kCovered));
  std::memcpy(out + 8, checksum.data(), checksum.size());
}

Result<SegmentHeader> decode_segment_header(std::span<const std::byte> block, const std::string& path) {
  const auto corrupt = [&](const char* why) { return fail(Errc::corrupt, path + " at 0: " + why); };
  const std::byte* in = block.data();
  if (block.size() != kSegmentHeaderBytes) return corrupt("segment header is too short");
  if (std::memcmp(in, kMagic.data(), kMagic.size()) != 0) return corrupt("not a segment header");
  const Hash128 checksum = hash128(block.subspan(kCovered, kFields - kCovered));
  if (std::memcmp(in + 8, checksum.data(), checksum.size()) != 0) return corrupt("segment header checksum mismatch");
  if (const auto version = load_le<std::uint32_t>(in + 24); version != kVersion) {
    return fail(Errc::invalid, path + ": format version " + std::to_string(version) + ", this program knows only " +
                                   std::to_string(kVersion));
  }
  if (load_le<std::uint32_t>(in + 28) != kSegmentHeaderBytes) return corrupt("segment header has a wrong length");
  if (!all_zero(block.subspan(kFields))) return corrupt("padding of the segment header is not zero");
  SegmentHeader header;
  const char* id = reinterpret_cast<const char*>(in + 32);
  header.book_id.assign(id, std::find(id, id + kBookIdBytesMax, '\0'));
  header.number = load_le<std::uint64_t>(in + 64);
  header.first = Seq{load_le<std::uint64_t>(in + 72)};
  header.bytes = load_le<std::uint64_t>(in + 80);
  header.epoch = Epoch{load_le<std::uint64_t>(in + 88)};
  std::memcpy(header.previous.data(), in + 96, header.previous.size());
  if (header.bytes % kBlock != 0 || header.bytes < kSegmentBytesMin) return corrupt("impossible segment size");
  return header;
}

std::string segment_path(const std::string& directory, std::uint64_t number) {
  char name[64];
  std::snprintf(name, sizeof name, "journal-%010llu.seg", static_cast<unsigned long long>(number));
  return directory + "/" + name;
}

Result<std::vector<SegmentFile>> list_segments(const std::string& directory) {
  std::error_code code;
  std::vector<SegmentFile> segments;
  std::filesystem::directory_iterator entries(directory, code);
  for (; !code && entries != std::filesystem::directory_iterator(); entries.increment(code)) {
    const std::string name = entries->path().filename().string();
    if (const auto number = number_in(name)) segments.push_back({*number, directory + "/" + name});
  }
  if (code) return fail(Errc::not_found, "cannot list " + directory + ": " + code.message());
  std::sort(segments.begin(), segments.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  for (std::size_t i = 1; i < segments.size(); ++i) {
    if (segments[i].number != segments[i - 1].number + 1) {
      return fail(Errc::corrupt, segment_path(directory, segments[i - 1].number + 1) + " at 0: segment is missing");
    }
  }
  return segments;
}

Result<std::optional<SegmentHeader>> read_segment_header(const SegmentFile& file, const std::string& book_id) {
  const File opened(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened.is_open()) {
    if (errno == ENOENT) return fail(Errc::not_found, "no segment " + file.path);
    return system_failure("cannot open", file.path);
  }
  std::array<std::byte, kSegmentHeaderBytes> block{};
  // A file cut inside the padding of its header still shows its header: what is missing counts as zero.
  BLOTTER_TRY(read_fully(opened.fd(), block, 0, file.path));
  if (all_zero(block)) {
    BLOTTER_ASSIGN(const bool zero, is_all_zero(opened.fd(), file.path));
    if (zero) return std::optional<SegmentHeader>();
  }
  BLOTTER_ASSIGN(SegmentHeader header, decode_segment_header(block, file.path));
  if (header.book_id != book_id) {
    return fail(Errc::corrupt, file.path + " at 0: belongs to book " + header.book_id + ", not " + book_id);
  }
  if (header.number != file.number) {
    return fail(Errc::corrupt, file.path + " at 0: holds segment " + std::to_string(header.number));
  }
  return std::optional<SegmentHeader>(std::move(header));
}

}  // namespace blotter::journal
