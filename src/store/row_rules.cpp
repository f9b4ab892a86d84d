#include "store/row_rules.h"

#include "core/utf8.h"

namespace blotter {

const char* row_rules::problem_of_bytes(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return "holds a NUL byte";
  return is_utf8(text) ? nullptr : "is not UTF-8";
}

std::string row_message(Table table, std::size_t index, std::size_t count, std::string_view why) {
  return std::string(name_of(table)) + " row " + std::to_string(index + 1) + " of " + std::to_string(count) + ": " +
         std::string(why);
}

Result<void> check_batch(const Batch& batch) {
  if (batch.book_id.empty()) return fail(Errc::invalid, "a batch without a book_id");
  if (const char* problem = row_rules::problem_of(batch.book_id)) {
    return fail(Errc::invalid, std::string("book_id ") + problem);
  }
  if (to_number(batch.first) == 0 || batch.last < batch.first) {
    return fail(Errc::invalid, "a batch from seq " + std::to_string(to_number(batch.first)) + " to " +
                                   std::to_string(to_number(batch.last)));
  }
  return {};
}

Unexpected fenced_by(std::string_view book_id, Epoch mine, Epoch holder) {
  const std::string book(book_id);
  if (to_number(holder) == 0) return fail(Errc::fenced, "book '" + book + "' has not been claimed in this store");
  return fail(Errc::fenced, "book '" + book + "' belongs to epoch " + std::to_string(to_number(holder)) +
                                "; this writer has epoch " + std::to_string(to_number(mine)) + " and must stop");
}

Result<Seq> answer_without_effect(const Batch& batch, const Cursor& cursor) {
  if (cursor.epoch > batch.epoch) return fenced_by(batch.book_id, batch.epoch, cursor.epoch);
  if (cursor.epoch < batch.epoch) {
    return fail(Errc::stale, "the store of book '" + batch.book_id + "' knows nothing of epoch " +
                                 std::to_string(to_number(batch.epoch)) + ", and of epoch " +
                                 std::to_string(to_number(cursor.epoch)) + " at most: it has to be claimed (again)");
  }
  const bool other_event = batch.last == cursor.applied && cursor.applied_hash != 0 && batch.last_hash != 0 &&
                           batch.last_hash != cursor.applied_hash;
  if (other_event) {
    return fail(Errc::stale, "the store of book '" + batch.book_id + "' has another event " +
                                 std::to_string(to_number(cursor.applied)) + " than this writer");
  }
  if (batch.last <= cursor.applied) return cursor.applied;
  return fail(Errc::stale, "the store of book '" + batch.book_id + "' is at seq " +
                               std::to_string(to_number(cursor.applied)) + "; a batch from " +
                               std::to_string(to_number(batch.first)) + " to " + std::to_string(to_number(batch.last)) +
                               " does not follow");
}

}  // namespace blotter
