#include "journal/book_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace blotter::journal {
namespace {

constexpr std::string_view kMagic = "BLTRBOOK";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kCovered = 24;

}  // namespace

bool valid_book_id(std::string_view book_id) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !book_id.empty() && book_id.size() <= kBookIdBytesMax && std::all_of(book_id.begin(), book_id.end(), allowed);
}

std::array<std::byte, kBookIdBytesMax> padded_book_id(std::string_view book_id) {
  std::array<std::byte, kBookIdBytesMax> bytes{};
  std::memcpy(bytes.data(), book_id.data(), std::min(book_id.size(), bytes.size()));
  return bytes;
}

Hash128 hash_of_book(std::string_view book_id) { return hash128(padded_book_id(book_id)); }

std::array<std::byte, kBookFileBytes> encode_book_file(const BookFile& book) {
  std::array<std::byte, kBookFileBytes> bytes{};
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  store_le<std::uint32_t>(bytes.data() + 24, kVersion);
  store_le<std::uint32_t>(bytes.data() + 28, kBookFileBytes);
  const auto id = padded_book_id(book.book_id);
  std::memcpy(bytes.data() + 32, id.data(), id.size());
  store_le<std::uint64_t>(bytes.data() + 64, to_number(book.epoch));
  const Hash128 checksum = hash128(std::span<const std::byte>(bytes).subspan(kCovered));
  std::memcpy(bytes.data() + 8, checksum.data(), checksum.size());
  return bytes;
}

Result<BookFile> decode_book_file(std::span<const std::byte> bytes, const std::string& path) {
  const auto corrupt = [&](const char* why) { return fail(Errc::corrupt, path + " at 0: " + why); };
  if (bytes.size() < kBookFileBytes) return corrupt("book file is too short");
  if (std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) return corrupt("not a book file");
  if (load_le<std::uint32_t>(bytes.data() + 28) != bytes.size()) return corrupt("book file has a wrong length");
  const Hash128 checksum = hash128(bytes.subspan(kCovered));
  if (std::memcmp(bytes.data() + 8, checksum.data(), checksum.size()) != 0) return corrupt("checksum mismatch");
  if (const auto version = load_le<std::uint32_t>(bytes.data() + 24); version != kVersion) {
    return fail(Errc::invalid, path + ": format version " + std::to_string(version) + ", this program knows only " +
                                   std::to_string(kVersion));
  }
  const char* id = reinterpret_cast<const char*>(bytes.data() + 32);
  BookFile book;
  book.book_id.assign(id, std::find(id, id + kBookIdBytesMax, '\0'));
  book.epoch = Epoch{load_le<std::uint64_t>(bytes.data() + 64)};
  if (!valid_book_id(book.book_id)) return corrupt("bad book id");
  return book;
}

Result<BookFile> read_book_file(const std::string& directory) {
  const std::string path = directory + "/" + kBookFileName;
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) return fail(Errc::not_found, "no journal in " + directory);
    return system_failure("cannot open", path);
  }
  std::array<std::byte, kBookFileBytes + 1> bytes;
  BLOTTER_ASSIGN(const std::size_t size, read_fully(file.fd(), bytes, 0, path));
  return decode_book_file(std::span<const std::byte>(bytes).first(size), path);
}

Result<void> write_book_file(Io& io, const std::string& directory, const BookFile& book) {
  const auto bytes = encode_book_file(book);
  return replace_file(io, directory, kBookFileName, "book.tmp", bytes);
}

}  // namespace blotter::journal
