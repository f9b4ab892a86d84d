// HeadFile: the segment that is being written, open for durable writes.
//
// Threads    One at a time (whoever leads the group commit).
// Failure    After any error the state of the file is unknown: the caller must not use it again.
#pragma once

#include <span>
#include <string>

#include "blotter/result.h"
#include "journal/io.h"
#include "journal/journal.h"
#include "journal/segment.h"

namespace blotter::journal {

class HeadFile {
 public:
  // Opens the file of the head. Errc: unavailable (also: direct writes were asked for and are not possible).
  static Result<HeadFile> open(Io& io, const std::string& path, DurableWrite mode);

  // On the device when it returns. `bytes` are aligned and whole blocks.
  Result<void> write(std::span<const std::byte> bytes, std::uint64_t offset);

  // Turns a spare into the next segment: header, rename, directory; then writes go there.
  Result<void> roll(const std::string& spare, const std::string& directory, const SegmentHeader& header);

  bool direct() const { return direct_; }
  const std::string& path() const { return path_; }

 private:
  HeadFile(Io& io, File file, std::string path, bool direct)
      : io_(&io), file_(std::move(file)), path_(std::move(path)), direct_(direct) {}

  Io* io_;
  File file_;
  std::string path_;
  bool direct_;
};

}  // namespace blotter::journal
