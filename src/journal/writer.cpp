#include "journal/writer.h"

#include <algorithm>
#include <climits>

#include "blotter/assert.h"
#include "journal/book_file.h"

namespace blotter::journal {
namespace {

// Beyond this a pipelined group is worth writing without being asked.
constexpr std::size_t kFlushBytes = 128u << 10;

// How long a pipelined group gathers before it is written: long enough for a hundred records or more, which then share
// one write, and nothing to somebody who has not waited.
constexpr int kGatherMs = 1;

// A group with its padding must fit an empty segment.
std::size_t group_limit(const Options& options) {
  const std::uint64_t capacity = options.segment_bytes - kSegmentHeaderBytes;
  return static_cast<std::size_t>(std::min<std::uint64_t>(options.group_bytes_max / kBlock * kBlock, capacity));
}

}  // namespace

Writer::Writer(const Environment& environment, const Options& options, WriterLock lock, HeadFile head_file, Start start)
    : environment_(environment),
      group_bytes_max_(group_limit(options)),
      record_bytes_max_(std::min(options.record_bytes_max, group_bytes_max_ - kFrameHeaderBytes - kVarintBytesMax)),
      segment_bytes_(options.segment_bytes),
      lock_file_(std::move(lock)),
      start_(std::move(start)),
      book_hash_(hash_of_book(start_.book.book_id)),
      taken_(to_number(start_.head.last)),
      next_offset_(start_.head.offset),
      head_bytes_(start_.head.segment.bytes),
      head_number_(start_.head.segment.number),
      head_file_(std::move(head_file)),
      previous_(start_.head.previous),
      appended_(to_number(start_.head.last)),
      durable_(to_number(start_.head.last)) {
  for (Buffer& buffer : buffers_) buffer.memory = AlignedBuffer(group_bytes_max_);
  Spares::Settings settings{.directory = start_.directory,
                            .segment_bytes = segment_bytes_,
                            // One to roll into and one that only facts may use.
                            .target = std::max(options.spare_segments, 2),
                            .retry = environment.spare_retry};
  spares_ = std::make_unique<Spares>(*environment_.io, std::move(settings), [this] {
    const std::lock_guard guard(mutex_);
    if (append_waits_) count_up(room_word_);
  });
  flusher_ = std::thread([this] { flush_loop(); });
}

Writer::~Writer() {
  // What was appended is flushed on the way out; a failure poisons, and there is nobody left to tell.
  if (!poisoned()) static_cast<void>(wait_durable(appended()).has_value());
  closing_.store(true);
  count_up(flush_word_);
  flusher_.join();
  spares_.reset();
}

void Writer::count_up(EventWord& word) {
  word.fetch_add(1);
  wake(word);
}

Writer::Room Writer::room_for(std::size_t bytes, Priority priority) const {
  const Buffer& buffer = buffers_[static_cast<std::size_t>(active_)];
  const std::size_t used = buffer.used + bytes;
  const bool starved = spares_->starved();
  if (starved && priority == Priority::intent) return Room::no;
  // Intents never run ahead of the reserve: when the disk fills up, there is always one for the facts.
  if (priority == Priority::intent && spares_->count() == 0) return Room::wait_for_spare;
  if (used > group_bytes_max_) return Room::wait_for_write;
  if (next_offset_ + padded(used) <= head_bytes_) return Room::yes;
  // The last spare is for facts.
  const int needed = priority == Priority::intent ? 2 : 1;
  if (spares_->count() >= needed) return Room::yes;
  return starved ? Room::no : Room::wait_for_spare;
}

Error Writer::no_room() const {
  return {Errc::exhausted, "journal " + start_.directory + " accepts no more: " + spares_->why_starved() +
                               "; free disk space, it goes on by itself"};
}

Result<void> Writer::wait_for_room(Lock& lock, Room room) {
  const std::uint32_t seen = room_word_.load();
  append_waits_ = true;
  if (room == Room::wait_for_write && !writing_) flush_now();
  lock.unlock();
  sleep_while(room_word_, seen);
  lock.lock();
  append_waits_ = false;
  if (poisoned()) return fail(poison_error());
  return {};
}

Result<Seq> Writer::append(std::span<const std::byte> record, Priority priority) {
  return append_all({&record, 1}, priority);
}

Result<Seq> Writer::append_all(std::span<const std::span<const std::byte>> records, Priority priority) {
  std::size_t bytes = 0;
  for (const std::span<const std::byte> record : records) {
    if (record.empty() || record.size() > record_bytes_max_) {
      return fail(Errc::invalid, "a record has 1 to " + std::to_string(record_bytes_max_) + " bytes, not " +
                                     std::to_string(record.size()));
    }
    bytes += kVarintBytesMax + record.size();
  }
  if (records.empty() || kFrameHeaderBytes + bytes > group_bytes_max_) {
    return fail(Errc::invalid, std::to_string(records.size()) + " records of " + std::to_string(bytes) +
                                   " bytes do not make a group of at most " + std::to_string(group_bytes_max_));
  }
  Lock lock(mutex_);
  if (poisoned()) return fail(poison_error());
  for (Room room = room_for(bytes, priority); room != Room::yes; room = room_for(bytes, priority)) {
    if (room == Room::no) return fail(no_room());
    BLOTTER_TRY(wait_for_room(lock, room));
  }
  Buffer& buffer = buffers_[static_cast<std::size_t>(active_)];
  const std::uint64_t before = appended_.load(std::memory_order_relaxed);
  if (buffer.records == 0) buffer.first = Seq{before + 1};
  const bool was_small = buffer.used < kFlushBytes;
  for (const std::span<const std::byte> record : records) {
    std::byte* out = buffer.memory.data() + buffer.used;
    const std::size_t prefix_bytes = write_varint(static_cast<std::uint32_t>(record.size()), out);
    std::memcpy(out + prefix_bytes, record.data(), record.size());
    buffer.used += prefix_bytes + record.size();
    ++buffer.records;
  }
  const bool crossed = was_small && buffer.used >= kFlushBytes;
  const std::uint64_t last = before + records.size();
  appended_.store(last, std::memory_order_release);
  lock.unlock();
  if (crossed) flush_now();
  return Seq{last};
}

Result<void> Writer::wait_durable(Seq seq) {
  const std::uint64_t wanted = to_number(seq);
  while (durable_.load(std::memory_order_acquire) < wanted) {
    Lock lock(mutex_);
    if (durable_.load(std::memory_order_acquire) >= wanted) break;
    if (poisoned()) return fail(poison_error());
    if (wanted > appended_.load(std::memory_order_relaxed)) {
      return fail(Errc::invalid, "event " + std::to_string(wanted) + " was never appended");
    }
    if (!writing_) {
      lead(lock);
      continue;
    }
    const std::size_t parity = (wanted <= taken_ ? group_ : group_ + 1) & 1;
    const std::uint32_t seen = group_words_[parity].load();
    ++sleepers_[parity];
    lock.unlock();
    sleep_while(group_words_[parity], seen);
  }
  return {};
}

Writer::Group Writer::take_group() {
  Buffer& buffer = buffers_[static_cast<std::size_t>(active_)];
  Group group;
  group.buffer = &buffer;
  const std::uint64_t size = padded(buffer.used);
  if (next_offset_ + size > head_bytes_) {
    group.spare = spares_->take();
    BLOTTER_ASSERT(group.spare.has_value());
    ++head_number_;
    head_bytes_ = segment_bytes_;
    next_offset_ = kSegmentHeaderBytes;
  }
  group.header = {.checksum = {},
                  .records = buffer.records,
                  .book = book_hash_,
                  .previous = {},
                  .epoch = epoch(),
                  .segment = head_number_,
                  .offset = next_offset_,
                  .first = buffer.first,
                  .payload_bytes = static_cast<std::uint32_t>(buffer.used - kFrameHeaderBytes)};
  next_offset_ += size;
  taken_ = to_number(group.header.last());
  ++group_;
  active_ ^= 1;
  return group;
}

Result<void> Writer::write_group(Group& group) {
  if (!lock_file_.still_ours()) {
    return fail(Errc::fenced, "the LOCK file of " + start_.directory + " was removed: another writer may be at work");
  }
  FrameHeader& header = group.header;
  header.previous = previous_;
  if (group.spare) {
    const SegmentHeader segment{.book_id = start_.book.book_id,
                                .number = header.segment,
                                .first = header.first,
                                .bytes = segment_bytes_,
                                .epoch = header.epoch,
                                .previous = previous_};
    BLOTTER_TRY(head_file_.roll(*group.spare, start_.directory, segment));
  }
  const std::span<std::byte> frame(group.buffer->memory.data(), header.padded_bytes());
  seal_frame(header, frame);
  BLOTTER_TRY(head_file_.write(frame, header.offset));
  previous_ = header.checksum;
  return {};
}

// Called with the lock, while nobody writes and something is in the active buffer. May return without the lock.
void Writer::lead(Lock& lock) {
  writing_ = true;
  Group group = take_group();
  const std::uint32_t number = group_;
  if (append_waits_) count_up(room_word_);
  lock.unlock();
  const Result<void> written = write_group(group);
  lock.lock();
  finish_group(lock, number, group, written);
}

void Writer::finish_group(Lock& lock, std::uint32_t number, const Group& group, const Result<void>& written) {
  writing_ = false;
  if (!written) {
    poison(written.error());
    return;
  }
  group.buffer->used = kFrameHeaderBytes;
  group.buffer->records = 0;
  durable_.store(to_number(group.header.last()), std::memory_order_release);
  EventWord& done = group_words_[number & 1];
  EventWord& next = group_words_[(number + 1) & 1];
  const int finished = std::exchange(sleepers_[number & 1], 0);
  int& waiting = sleepers_[(number + 1) & 1];
  const bool promote = waiting > 0;
  if (promote) --waiting;
  if (finished > 0) done.fetch_add(1);
  if (promote) next.fetch_add(1);
  if (append_waits_) count_up(room_word_);
  lock.unlock();
  if (promote) wake(next, 1);
  if (finished > 0) wake(done);
  progress_word_.fetch_add(1);
  if (followers_.load() > 0) wake(progress_word_);
}

void Writer::poison(const Error& error) {
  poison_message_ = error.message;
  poisoned_.store(true, std::memory_order_release);
  for (EventWord& word : group_words_) count_up(word);
  count_up(room_word_);
  count_up(progress_word_);
}

Error Writer::poison_error() const {
  return {Errc::poisoned, "journal " + start_.directory + " stopped after a failed write (" + poison_message_ +
                              "); close and open it again"};
}

void Writer::flush_soon() {
  Flush none = Flush::none;
  if (flush_asked_.load(std::memory_order_relaxed) != none) return;
  if (flush_asked_.compare_exchange_strong(none, Flush::soon)) count_up(flush_word_);
}

void Writer::flush_now() {
  flush_asked_.store(Flush::now);
  count_up(flush_word_);
}

void Writer::flush_loop() {
  while (true) {
    const std::uint32_t seen = flush_word_.load();
    if (closing_.load()) return;
    const Flush asked = flush_asked_.load();
    if (asked == Flush::none) {
      sleep_while(flush_word_, seen);
      continue;
    }
    // Ends early when the group has become large or somebody waits for room.
    if (asked == Flush::soon) sleep_while(flush_word_, seen, kGatherMs);
    flush_asked_.store(Flush::none);
    // A failure poisons the journal; those who wait are told there.
    static_cast<void>(wait_durable(appended()).has_value());
  }
}

Seq Writer::wait_beyond(Seq seq, int timeout_ms) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  followers_.fetch_add(1);
  while (durable() <= seq && !poisoned()) {
    const std::uint32_t seen = progress_word_.load();
    if (durable() > seq || poisoned()) break;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) break;
    sleep_while(progress_word_, seen, static_cast<int>(left));
  }
  followers_.fetch_sub(1);
  return durable();
}

}  // namespace blotter::journal
