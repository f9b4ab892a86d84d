// PrimaryPosition: how far the primary's log was, and when, so that a replica can be measured against it.
//
// A replica cannot tell alone how far behind it is: after a cut without a word it has replayed all that it received,
// and its receiver waits for more. Whoever has replayed a position that was noted at some moment shows everything that
// was committed until then. docs/adr/0014.
//
// Threads    Any. One caller asks, and whoever needs the answer waits for it.
// Failure    A primary that cannot be asked leaves the notes as they are, and they grow old.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "store/postgres/connection_pool.h"

namespace blotter::postgres {

// For what a read waits for beside its own answer: a server that takes no connection by then is done without (libpq
// knows no shorter time), and is left alone the longer the longer the attempt took.
inline constexpr std::int64_t kConnectMsMax = 2'000;
inline constexpr std::int64_t kPauseFactor = 10;

class PrimaryPosition {
 public:
  // Asks `pool`, of the primary that `options` name, at most once in `every_ms`. The pool outlives it.
  PrimaryPosition(const StoreOptions& options, ConnectionPool& pool, std::int64_t every_ms);

  // Notes the position again when it is time to. A primary that does not answer costs some two seconds, at most a tenth
  // of the time; nobody waits for a connection of the pool to become free.
  void note();

  // How old the newest note is whose position is at most `replayed`; nothing when there is none.
  std::optional<std::int64_t> age_of_passed(std::int64_t replayed, std::int64_t now_ms) const;

 private:
  struct Note {
    std::int64_t at_ms = 0;  // before the question: the position is not older
    std::int64_t position = 0;
  };

  bool is_due() const;
  Result<std::int64_t> ask() const;

  const ConnectionSettings settings_;
  ConnectionPool& pool_;
  const std::int64_t every_ms_;

  std::mutex asking_;         // held by the one who asks
  mutable std::mutex mutex_;  // guards what follows; never held while the primary is asked
  std::int64_t not_before_ms_ = 0;
  std::optional<Note> latest_;
  // No replica has passed the latest one yet when it was noted just after a commit.
  std::optional<Note> before_;
};

}  // namespace blotter::postgres
