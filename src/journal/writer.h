// Writer: the Journal over real files; group commit with a leader.
//
// Two buffers, each the frame it will become. append() copies into the active one; whoever waits while nobody writes
// becomes the leader: it swaps the buffers and writes the full one, without the mutex. Those who wait for a group sleep
// on the word of its parity; when it is durable they return without touching the mutex, and one sleeper of the next
// group is promoted.
//
// Where a group will lie is settled at the swap, and append() admits a record only when its group is sure to have a
// place: so what was accepted can always be written, and a full disk is an answer instead of a surprise.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "journal/frame.h"
#include "journal/futex.h"
#include "journal/head_file.h"
#include "journal/journal.h"
#include "journal/lock.h"
#include "journal/recovery.h"
#include "journal/spares.h"

namespace blotter::journal {

// What tests replace.
struct Environment {
  Io* io = &Io::system();
  std::chrono::milliseconds spare_retry{1000};
};

Result<void> create_journal_in(const Environment& environment, const std::string& directory, const std::string& book_id,
                               const Options& options);
Result<std::unique_ptr<Journal>> open_journal_in(const Environment& environment, const std::string& directory,
                                                 const Options& options);

class Writer final : public Journal {
 public:
  struct Start {
    std::string directory;
    BookFile book;
    Head head;
    Recovery recovery;
  };

  Writer(const Environment& environment, const Options& options, WriterLock lock, HeadFile head_file, Start start);
  ~Writer() override;

  const Recovery& recovery() const override { return start_.recovery; }
  Epoch epoch() const override { return start_.book.epoch; }
  const std::string& directory() const override { return start_.directory; }
  Result<Seq> append(std::span<const std::byte> record, Priority priority) override;
  Result<Seq> append_all(std::span<const std::span<const std::byte>> records, Priority priority) override;
  Result<void> wait_durable(Seq seq) override;
  void flush_soon() override;
  Seq appended() const override { return Seq{appended_.load(std::memory_order_acquire)}; }
  Seq durable() const override { return Seq{durable_.load(std::memory_order_acquire)}; }
  bool poisoned() const override { return poisoned_.load(std::memory_order_acquire); }
  bool reserve_only() const override { return spares_->starved(); }
  Seq wait_beyond(Seq seq, int timeout_ms) const override;

 private:
  struct Buffer {
    AlignedBuffer memory;
    std::size_t used = kFrameHeaderBytes;  // header space included
    std::uint32_t records = 0;
    Seq first{0};
  };

  // One group on its way: everything the leader needs once it has let go of the mutex.
  struct Group {
    Buffer* buffer = nullptr;
    FrameHeader header;
    std::optional<std::string> spare;  // set: the group begins a new segment
  };

  enum class Flush : std::uint8_t { none, soon, now };
  enum class Room : std::uint8_t { yes, wait_for_write, wait_for_spare, no };

  using Lock = std::unique_lock<std::mutex>;

  Room room_for(std::size_t bytes, Priority priority) const;
  Result<void> wait_for_room(Lock& lock, Room room);
  Error no_room() const;
  void lead(Lock& lock);
  Group take_group();
  Result<void> write_group(Group& group);
  void finish_group(Lock& lock, std::uint32_t number, const Group& group, const Result<void>& written);
  void poison(const Error& error);
  Error poison_error() const;
  void count_up(EventWord& word);
  void flush_now();
  void flush_loop();

  const Environment environment_;
  const std::size_t group_bytes_max_;
  const std::size_t record_bytes_max_;
  const std::uint64_t segment_bytes_;
  const WriterLock lock_file_;
  const Start start_;
  const Hash128 book_hash_;

  // The mutex guards what follows, up to the leader's part. It exists because waiters, the flusher and the appending
  // thread meet here; it is never held during a system call that touches the disk.
  mutable std::mutex mutex_;
  std::array<Buffer, 2> buffers_;
  int active_ = 0;
  bool writing_ = false;
  std::uint32_t group_ = 0;        // number of the last group taken
  std::uint64_t taken_ = 0;        // last seq of that group
  std::array<int, 2> sleepers_{};  // by parity of the group they wait for
  bool append_waits_ = false;
  std::uint64_t next_offset_;  // in the head segment, behind every group taken
  std::uint64_t head_bytes_;   // size of the head segment
  std::uint64_t head_number_;
  std::string poison_message_;

  // The leader's part: touched only by the thread that set writing_.
  HeadFile head_file_;
  Hash128 previous_;

  std::array<EventWord, 2> group_words_{};
  EventWord room_word_{0};
  EventWord flush_word_{0};
  mutable EventWord progress_word_{0};
  mutable std::atomic<int> followers_{0};
  std::atomic<std::uint64_t> appended_;
  std::atomic<std::uint64_t> durable_;
  std::atomic<bool> poisoned_{false};
  std::atomic<Flush> flush_asked_{Flush::none};
  std::atomic<bool> closing_{false};

  std::unique_ptr<Spares> spares_;
  std::thread flusher_;
};

}  // namespace blotter::journal
