// WriterLock: one writer for each journal directory, by flock on its LOCK file.
//
// The file's text says who holds it since when, for the one who is refused. The kernel releases the lock with the
// process, however it dies; a stopped process keeps it.
#pragma once

#include <string>

#include "blotter/result.h"
#include "journal/io.h"

namespace blotter::journal {

class WriterLock {
 public:
  // Tries a few times within about a quarter of a second, since a dying process may still be letting go.
  // Errc: unavailable (held: the message says by whom since when).
  static Result<WriterLock> take(const std::string& directory);

  // False once somebody has removed or replaced the LOCK file: then it protects nothing any more.
  bool still_ours() const;

 private:
  explicit WriterLock(File file) : file_(std::move(file)) {}
  File file_;
};

// True when some writer holds the lock just now: what a reader sees half-written may be whole in a moment.
bool writer_is_active(const std::string& directory);

}  // namespace blotter::journal
