// store status, rebuild, catch-up, refused: how far the store is, and bringing it up to the journal.
#include <fmt/format.h>

#include "cli/verbs.h"
#include "journal/journal.h"
#include "journal/reader.h"
#include "ledger/projector.h"

namespace blotter::cli {
namespace {

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

// The newest answer, from the primary: this is what tells how far a replica may be trusted.
Result<ReadSide> open_primary(GlobalOptions options) {
  options.store.replica_url.clear();
  return open_read_side(options);
}

Result<std::int64_t> refused_rows(const ReadSide& side) {
  std::int64_t count = 0;
  Select select{.table = Table::refused_rows, .book_id = side.book_id, .columns = {"seq"}, .filters = {}, .order = {}};
  BLOTTER_TRY(side.store->select(select, [&](const std::vector<Cell>&) -> Result<void> {
    ++count;
    return {};
  }));
  return count;
}

Result<Answer> store_status(const GlobalOptions& options) {
  BLOTTER_ASSIGN(const ReadSide side, open_primary(options));
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
  BLOTTER_ASSIGN(const std::int64_t refused, refused_rows(side));
  Answer answer{.columns = {"book", "store", "epoch", "stored", "behind", "refused_rows"}, .rows = {}};
  answer.add({side.book_id, options.shown_store(), number(to_number(cursor.epoch)), number(to_number(cursor.applied)),
              behind, refused});
  return answer;
}

Result<Answer> list_refused(const GlobalOptions& options) {
  BLOTTER_ASSIGN(ReadSide side, open_read_side(options));
  Select select;
  select.table = Table::refused_rows;
  select.book_id = side.book_id;
  select.order = {{.column = "seq"}};
  if (!options.json) select.limit = 50;
  return collect(*side.store, std::move(select));
}

enum class Begin : std::uint8_t { empty, cursor };

// Lands the journal: from its beginning into a book that was emptied, or from the store's cursor on. What the store
// says is what the journal says either way, so nothing can be lost.
class Landing {
 public:
  Landing(const GlobalOptions& options, std::int64_t wait_seconds) : options_(options), wait_seconds_(wait_seconds) {}

  Result<Answer> run(Begin begin) {
    if (!options_.has_store()) {
      return fail(Errc::invalid, "--store is none: name the store that shall be filled");
    }
    journal::Options as_it_is;
    as_it_is.segment_bytes = 0;
    BLOTTER_ASSIGN(const auto journal, journal::open_journal(options_.journal_directory(), as_it_is));
    BLOTTER_ASSIGN(const journal::BookFile book, journal::read_book_file(options_.journal_directory()));
    if (begin == Begin::empty) {
      BLOTTER_ASSIGN(const auto store, open_store(options_.store_options(), StoreAccess::write));
      BLOTTER_TRY(store->claim(book.book_id, journal->epoch()));
      BLOTTER_TRY(store->reset(book.book_id, journal->epoch()));
    }
    BLOTTER_TRY(land(*journal, book.book_id));
    Answer answer{.columns = {"book", "store", "stored"}, .rows = {}};
    answer.add({book.book_id, options_.shown_store(), number(to_number(journal->durable()))});
    return answer;
  }

 private:
  Result<void> land(const journal::Journal& journal, const std::string& book_id) {
    const Seq last = journal.durable();
    Projector projector(journal, book_id, options_.store_options());
    ProgressLine progress;
    Seq before{0};
    for (std::int64_t still_ms = 0; still_ms <= wait_seconds_ * 1000;) {
      const Result<void> stored = projector.wait_stored(last, kLookMs);
      if (stored) return {};
      if (stored.error().code != Errc::unavailable) return stopped(projector, last, stored.error());
      const Seq now = projector.stored();
      still_ms = now > before ? 0 : still_ms + kLookMs;
      before = now;
      progress.show("landing", to_number(now), to_number(last),
                    fmt::format("event {} of {}", to_number(now), to_number(last)));
    }
    return stopped(projector, last, {.code = Errc::unavailable, .message = projector.problem()});
  }

  Unexpected stopped(const Projector& projector, Seq last, const Error& error) const {
    return fail(error.code,
                fmt::format("the store {} is at event {} of {}: {}; the journal has them all: "
                            "`blotter store catch-up` goes on from there",
                            options_.shown_store(), to_number(projector.stored()), to_number(last), error.message));
  }

  static constexpr std::int64_t kLookMs = 100;
  const GlobalOptions& options_;
  const std::int64_t wait_seconds_;
};

int answer_with(const GlobalOptions& options, const Result<Answer>& answer) {
  if (!answer) return report_error(answer.error());
  print(*answer, options.json);
  return kDone;
}

void add_landing(CLI::App& parent, Context& context, const std::string& name, const std::string& description,
                 Begin begin) {
  CLI::App* verb = add_verb(parent, context, name, description);
  auto wait_seconds = std::make_shared<std::int64_t>(30);
  verb->add_option("--store-wait", *wait_seconds, "seconds to wait for a store that stands still")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  if (begin == Begin::empty) {
    const std::string about = "accepted for scripts; nothing that is not in the journal is ever there to lose";
    verb->add_flag("--yes", about);
  }
  verb->callback([&context, wait_seconds, begin] {
    context.run = [&context, wait_seconds, begin] {
      return answer_with(context.options, Landing(context.options, *wait_seconds).run(begin));
    };
  });
}

}  // namespace

void add_store(CLI::App& app, Context& context) {
  CLI::App* parent = app.add_subcommand("store", "the store: how far it is, building it anew, moving it");
  parent->require_subcommand(1);
  CLI::App* status = add_verb(*parent, context, "status", "the store's cursor and how far it is behind the journal");
  status->callback(
      [&context] { context.run = [&context] { return answer_with(context.options, store_status(context.options)); }; });
  CLI::App* refused = add_reading_verb(*parent, context, "refused", "rows that the database's schema refused");
  refused->callback(
      [&context] { context.run = [&context] { return answer_with(context.options, list_refused(context.options)); }; });
  add_landing(*parent, context, "rebuild", "empty the book's rows and land the whole journal again", Begin::empty);
  add_landing(*parent, context, "catch-up", "land what the store does not have yet", Begin::cursor);
  add_store_copy(*parent, context);
}

}  // namespace blotter::cli
