#include "ledger/cursor_proof.h"

#include <xxhash.h>

namespace blotter {

std::uint64_t hash_of(const journal::Record& record) { return XXH3_64bits(record.bytes.data(), record.bytes.size()); }

bool is_applied(const journal::Record& record, const Cursor& cursor) {
  return cursor.applied_hash == 0 || cursor.applied_hash == hash_of(record);
}

std::string words_of_mismatch(Seq applied) {
  return "event " + std::to_string(to_number(applied)) +
         " of the journal is not the one that the store has applied: the store belongs to another journal, or this one "
         "lost its end and went on differently; see `blotter verify`, then `blotter store rebuild`";
}

Result<void> prove_cursor(journal::Reader& reader, const Cursor& cursor) {
  if (to_number(cursor.applied) == 0 || cursor.applied_hash == 0) return {};
  BLOTTER_ASSIGN(const journal::Record record, reader.at(cursor.applied));
  if (is_applied(record, cursor)) return {};
  return fail(Errc::corrupt, words_of_mismatch(cursor.applied));
}

}  // namespace blotter
