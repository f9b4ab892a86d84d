#include "store/postgres/row_sender.h"

namespace blotter::postgres {
namespace {

constexpr std::uint32_t kInt8 = static_cast<std::uint32_t>(Type::int8);
constexpr std::uint32_t kText = static_cast<std::uint32_t>(Type::text);
constexpr std::uint32_t kInt8Array = 1016;
constexpr std::uint32_t kTextArray = 1009;

// The numbers `seq` of the changes as an array.
template <class Change>
std::string seqs_of(const std::vector<Change>& changes) {
  ByteBuffer out;
  append_array_head(out, kInt8, changes.size());
  for (const Change& change : changes) encoding::put_value<ColumnKind::integer>(out, change.seq);
  return std::string(out.view());
}

}  // namespace

void RowSender::queue(const char* sql, Parameters parameters) {
  queued_.push_back({sql, std::move(parameters)});
  expected_.push_back(kAnyCount);
}

void RowSender::queue_counted(const char* sql, Parameters parameters, std::size_t rows) {
  queue(sql, std::move(parameters));
  expected_.back() = static_cast<std::int64_t>(rows);
}

void RowSender::queue_statuses(const std::string& book_id, const std::vector<FillStatusChange>& changes) {
  if (changes.empty()) return;
  ByteBuffer statuses;
  append_array_head(statuses, kText, changes.size());
  for (const FillStatusChange& change : changes) encoding::put_value<ColumnKind::text>(statuses, change.status);
  queue_counted(
      "UPDATE execution.fills AS old SET status = new.status FROM unnest($2, $3) AS new (seq, status)"
      " WHERE old.book_id = $1 AND old.seq = new.seq",
      Parameters()
          .add(book_id)
          .add_binary(kInt8Array, seqs_of(changes))
          .add_binary(kTextArray, std::string(statuses.view())),
      changes.size());
  sent_ += changes.size();
}

void RowSender::queue_releases(const std::string& book_id, const std::vector<QuarantineRelease>& releases) {
  if (releases.empty()) return;
  queue_counted("UPDATE ledger.quarantine SET state = 'released' WHERE book_id = $1 AND seq = ANY ($2)",
                Parameters().add(book_id).add_binary(kInt8Array, seqs_of(releases)), releases.size());
  sent_ += releases.size();
}

Result<void> RowSender::flush() {
  const Result<std::vector<std::int64_t>> touched = connection_.execute_all(queued_);
  const std::vector<std::int64_t> expected = std::move(expected_);
  forget();
  if (!touched) return fail(touched.error());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == kAnyCount || expected[i] == (*touched)[i]) continue;
    return fail(Errc::invalid, "statement " + std::to_string(i + 1) + " of the batch was given " +
                                   std::to_string(expected[i]) + " rows and touched " + std::to_string((*touched)[i]));
  }
  return {};
}

void RowSender::forget() {
  queued_.clear();
  expected_.clear();
}

Result<void> RowSender::counted(Table table, std::int64_t counted, std::size_t sent) const {
  if (counted == static_cast<std::int64_t>(sent)) return {};
  return fail(Errc::unavailable, "PostgreSQL " + connection_.server() + " counted " + std::to_string(counted) +
                                     " rows of " + qualified_name(table) + " where " + std::to_string(sent) +
                                     " were sent; nothing was landed");
}

}  // namespace blotter::postgres
