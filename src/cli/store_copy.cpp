// store copy: a book's rows from one store to another, and the proof that both hold the same.
#include "ledger/store_copy.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/verbs.h"
#include "journal/journal.h"

namespace blotter::cli {
namespace {

struct CopyOptions {
  std::string from;
  std::string to;
  std::string book;
};

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

// The one that is named, or the one of the ledger in --data: its journal need not be here.
Result<std::string> book_of(const GlobalOptions& options, const CopyOptions& wanted) {
  if (!wanted.book.empty()) return wanted.book;
  const auto book = journal::read_book_file(options.journal_directory());
  if (book) return book->book_id;
  if (book.error().code != Errc::not_found) return fail(book.error());
  return fail(Errc::not_found, "no ledger in " + options.data + " whose book could be meant; name it with --book");
}

Result<std::unique_ptr<Store>> open_side(const GlobalOptions& options, const std::string& url, StoreAccess access) {
  StoreOptions store = options.store_options();
  store.url = url;
  return open_store(store, access);
}

Result<CopyReport> copy(const GlobalOptions& options, const CopyOptions& wanted) {
  if (wanted.from == wanted.to) return fail(Errc::invalid, "--from and --to name the same store");
  BLOTTER_ASSIGN(const std::string book, book_of(options, wanted));
  BLOTTER_ASSIGN(const auto source, open_side(options, wanted.from, StoreAccess::read));
  BLOTTER_ASSIGN(const auto target, open_side(options, wanted.to, StoreAccess::write));
  ProgressLine progress;
  const auto show = [&](const char* what, const char* unit) {
    return [&progress, what, unit](std::uint64_t done, std::uint64_t total) {
      progress.show(what, done, total, fmt::format("{} {} of {}", unit, done, total));
    };
  };
  return copy_store(*source, *target, book,
                    {.copying = show("copying", "event"), .comparing = show("comparing", "table")});
}

int print_report(const GlobalOptions& options, const CopyOptions& wanted, const CopyReport& report) {
  Answer answer{.columns = {"table", "rows_from", "rows_to", "checksum_from", "checksum_to", "equal"}, .rows = {}};
  for (const CopyReport::Compared& compared : report.tables) {
    answer.add({std::string(name_of(compared.table)), number(compared.source.rows), number(compared.target.rows),
                compared.source.hash, compared.target.hash, compared.equal()});
  }
  print(answer, options.json);
  if (report.source_refused > 0) {
    std::fprintf(stderr, "blotter: %s rows had been refused by %s and are not in it to be copied\n",
                 std::to_string(report.source_refused).c_str(), shown_url(wanted.from).c_str());
  }
  if (report.target_refused > 0) {
    std::fprintf(stderr, "blotter: %s rows were refused by %s: `blotter store refused` lists them\n",
                 std::to_string(report.target_refused).c_str(), shown_url(wanted.to).c_str());
  }
  if (report.equal()) {
    if (!options.json) {
      std::printf("copied: events %llu to %llu, %llu rows; every table is the same in both\n",
                  static_cast<unsigned long long>(to_number(report.from)) + 1,
                  static_cast<unsigned long long>(to_number(report.to)),
                  static_cast<unsigned long long>(report.rows_copied));
    }
    return kDone;
  }
  std::fprintf(stderr,
               "blotter: the stores differ; where there is a journal, `blotter store rebuild --store %s` brings "
               "every row back\n",
               shown_url(wanted.to).c_str());
  return kFoundProblem;
}

}  // namespace

void add_store_copy(CLI::App& store, Context& context) {
  CLI::App* verb = store.add_subcommand(
      "copy", "copy a book's rows from one store to another and compare every table; say it again to go on");
  auto wanted = std::make_shared<CopyOptions>();
  add_url(*verb, context, "--from", wanted->from, "the store to read")->required();
  add_url(*verb, context, "--to", wanted->to, "the store to write")->required();
  verb->add_option("--book", wanted->book, "the book's id (default: that of the ledger in --data)");
  add_common(*verb, context);
  verb->callback([&context, wanted] {
    context.run = [&context, wanted] {
      const auto report = copy(context.options, *wanted);
      return report ? print_report(context.options, *wanted, *report) : report_error(report.error());
    };
  });
}

}  // namespace blotter::cli
