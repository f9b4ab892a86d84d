#include "ledger/verify.h"

#include "core/codec.h"
#include "ledger/conservation.h"
#include "ledger/projection.h"
#include "ledger/store_comparison.h"

namespace blotter {
namespace {

constexpr std::uint64_t kBatchEvents = 10'000;

// Projects the journal again up to the store's cursor and compares batch by batch.
Result<void> compare(journal::Reader& reader, const std::string& book_id, Store& store, VerifyReport& report,
                     const Progress& progress) {
  Conservation conservation(store, report);
  StoreComparison comparison(store, report, conservation);
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
    if (seq % kBatchEvents == 0 || seq == last) {
      BLOTTER_TRY(compare_batch());
      if (progress) progress(seq, last);
    }
  }
  BLOTTER_TRY(comparison.finish(book_id, report.cursor.applied));
  return conservation.finish(book_id);
}

// Runs `look` inside the visit of the book's own row: as long as a statement is under way, a store shows every other
// one the same moment, whatever its writer does meanwhile. A book that the store has never seen has no row and no
// writer.
template <class Look>
Result<void> at_one_moment(Store& store, const std::string& book_id, Look&& look) {
  Select select;
  select.table = Table::books;
  select.book_id = book_id;
  bool looked = false;
  BLOTTER_TRY(store.select(select, [&](const std::vector<Cell>&) -> Result<void> {
    looked = true;
    return look();
  }));
  return looked ? Result<void>{} : look();
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
                            const Progress& progress) {
  VerifyReport report;
  auto check = journal::check_journal(journal_directory);
  if (!check) {
    if (check.error().code != Errc::corrupt) return fail(check.error());
    report.add("journal", check.error().message);
    return report;
  }
  report.journal = *check;
  if (store == nullptr) return report;
  const Result<void> compared = at_one_moment(*store, book_id, [&]() -> Result<void> {
    BLOTTER_ASSIGN(report.cursor, store->cursor(book_id));
    BLOTTER_ASSIGN(const auto reader, journal::open_reader(journal_directory));
    return compare(*reader, book_id, *store, report, progress);
  });
  if (!compared) {
    if (compared.error().code != Errc::corrupt) return fail(compared.error());
    report.add("journal", compared.error().message);
  }
  return report;
}

}  // namespace blotter
