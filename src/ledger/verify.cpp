#include "ledger/verify.h"

#include "core/codec.h"
#include "ledger/conservation.h"
#include "ledger/cursor_proof.h"
#include "ledger/projection.h"
#include "ledger/store_comparison.h"

namespace blotter {
namespace {

constexpr std::uint64_t kBatchEvents = 10'000;

// Projects the journal again up to the store's cursor and compares batch by batch.
Result<void> compare(journal::Reader& reader, const std::string& book_id, StoreReader& store, VerifyReport& report,
                     const Progress& progress, const std::vector<RetiredRange>& retired) {
  Conservation conservation(store, report);
  StoreComparison comparison(store, report, conservation, retired);
  Projection projection(book_id, Book{});
  Event event;
  Batch batch;
  const std::uint64_t last = to_number(report.cursor.applied);
  const auto compare_batch = [&]() -> Result<void> {
    projection.take(report.cursor.epoch, batch);
    if (batch.first > batch.last) return {};
    BLOTTER_TRY(comparison.add(batch));
    return conservation.add_entries(book_id, batch.first, batch.last);
  };
  for (std::uint64_t seq = 1; seq <= last; ++seq) {
    BLOTTER_ASSIGN(const std::optional<journal::Record> record, reader.next());
    if (!record) {
      report.add("store",
                 "the store has event " + std::to_string(last) + ", the journal ends at " + std::to_string(seq - 1));
      BLOTTER_TRY(compare_batch());
      break;
    }
    BLOTTER_TRY(decode(record->bytes, event));
    projection.add(event, record->seq);
    if (seq == last && !is_applied(*record, report.cursor)) {
      report.add("store", words_of_mismatch(report.cursor.applied));
    }
    if (seq % kBatchEvents == 0 || seq == last) {
      BLOTTER_TRY(compare_batch());
      if (progress) progress(seq, last);
    }
  }
  BLOTTER_TRY(comparison.finish(book_id, report.cursor.applied));
  return conservation.finish(book_id);
}

Result<void> compare_with_store(const std::string& journal_directory, const std::string& book_id, Store& store,
                                VerifyReport& report, const Progress& progress,
                                const std::vector<RetiredRange>& retired) {
  BLOTTER_ASSIGN(const auto moment, store.one_moment());
  BLOTTER_ASSIGN(report.cursor, moment->cursor(book_id));
  BLOTTER_ASSIGN(const auto reader, journal::open_reader(journal_directory));
  return compare(*reader, book_id, *moment, report, progress, retired);
}

}  // namespace

void VerifyReport::add(std::string check, std::string detail) {
  if (findings.size() == kFindingsMax) {
    ++suppressed;
    return;
  }
  findings.push_back({.check = std::move(check), .detail = std::move(detail)});
}

Result<VerifyReport> verify(const std::string& journal_directory, const std::string& book_id, Store* store,
                            const Progress& progress, const std::vector<RetiredRange>& retired) {
  VerifyReport report;
  auto check = journal::check_journal(journal_directory);
  if (!check) {
    if (check.error().code != Errc::corrupt) return fail(check.error());
    report.add("journal", check.error().message);
    return report;
  }
  report.journal = *check;
  if (store == nullptr) return report;
  const Result<void> compared = compare_with_store(journal_directory, book_id, *store, report, progress, retired);
  if (!compared) {
    if (compared.error().code != Errc::corrupt) return fail(compared.error());
    report.add("journal", compared.error().message);
  }
  return report;
}

}  // namespace blotter
