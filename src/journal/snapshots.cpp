#include "journal/snapshots.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "journal/book_file.h"
#include "journal/io.h"
#include "journal/snapshot_file.h"

namespace blotter::journal {
namespace {

constexpr std::string_view kMagic = "BLTRSNAP";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kCovered = 24;
constexpr std::string_view kPrefix = "snapshot-";
constexpr std::string_view kSuffix = ".snap";

std::string file_name(Seq seq) {
  char name[64];
  std::snprintf(name, sizeof name, "snapshot-%020llu.snap", static_cast<unsigned long long>(to_number(seq)));
  return name;
}

std::optional<Seq> seq_in(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  std::uint64_t seq = 0;
  const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), seq);
  if (code != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return Seq{seq};
}

}  // namespace

std::vector<SnapshotFile> list_snapshots(const std::string& directory) {
  std::vector<SnapshotFile> files;
  std::error_code code;
  std::filesystem::directory_iterator entries(directory, code);
  for (; !code && entries != std::filesystem::directory_iterator(); entries.increment(code)) {
    const std::string name = entries->path().filename().string();
    if (const auto seq = seq_in(name)) files.push_back({*seq, directory + "/" + name});
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.seq > b.seq; });
  return files;
}

Result<Snapshot> read_snapshot(const SnapshotFile& file, const Hash128& book) {
  const auto corrupt = [&](const char* why) { return fail(Errc::corrupt, file.path + " at 0: " + why); };
  const File opened(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened.is_open()) {
    if (errno == ENOENT) return fail(Errc::not_found, "no snapshot " + file.path);
    return system_failure("cannot open", file.path);
  }
  std::error_code code;
  const std::uint64_t size = std::filesystem::file_size(file.path, code);
  if (code || size < kSnapshotHeaderBytes) return corrupt("snapshot is too short");
  std::vector<std::byte> bytes(size);
  BLOTTER_ASSIGN(const std::size_t got, read_fully(opened.fd(), bytes, 0, file.path));
  const std::byte* in = bytes.data();
  if (got != size) return corrupt("snapshot is too short");
  if (std::memcmp(in, kMagic.data(), kMagic.size()) != 0) return corrupt("not a snapshot");
  const Hash128 checksum = hash128(std::span<const std::byte>(bytes).subspan(kCovered));
  if (std::memcmp(in + 8, checksum.data(), checksum.size()) != 0) return corrupt("snapshot checksum mismatch");
  if (load_le<std::uint32_t>(in + 24) != kVersion) return corrupt("snapshot of another format version");
  if (load_le<std::uint32_t>(in + 28) != kSnapshotHeaderBytes) return corrupt("snapshot header has a wrong length");
  if (std::memcmp(in + 32, book.data(), book.size()) != 0) return corrupt("snapshot of another book");
  if (Seq{load_le<std::uint64_t>(in + 48)} != file.seq) return corrupt("snapshot of another seq than its name says");
  if (load_le<std::uint64_t>(in + 56) != size - kSnapshotHeaderBytes) return corrupt("snapshot has a wrong length");
  bytes.erase(bytes.begin(), bytes.begin() + kSnapshotHeaderBytes);
  return Snapshot{file.seq, std::move(bytes)};
}

Result<void> write_snapshot_in(Io& io, const std::string& directory, Seq seq, std::span<const std::byte> bytes,
                               int keep) {
  BLOTTER_ASSIGN(const BookFile book, read_book_file(directory));
  std::vector<std::byte> file(kSnapshotHeaderBytes + bytes.size());
  std::byte* out = file.data();
  std::memcpy(out, kMagic.data(), kMagic.size());
  store_le<std::uint32_t>(out + 24, kVersion);
  store_le<std::uint32_t>(out + 28, kSnapshotHeaderBytes);
  const Hash128 book_hash = hash_of_book(book.book_id);
  std::memcpy(out + 32, book_hash.data(), book_hash.size());
  store_le<std::uint64_t>(out + 48, to_number(seq));
  store_le<std::uint64_t>(out + 56, bytes.size());
  std::copy(bytes.begin(), bytes.end(), file.begin() + kSnapshotHeaderBytes);
  const Hash128 checksum = hash128(std::span<const std::byte>(file).subspan(kCovered));
  std::memcpy(out + 8, checksum.data(), checksum.size());
  BLOTTER_TRY(replace_file(io, directory, file_name(seq), "snapshot.tmp", file));
  const auto files = list_snapshots(directory);
  for (std::size_t i = static_cast<std::size_t>(std::max(keep, 1)); i < files.size(); ++i) {
    // One that cannot be deleted is only in the way, and the next write tries again.
    static_cast<void>(io.unlink(files[i].path.c_str()));
  }
  return {};
}

Result<void> write_snapshot(const std::string& directory, Seq seq, std::span<const std::byte> bytes, int keep) {
  return write_snapshot_in(Io::system(), directory, seq, bytes, keep);
}

Result<std::optional<Snapshot>> newest_snapshot(const std::string& directory, Seq limit,
                                                std::vector<std::string>* skipped) {
  BLOTTER_ASSIGN(const BookFile book, read_book_file(directory));
  const Hash128 book_hash = hash_of_book(book.book_id);
  for (const SnapshotFile& file : list_snapshots(directory)) {
    if (file.seq > limit) continue;
    auto snapshot = read_snapshot(file, book_hash);
    if (snapshot) return std::optional<Snapshot>(std::move(*snapshot));
    if (skipped != nullptr) skipped->push_back(snapshot.error().message);
  }
  return std::optional<Snapshot>();
}

}  // namespace blotter::journal
