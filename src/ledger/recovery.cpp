#include "ledger/recovery.h"

#include "core/codec.h"
#include "core/snapshot.h"
#include "journal/snapshots.h"

namespace blotter {
namespace {

Seq seq_of(const State& state) { return state.book.seq(); }
Seq seq_of(const Book& book) { return book.seq(); }

template <class Target, class Fold>
Result<Recovered> recover_into(const std::string& directory, journal::Reader& reader, Seq limit, Target& target,
                               Fold&& fold) {
  Recovered recovered;
  BLOTTER_ASSIGN(std::optional<journal::Snapshot> snapshot, journal::newest_snapshot(directory, limit));
  if (snapshot) {
    Target restored;
    // One of another version is no loss: the events are all there.
    if (decode_snapshot(snapshot->bytes, restored) && seq_of(restored) == snapshot->seq) {
      target = std::move(restored);
      recovered.snapshot = snapshot->seq;
    }
    snapshot.reset();
  }
  Seq seq = next(recovered.snapshot);
  if (seq > limit) return recovered;
  BLOTTER_TRY(reader.seek(seq));
  Event event;
  while (seq <= limit) {
    BLOTTER_ASSIGN(const std::optional<journal::Record> record, reader.next());
    if (!record) break;
    if (record->seq != seq)
      return fail(Errc::corrupt, "the journal skips from event " + std::to_string(to_number(seq)));
    BLOTTER_TRY(decode(record->bytes, event));
    fold(event, seq);
    seq = next(seq);
    ++recovered.replayed;
  }
  if (seq <= limit && limit != kJournalEnd) {
    return fail(Errc::corrupt, "event " + std::to_string(to_number(limit)) +
                                   " is wanted, but the journal ends before " + std::to_string(to_number(seq)));
  }
  return recovered;
}

}  // namespace

Result<Recovered> recover(const std::string& journal_directory, journal::Reader& reader, Seq limit, State& state) {
  return recover_into(journal_directory, reader, limit, state,
                      [&](const Event& event, Seq seq) { evolve(state, event, seq); });
}

Result<Recovered> recover(const std::string& journal_directory, journal::Reader& reader, Seq limit, Book& book) {
  return recover_into(journal_directory, reader, limit, book,
                      [&](const Event& event, Seq seq) { book.evolve(event, seq, nullptr); });
}

}  // namespace blotter
