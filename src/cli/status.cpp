#include <cstdio>

#include "cli/verbs.h"
#include "journal/journal.h"
#include "journal/reader.h"
#include "ledger/recovery.h"

namespace blotter::cli {
namespace {

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

// How far the store is; nothing when it cannot be asked: the rest of the answer does not wait for it.
Cell stored_of(const GlobalOptions& options, const std::string& book_id) {
  if (!options.has_store()) return std::int64_t{0};
  const auto cursor = [&]() -> Result<Cursor> {
    BLOTTER_ASSIGN(const auto store, open_store(options.store_options(), StoreAccess::read));
    return store->cursor(book_id);
  }();
  if (cursor) return number(to_number(cursor->applied));
  // A SQLite file that nobody has made yet is an empty store.
  if (!options.is_postgres() && cursor.error().code == Errc::not_found) return std::int64_t{0};
  std::fprintf(stderr, "blotter: %s\n", cursor.error().message.c_str());
  return {};
}

// From the journal alone but for `stored`: it is right while another process writes, and when there is no store.
Result<Answer> status(const GlobalOptions& options) {
  auto book_file = journal::read_book_file(options.journal_directory());
  if (!book_file) {
    if (book_file.error().code != Errc::not_found) return fail(book_file.error());
    return fail(Errc::not_found, "no ledger in " + options.data + ": `blotter init --data " + options.data +
                                     "` makes one, and so does `blotter record`");
  }
  BLOTTER_ASSIGN(const auto reader, journal::open_reader(options.journal_directory()));
  Book book;
  BLOTTER_TRY(recover(options.journal_directory(), *reader, kJournalEnd, book));
  const Cell stored = stored_of(options, book_file->book_id);
  const Counters& counters = book.counters();
  Answer answer{.columns = {"book", "epoch", "appended", "durable", "stored", "orders", "orders_open", "fills", "busts",
                            "quarantined", "conflicts"},
                .rows = {}};
  const std::int64_t last = number(to_number(book.seq()));
  answer.add({book_file->book_id, number(to_number(book_file->epoch)), last, last, stored, number(counters.orders),
              number(counters.orders_open), number(counters.fills), number(counters.busts),
              number(counters.quarantined), number(counters.conflicts)});
  return answer;
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "status", "watermarks and counts of the ledger");
  verb->callback([&context] {
    context.run = [&context] {
      const auto answer = status(context.options);
      if (!answer) return report_error(answer.error());
      print(*answer, context.options.json);
      return int{kDone};
    };
  });
}

}  // namespace blotter::cli
