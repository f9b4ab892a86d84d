// The `book` file: whose journal this is and who may write it now. Layout: docs/formats/journal.md, "Book file".
#pragma once

#include <array>
#include <span>
#include <string>

#include "blotter/result.h"
#include "journal/bytes.h"
#include "journal/io.h"
#include "journal/journal.h"

namespace blotter::journal {

inline constexpr std::size_t kBookIdBytesMax = 32;
inline constexpr std::size_t kBookFileBytes = 80;
inline constexpr const char* kBookFileName = "book";

bool valid_book_id(std::string_view book_id);

// The id padded with zeros to 32 bytes, as the files store it.
std::array<std::byte, kBookIdBytesMax> padded_book_id(std::string_view book_id);
// What each frame carries in its place.
Hash128 hash_of_book(std::string_view book_id);

std::array<std::byte, kBookFileBytes> encode_book_file(const BookFile& book);
// Errc: corrupt, invalid (a newer version).
Result<BookFile> decode_book_file(std::span<const std::byte> bytes, const std::string& path);

// Replaces the book file atomically; durable when it returns.
Result<void> write_book_file(Io& io, const std::string& directory, const BookFile& book);

}  // namespace blotter::journal
