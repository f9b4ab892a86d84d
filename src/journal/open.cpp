// create_journal() and open_journal().
#include <fcntl.h>

#include <cerrno>
#include <filesystem>

#include "journal/book_file.h"
#include "journal/writer.h"

namespace blotter::journal {
namespace {

Result<void> check_options(const Options& options) {
  if (options.segment_bytes % kBlock != 0 || options.segment_bytes < kSegmentBytesMin) {
    return fail(Errc::invalid, "segment_bytes must be a multiple of 4096 and at least 65536, not " +
                                   std::to_string(options.segment_bytes));
  }
  if (options.group_bytes_max < 2 * kBlock || options.group_bytes_max > (1u << 30)) {
    return fail(Errc::invalid, "group_bytes_max must be between 8192 and 1 GiB");
  }
  return {};
}

// Creates the directory and those above it, and makes their names durable.
Result<void> create_directories(Io& io, const std::string& directory) {
  std::error_code code;
  const std::filesystem::path path = std::filesystem::absolute(directory, code);
  if (code) return fail(Errc::unavailable, "cannot create " + directory + ": " + code.message());
  std::filesystem::path existing = path;
  while (!std::filesystem::exists(existing) && existing.has_relative_path()) existing = existing.parent_path();
  if (!std::filesystem::create_directories(path, code) && code) {
    const bool full = code == std::errc::no_space_on_device;
    return fail(full ? Errc::exhausted : Errc::unavailable, "cannot create " + directory + ": " + code.message());
  }
  for (std::filesystem::path at = path; at != existing && at.has_relative_path(); at = at.parent_path()) {
    BLOTTER_TRY(sync_directory(io, at.parent_path().string()));
  }
  return {};
}

Result<void> create_first_segment(Io& io, const std::string& directory, const SegmentHeader& header) {
  const std::string path = directory + "/first.tmp";
  auto made = [&]() -> Result<void> {
    const File file(io.open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644));
    if (!file.is_open()) return system_failure("cannot create", path);
    if (io.allocate(file.fd(), static_cast<off_t>(header.bytes)) != 0 && errno != EOPNOTSUPP) {
      return system_failure("cannot allocate", path);
    }
    std::vector<std::byte> piece(256u << 10);
    for (std::uint64_t offset = 0; offset < header.bytes; offset += piece.size()) {
      const std::uint64_t size = std::min<std::uint64_t>(piece.size(), header.bytes - offset);
      if (offset == 0) encode_segment_header(header, std::span(piece).first(kSegmentHeaderBytes));
      BLOTTER_TRY(write_fully(io, file.fd(), {piece.data(), size}, offset, path));
      if (offset == 0) std::fill_n(piece.begin(), kSegmentHeaderBytes, std::byte{0});
    }
    if (io.fsync(file.fd()) != 0) return system_failure("cannot sync", path);
    if (io.rename(path.c_str(), segment_path(directory, header.number).c_str()) != 0) {
      return system_failure("cannot rename", path);
    }
    return {};
  }();
  if (!made) static_cast<void>(io.unlink(path.c_str()));
  return made;
}

// A create that died before it wrote the book file leaves a first segment without events; anything more is a journal
// that has lost its book file, and not ours to replace.
Result<void> check_nothing_there(const std::string& directory) {
  const auto book = read_book_file(directory);
  if (book || book.error().code != Errc::not_found) {
    return fail(Errc::invalid, "there is a journal in " + directory + " already");
  }
  BLOTTER_ASSIGN(const auto segments, list_segments(directory));
  if (segments.empty()) return {};
  const auto lost = fail(Errc::invalid, directory + " holds segments of a journal without a book file");
  if (segments.size() > 1 || segments.front().number != 1) return lost;
  BLOTTER_ASSIGN(Window window, Window::open(segments.front().path, Window::Source::page_cache));
  BLOTTER_ASSIGN(const auto block, window.get(kSegmentHeaderBytes, kBlock));
  if (!all_zero(block)) return lost;
  return {};
}

// On a full disk a spare of the last writer makes room: a ledger that cannot restart is worse off than one with a
// smaller reserve.
Result<void> claim_epoch(Io& io, const std::string& directory, const BookFile& book) {
  auto claimed = write_book_file(io, directory, book);
  if (claimed || claimed.error().code != Errc::exhausted) return claimed;
  std::error_code code;
  std::filesystem::directory_iterator entries(directory, code);
  for (; !code && entries != std::filesystem::directory_iterator(); entries.increment(code)) {
    if (!entries->path().filename().string().starts_with("spare-")) continue;
    if (io.unlink(entries->path().c_str()) == 0) return write_book_file(io, directory, book);
  }
  return claimed;
}

}  // namespace

