#include "ledger/verify.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/verbs.h"
#include "journal/journal.h"
#include "store/postgres/partitions.h"

namespace blotter::cli {
namespace {

// What is not in the store any more because it is in the archive.
Result<std::vector<RetiredRange>> retired_ranges(const GlobalOptions& options) {
  std::vector<RetiredRange> ranges;
  if (!options.is_postgres()) return ranges;
  BLOTTER_ASSIGN(const auto partitions, postgres::Partitions::open(options.store_options(), StoreAccess::read));
  BLOTTER_ASSIGN(const auto retired, partitions->retired_ranges());
  for (const postgres::RetiredRange& range : retired) {
    ranges.push_back({.table = range.table,
                      .from = range.from,
                      .to = range.to,
                      .first_seq = range.first_seq,
                      .last_seq = range.last_seq});
  }
  return ranges;
}

Result<VerifyReport> check(const GlobalOptions& options, bool journal_only) {
  auto book = journal::read_book_file(options.journal_directory());
  if (!book) return fail(book.error());
  std::unique_ptr<Store> store;
  std::vector<RetiredRange> retired;
  if (!journal_only && options.has_store()) {
    BLOTTER_ASSIGN(store, open_store(options.store_options(), StoreAccess::read));
    BLOTTER_ASSIGN(retired, retired_ranges(options));
  }
  ProgressLine progress;
  const auto prove = [&] {
    return verify(
        options.journal_directory(), book->book_id, store.get(),
        [&](std::uint64_t done, std::uint64_t total) {
          progress.show("verifying", done, total, fmt::format("event {} of {}", done, total));
        },
        retired);
  };
  BLOTTER_ASSIGN(VerifyReport report, prove());
  if (report.ok() || store == nullptr) return report;
  // A retirement that began between the two looks makes rows go missing that nobody misses.
  const std::size_t known = retired.size();
  BLOTTER_ASSIGN(retired, retired_ranges(options));
  if (retired.size() == known) return report;
  return prove();
}

void print_report(const GlobalOptions& options, const VerifyReport& report) {
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  Answer findings{.columns = {"check", "detail"}, .rows = {}};
  for (const Finding& finding : report.findings) findings.add({finding.check, finding.detail});
  Answer summary{.columns = {"segments", "frames", "events", "stored", "rows_compared", "entries_summed", "problems"},
                 .rows = {}};
  summary.add({number(report.journal.segments), number(report.journal.frames), number(to_number(report.journal.last)),
               number(to_number(report.cursor.applied)), number(report.rows_compared), number(report.entries_summed),
               number(report.findings.size() + report.suppressed)});
  if (options.json) {
    const auto& torn_where = report.journal.torn_where;
    summary.columns.insert(summary.columns.end(), {"rows_retired", "torn_bytes", "torn_where"});
    summary.rows[0].insert(summary.rows[0].end(), {number(report.rows_retired), number(report.journal.torn_bytes),
                                                   torn_where.empty() ? Cell{} : Cell{torn_where}});
    const std::string members = json_members(summary.columns, summary.rows[0]);
    std::printf("[{%s,\"findings\":%s}]\n", members.c_str(), json_array(findings).c_str());
    return;
  }
  print(summary, false);
  if (report.journal.torn_bytes > 0) {
    std::printf("torn tail of %llu bytes at %s: never acknowledged, the next writer cuts it\n",
                static_cast<unsigned long long>(report.journal.torn_bytes), report.journal.torn_where.c_str());
  }
  if (report.rows_retired > 0) {
    std::printf("%llu rows of retired partitions are in their archive, no longer in the store\n",
                static_cast<unsigned long long>(report.rows_retired));
  }
  if (report.ok()) {
    std::puts("verified: the journal is whole, the store is what it says, and every entry is conserved");
    return;
  }
  print(findings, false);
  if (report.suppressed > 0) {
    std::printf("and %llu more\n", static_cast<unsigned long long>(report.suppressed));
  }
}

}  // namespace

void add_verify(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "verify", "prove the journal, the store and the conservation of money");
  auto journal_only = std::make_shared<bool>(false);
  verb->add_flag("--journal-only", *journal_only, "do not look at the store");
  verb->callback([&context, journal_only] {
    context.run = [&context, journal_only] {
      const auto report = check(context.options, *journal_only);
      if (!report) return report_error(report.error());
      print_report(context.options, *report);
      return report->ok() ? int{kDone} : int{kFoundProblem};
    };
  });
}

}  // namespace blotter::cli
