// A retired partition as a file: the CSV text that COPY gave, compressed with zstd, known by its SHA-256.
//
// The file appears under its name only when it is whole and on disk: it is written beside it, fsynced, renamed, and the
// directory is fsynced. `zstd -dc FILE | psql -c "COPY execution.fills FROM STDIN (FORMAT csv, HEADER)"` restores it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "blotter/result.h"

namespace blotter::postgres {

// What identifies the content, whatever the compression.
struct CsvSummary {
  std::int64_t rows = 0;   // without the header
  std::int64_t bytes = 0;  // of CSV text
  std::string sha256;      // of the CSV text, hexadecimal
  friend bool operator==(const CsvSummary&, const CsvSummary&) = default;
};

// Sums up CSV text that comes in pieces of any size.
class CsvDigest {
 public:
  CsvDigest();
  ~CsvDigest();
  CsvDigest(const CsvDigest&) = delete;
  CsvDigest& operator=(const CsvDigest&) = delete;

  void put(std::string_view text);
  CsvSummary finish();

 private:
  struct Hash;
  std::unique_ptr<Hash> hash_;
  CsvSummary summary_;
  bool quoted_ = false;
};

// Writes PATH from what `produce` hands to its sink. An existing PATH is replaced only when the new one is whole; a
// failure leaves nothing behind, and what a death left is written anew.
// Errc: exhausted (disk full), unavailable (another process is writing it); or produce's own.
using TextSink = std::function<Result<void>(std::string_view)>;
Result<void> write_archive(const std::string& path, const std::function<Result<void>(const TextSink&)>& produce);

// Refuses when the volume of the directory has less free. Errc: exhausted, not_found (no such directory), unavailable.
Result<void> require_space(const std::string& directory, std::int64_t bytes);

// Errc: not_found (no such file), corrupt (not a whole zstd file), unavailable.
Result<CsvSummary> summarize_archive(const std::string& path);

// A small text, as durable as the archive. Errc: exhausted, unavailable.
Result<void> write_durably(const std::string& path, std::string_view text);

}  // namespace blotter::postgres