Result<void> create_journal_in(const Environment& environment, const std::string& directory, const std::string& book_id,
                               const Options& options) {
  BLOTTER_TRY(check_options(options));
  if (!valid_book_id(book_id)) {
    return fail(Errc::invalid, "a book id has 1 to 32 characters of [A-Za-z0-9._-], not '" + book_id + "'");
  }
  Io& io = *environment.io;
  BLOTTER_TRY(create_directories(io, directory));
  BLOTTER_ASSIGN(const WriterLock lock, WriterLock::take(directory));
  BLOTTER_TRY(check_nothing_there(directory));
  const SegmentHeader header{.book_id = book_id,
                             .number = 1,
                             .first = Seq{1},
                             .bytes = options.segment_bytes,
                             .epoch = Epoch{0},
                             .previous = hash_of_book(book_id)};
  BLOTTER_TRY(create_first_segment(io, directory, header));
  BLOTTER_TRY(sync_directory(io, directory));
  // Last: a directory with a book file is a journal.
  return write_book_file(io, directory, {book_id, Epoch{0}});
}

Result<std::unique_ptr<Journal>> open_journal_in(const Environment& environment, const std::string& directory,
                                                 const Options& wanted) {
  Options options = wanted;
  if (options.segment_bytes == 0) options.segment_bytes = Options{}.segment_bytes;
  BLOTTER_TRY(check_options(options));
  Io& io = *environment.io;
  BLOTTER_TRY(read_book_file(directory));  // no LOCK file is left where there is no journal
  BLOTTER_ASSIGN(WriterLock lock, WriterLock::take(directory));
  BLOTTER_ASSIGN(BookFile book, read_book_file(directory));
  BLOTTER_ASSIGN(const Finding finding, find_end(io, directory, book));
  if (wanted.segment_bytes == 0) options.segment_bytes = finding.head.segment.bytes;
  // Everything is known to be right; from here on files change. The epoch comes first: whoever read the old one is
  // fenced before a single byte of the tail is touched.
  book.epoch = Epoch{to_number(book.epoch) + 1};
  BLOTTER_TRY(claim_epoch(io, directory, book));
  BLOTTER_ASSIGN(Recovery recovery, repair(io, directory, finding));
  static_cast<void>(io.unlink((directory + "/filling.tmp").c_str()));
  static_cast<void>(io.unlink((directory + "/first.tmp").c_str()));
  BLOTTER_ASSIGN(HeadFile head_file, HeadFile::open(io, finding.head.path, options.durable_write));
  Writer::Start start{
      .directory = directory, .book = std::move(book), .head = finding.head, .recovery = std::move(recovery)};
  return std::unique_ptr<Journal>(
      std::make_unique<Writer>(environment, options, std::move(lock), std::move(head_file), std::move(start)));
}

Result<void> create_journal(const std::string& directory, const std::string& book_id, const Options& options) {
  return create_journal_in(Environment{}, directory, book_id, options);
}

Result<std::unique_ptr<Journal>> open_journal(const std::string& directory, const Options& options) {
  return open_journal_in(Environment{}, directory, options);
}

}  // namespace blotter::journal
