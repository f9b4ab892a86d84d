// store status, rebuild, catch-up, refused: how far the store is, and bringing it up to the journal.
#include <fmt/format.h>

#include "cli/verbs.h"
#include "journal/journal.h"
#include "journal/reader.h"
#include "ledger/cursor_proof.h"
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

Result<Answer> list_refused(const GlobalOptions& options, std::int64_t limit) {
  BLOTTER_ASSIGN(ReadSide side, open_read_side(options));
  Select select;
  select.table = Table::refused_rows;
  select.book_id = side.book_id;
  select.order = {{.column = "seq"}};
  select.limit = rows_wanted(limit, options.json);
  return collect(*side.store, std::move(select));
}

enum class Begin : std::uint8_t { empty, cursor };

struct LandingFlags {
  std::int64_t wait_seconds = 30;
  bool yes = false;
  bool forget_other_events = false;
};

// Lands the journal: from its beginning into a book that was emptied, or from the store's cursor on.
class Landing {
 public:
  Landing(const GlobalOptions& options, const LandingFlags& flags) : options_(options), flags_(flags) {}

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
      // Before the claim, which would stop another writer; and again, because that one may have landed more until then.
      BLOTTER_ASSIGN(const Cursor found, store->cursor(book.book_id));
      BLOTTER_TRY(may_empty(*journal, book.book_id, found));
      if (to_number(found.applied) > 0) {
        BLOTTER_TRY(prove_journal());
      }
      BLOTTER_ASSIGN(const Cursor held, store->claim(book.book_id, journal->epoch()));
      BLOTTER_TRY(may_empty(*journal, book.book_id, held));
      BLOTTER_TRY(store->reset(book.book_id, journal->epoch()));
    }
    BLOTTER_TRY(land(*journal, book.book_id));
    Answer answer{.columns = {"book", "store", "stored"}, .rows = {}};
    answer.add({book.book_id, options_.shown_store(), number(to_number(journal->durable()))});
    return answer;
  }

 private:
  // Whether somebody wants the book's rows deleted who knows what that means. Errc: invalid (say --yes), corrupt (the
  // journal could not bring them back).
  Result<void> may_empty(const journal::Journal& journal, const std::string& book_id, const Cursor& cursor) const {
    if (to_number(cursor.applied) == 0) return {};
    if (!flags_.forget_other_events) {
      BLOTTER_TRY(prove_filled_by(journal, book_id, cursor));
    }
    if (flags_.yes) return {};
    return fail(Errc::invalid,
                fmt::format("store rebuild deletes every row of book {} in {}, which has events 1 to {}, and lands "
                            "events 1 to {} of the journal in {}; nothing was changed: say --yes when that is what you "
                            "want",
                            book_id, options_.shown_store(), to_number(cursor.applied), to_number(journal.durable()),
                            options_.data));
  }

  Result<void> prove_filled_by(const journal::Journal& journal, const std::string& book_id,
                               const Cursor& cursor) const {
    const std::string store = fmt::format("the store {} has event {} of book {}, and ", options_.shown_store(),
                                          to_number(cursor.applied), book_id);
    constexpr const char* kRemedy =
        "; nothing was changed. A rebuild would delete rows that this journal cannot bring back: check --data and "
        "--store; to delete them all the same, say --yes --forget-other-events";
    if (to_number(cursor.applied) > to_number(journal.durable())) {
      return fail(Errc::corrupt,
                  fmt::format("{}the journal in {} ends at {}: another, longer journal feeds this store, "
                              "or this one has lost its end{}",
                              store, options_.data, to_number(journal.durable()), kRemedy));
    }
    BLOTTER_ASSIGN(const auto reader, journal::open_reader(options_.journal_directory(), &journal));
    BLOTTER_ASSIGN(const journal::Record record, reader->at(cursor.applied));
    if (is_applied(record, cursor)) return {};
    return fail(Errc::corrupt, fmt::format("{}the journal in {} has another one of that number: another journal feeds "
                                           "this store, or this one lost its end and went on differently{}",
                                           store, options_.data, kRemedy));
  }

  // Opening has read the last segment only. Landing would stop at damage in another one, with the rows gone.
  Result<void> prove_journal() const {
    const auto proved = journal::check_journal(options_.journal_directory());
    if (proved) return {};
    return fail(proved.error().code, proved.error().message +
                                         "; nothing was changed: a rebuild could not bring back what follows, so keep "
                                         "the store and restore the journal");
  }

  Result<void> land(const journal::Journal& journal, const std::string& book_id) {
    const Seq last = journal.durable();
    Projector projector(journal, book_id, options_.store_options());
    ProgressLine progress;
    Seq before{0};
    for (std::int64_t still_ms = 0; still_ms <= flags_.wait_seconds * 1000;) {
      const Result<void> stored = projector.wait_stored(last, kLookMs);
      if (stored) return {};
      if (stored.error().code != Errc::unavailable) return stopped(projector, last, stored.error());
      const Seq now = projector.stored();
      still_ms = now > before ? 0 : still_ms + kLookMs;
      before = now;
      progress.show("landing", to_number(now), to_number(last),
                    fmt::format("event {} of {}", to_number(now), to_number(last)));
    }
    return stopped(projector, last, {.code = Errc::unavailable, .message = reason_of(projector.problem())});
  }

  Unexpected stopped(const Projector& projector, Seq last, const Error& error) const {
    return fail(error.code,
                fmt::format("the store {} is at event {} of {}: {}; the journal has them all: "
                            "`blotter store catch-up` goes on from there",
                            options_.shown_store(), to_number(projector.stored()), to_number(last), error.message));
  }

  static constexpr std::int64_t kLookMs = 100;
  const GlobalOptions& options_;
  const LandingFlags flags_;
};

int answer_with(const GlobalOptions& options, const Result<Answer>& answer) {
  if (!answer) return report_error(answer.error());
  print(*answer, options.json);
  return kDone;
}

void add_landing(CLI::App& parent, Context& context, const std::string& name, const std::string& description,
                 Begin begin) {
  CLI::App* verb = add_verb(parent, context, name, description);
  auto flags = std::make_shared<LandingFlags>();
  verb->add_option("--store-wait", flags->wait_seconds, "seconds to wait for a store that stands still")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  if (begin == Begin::empty) {
    verb->add_flag("--yes", flags->yes, "really delete the rows that the store has of the book");
    verb->add_flag("--forget-other-events", flags->forget_other_events,
                   "with --yes: also those of events that this journal does not have");
  }
  verb->callback([&context, flags, begin] {
    context.run = [&context, flags, begin] {
      return answer_with(context.options, Landing(context.options, *flags).run(begin));
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
  auto limit = std::make_shared<std::int64_t>(kLimitDefault);
  add_limit(*refused, *limit);
  refused->callback([&context, limit] {
    context.run = [&context, limit] {
      return show_listing(context.options, *limit, list_refused(context.options, *limit));
    };
  });
  add_landing(*parent, context, "rebuild", "empty the book's rows and land the whole journal again", Begin::empty);
  add_landing(*parent, context, "catch-up", "land what the store does not have yet", Begin::cursor);
  add_store_copy(*parent, context);
}

}  // namespace blotter::cli
