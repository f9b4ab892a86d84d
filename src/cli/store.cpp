#include <fmt/format.h>

#include "cli/verbs.h"
#include "journal/journal.h"
#include "journal/reader.h"
#include "ledger/projector.h"

namespace blotter::cli {
namespace {

Result<Answer> store_status(const GlobalOptions& options) {
  BLOTTER_ASSIGN(ReadSide side, open_read_side(options));
  BLOTTER_ASSIGN(const Cursor cursor, side.store->cursor(side.book_id));
  // The journal's end, counted from the cursor on.
  BLOTTER_ASSIGN(const auto reader, journal::open_reader(options.journal_directory()));
  BLOTTER_TRY(reader->seek(next(cursor.applied)));
  std::int64_t behind = 0;
  while (true) {
    BLOTTER_ASSIGN(const auto record, reader->next());
    if (!record) break;
    ++behind;
  }
  Answer answer{.columns = {"book", "store", "epoch", "stored", "behind"}, .rows = {}};
  answer.add({side.book_id, options.store_url(), static_cast<std::int64_t>(to_number(cursor.epoch)),
              static_cast<std::int64_t>(to_number(cursor.applied)), behind});
  return answer;
}

// Empties the book's rows and lands the journal again. What is rebuilt is what the journal says: nothing can be lost.
Result<Answer> rebuild(const GlobalOptions& options) {
  journal::Options as_it_is;
  as_it_is.segment_bytes = 0;
  BLOTTER_ASSIGN(const auto journal, journal::open_journal(options.journal_directory(), as_it_is));
  BLOTTER_ASSIGN(const journal::BookFile book, journal::read_book_file(options.journal_directory()));
  {
    BLOTTER_ASSIGN(const auto store, open_store(options.store_url(), StoreAccess::write));
    BLOTTER_TRY(store->claim(book.book_id, journal->epoch()));
    BLOTTER_TRY(store->reset(book.book_id, journal->epoch()));
  }
  const Seq last = journal->durable();
  Projector projector(*journal, book.book_id, options.store_url());
  ProgressLine progress;
  while (true) {
    const Result<void> stored = projector.wait_stored(last, 100);
    if (stored) break;
    if (stored.error().code != Errc::unavailable) return fail(stored.error());
    progress.show("rebuilding", to_number(projector.stored()), to_number(last),
                  fmt::format("event {} of {}", to_number(projector.stored()), to_number(last)));
  }
  progress.clear();
  Answer answer{.columns = {"book", "store", "stored"}, .rows = {}};
  answer.add({book.book_id, options.store_url(), static_cast<std::int64_t>(to_number(last))});
  return answer;
}

int answer_with(const GlobalOptions& options, const Result<Answer>& answer) {
  if (!answer) return report_error(answer.error());
  print(*answer, options.json);
  return kDone;
}

}  // namespace

void add_store(CLI::App& app, Context& context) {
  CLI::App* parent = app.add_subcommand("store", "the store: how far it is, and building it anew");
  parent->require_subcommand(1);
  CLI::App* status = add_verb(*parent, context, "status", "the store's cursor and how far it is behind the journal");
  status->callback(
      [&context] { context.run = [&context] { return answer_with(context.options, store_status(context.options)); }; });
  CLI::App* again = add_verb(*parent, context, "rebuild", "empty the book's rows and land the whole journal again");
  auto yes = std::make_shared<bool>(false);
  again->add_flag("--yes", *yes, "accepted for scripts; nothing that is not in the journal is ever there to lose");
  again->callback(
      [&context] { context.run = [&context] { return answer_with(context.options, rebuild(context.options)); }; });
}

}  // namespace blotter::cli
