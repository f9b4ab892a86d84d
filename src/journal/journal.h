// Journal: the durable, ordered record of everything the ledger has decided.
//
// The source of truth; stores are projections of it. Bytes on disk: docs/formats/journal.md.
//
// Threads    One thread at a time appends (the ledger's latch sees to it). wait_durable and the watermarks are safe
//            from any thread. Whoever waits first while nobody writes becomes the leader and writes the group of all;
//            a flusher thread serves pipelined callers that do not wait.
// Failure    A failed write leaves the file in a state nobody can know, so the journal poisons itself: every waiter
//            and every later call gets Errc::poisoned until it is reopened; no write is ever retried.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "blotter/ids.h"
#include "blotter/result.h"

namespace blotter::journal {

enum class DurableWrite : std::uint8_t {
  automatic,  // direct where the file system can, else buffered
  direct,     // O_DIRECT + O_DSYNC
  buffered,   // pwrite + fdatasync
};

struct Options {
  // A multiple of 4096, at least 64 KiB. Opening with 0 goes on with the size that the journal has.
  std::uint64_t segment_bytes = 64ull << 20;
  std::size_t group_bytes_max = 4u << 20;  // append() waits for the writer when this much is buffered
  std::size_t record_bytes_max = 1u << 20;
  int spare_segments = 2;  // zero-filled ahead; the last of them is the reserve for facts
  DurableWrite durable_write = DurableWrite::automatic;
};

enum class Priority : std::uint8_t {
  intent,  // refused (Errc::exhausted) as soon as the disk is full
  fact,    // still lands in the reserve
};

// What opening had to do.
struct Recovery {
  Seq last{0};                       // the last durable event
  std::uint64_t torn_bytes_cut = 0;  // > 0: a torn tail was cut, never acknowledged to anyone
  std::string torn_where;            // file and offset of the cut
};

class Journal {
 public:
  virtual ~Journal() = default;  // flushes what was appended; releases the lock

  // What open() found and did.
  virtual const Recovery& recovery() const = 0;
  virtual Epoch epoch() const = 0;
  virtual const std::string& directory() const = 0;

  // Gives the record the next Seq and buffers it. Not durable until wait_durable(seq) returns success. No system call
  // unless group_bytes_max is reached (then it waits for the write in flight).
  // Errc: exhausted (disk full; nothing appended), invalid (empty or longer than record_bytes_max), poisoned.
  virtual Result<Seq> append(std::span<const std::byte> record, Priority priority) = 0;

  // Appends all of them, next to each other and in one group commit: after a crash they are all there or none is.
  // Returns the Seq of the last one. Errc: as append (nothing appended); invalid also when together they are larger
  // than a group can be.
  virtual Result<Seq> append_all(std::span<const std::span<const std::byte>> records, Priority priority) = 0;

  // Returns once every event up to `seq` is on the device. Errc: poisoned (it may or may not be there: reopen).
  virtual Result<void> wait_durable(Seq seq) = 0;

  // Makes what is appended durable within about two milliseconds, without waiting: for pipelined callers. Cheap to call
  // often: what comes meanwhile shares the write.
  virtual void flush_soon() = 0;

  virtual Seq appended() const = 0;
  virtual Seq durable() const = 0;
  virtual bool poisoned() const = 0;
  // True while intents are refused because the disk is full; turns false by itself when space is back.
  virtual bool reserve_only() const = 0;

  // Blocks until durable() > seq, poisoned, or the timeout; returns durable(). For readers that follow.
  virtual Seq wait_beyond(Seq seq, int timeout_ms) const = 0;
};

// Creates an empty journal for `book_id` in `directory` (created too, with its parents); fsyncs everything.
// Errc: invalid (there is one already, or a bad book id: 1 to 32 characters of [A-Za-z0-9._-]), unavailable, exhausted.
Result<void> create_journal(const std::string& directory, const std::string& book_id, const Options& options);

// Takes the writer's lock, claims a new epoch durably, recovers: cuts a torn tail (and only that) and goes on after the
// last valid event. Nothing is modified when it returns an error.
// Errc: not_found (no journal there), unavailable (another writer holds the lock: who, since when),
// corrupt (file and offset), invalid (written by a newer version).
Result<std::unique_ptr<Journal>> open_journal(const std::string& directory, const Options& options);

// The book's id and current epoch, read without the lock. Errc: not_found, corrupt.
struct BookFile {
  std::string book_id;
  Epoch epoch{0};
};
Result<BookFile> read_book_file(const std::string& directory);

}  // namespace blotter::journal
