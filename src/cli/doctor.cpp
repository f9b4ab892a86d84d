// doctor: looks at the store, the server behind it and the journal, and says what is wrong and what to do.
#include "store/postgres/doctor.h"

#include <algorithm>
#include <cstdio>

#include "cli/verbs.h"
#include "journal/journal.h"
#include "journal/reader.h"
#include "ledger/cursor_proof.h"
#include "store/sqlite/doctor.h"

namespace blotter::cli {
namespace {

constexpr std::string_view kSqlite = "sqlite:";

// A store lands more than 20,000 events a second, so these are about five seconds and a minute behind; the first is
// what the document on the persistence layer calls too much lag of a replica.
constexpr std::int64_t kBehindWarn = 100'000;
constexpr std::int64_t kBehindCrit = 1'200'000;

// Why the store's last event is not this journal's; empty when it is. Moves the reader. Errc: as the reader's.
Result<std::string> difference(journal::Reader& reader, const Cursor& cursor) {
  if (to_number(cursor.applied) == 0) return std::string();
  BLOTTER_TRY(reader.seek(cursor.applied));
  BLOTTER_ASSIGN(const auto last, reader.next());
  if (!last) {
    return "the store has event " + std::to_string(to_number(cursor.applied)) + ", and this journal ends before it";
  }
  if (is_applied(*last, cursor)) return std::string();
  return "event " + std::to_string(to_number(cursor.applied)) + " of this journal is not the one that the store has";
}

// Of PostgreSQL with the doctor's time limits: a lock on the cursor is a finding, and no reason to hang.
Result<Cursor> cursor_of(const GlobalOptions& options, const std::string& book_id) {
  if (options.is_postgres()) return postgres::book_cursor(options.store_options(), book_id);
  BLOTTER_ASSIGN(const auto store, open_store(options.store_options(), StoreAccess::read));
  return store->cursor(book_id);
}

// How many events the store lacks. Counts no further than the critical limit. Errc: as the reader's and the store's.
Result<HealthCheck> store_behind(const GlobalOptions& options, const std::string& book_id) {
  HealthCheck check{.name = "store_behind",
                    .level = HealthLevel::ok,
                    .value = {},
                    .threshold = "warn > 100000 events, crit > 1200000",
                    .advice = {}};
  BLOTTER_ASSIGN(const Cursor cursor, cursor_of(options, book_id));
  BLOTTER_ASSIGN(const auto reader, journal::open_reader(options.journal_directory()));
  BLOTTER_ASSIGN(check.value, difference(*reader, cursor));
  if (!check.value.empty()) {
    check.level = HealthLevel::crit;
    check.advice = "this is another journal, or an old copy of it: stop, and look before anybody writes";
    return check;
  }
  BLOTTER_TRY(reader->seek(next(cursor.applied)));
  std::int64_t behind = 0;
  while (behind <= kBehindCrit) {
    BLOTTER_ASSIGN(const auto next, reader->next());
    if (!next) break;
    ++behind;
  }
  check.value = std::to_string(behind) + (behind > kBehindCrit ? " events or more" : " events") + " behind the journal";
  if (behind > kBehindWarn) {
    check.level = behind > kBehindCrit ? HealthLevel::crit : HealthLevel::warn;
    check.advice =
        "if nobody records now, `blotter store catch-up` lands them; else see the checks "
        "above for what slows the store down";
  }
  return check;
}

HealthCheck skipped(const char* name, std::string why) {
  return {.name = name, .level = HealthLevel::skipped, .value = std::move(why), .threshold = {}, .advice = {}};
}

constexpr const char* kDamagedAdvice = "keep the files as they are; docs/operating/durability.md";

// A question about the journal or the store that had no answer.
HealthCheck unanswered(const char* name, const Error& error) {
  const bool damaged = error.code == Errc::corrupt;
  return {.name = name,
          .level = damaged ? HealthLevel::crit : HealthLevel::warn,
          .value = error.message,
          .threshold = {},
          .advice = damaged ? kDamagedAdvice : "nobody knows how far the store is: mend what the message names"};
}

Result<std::vector<HealthCheck>> examine_store(const GlobalOptions& options) {
  const std::string url = options.store_url();
  if (options.is_postgres()) return postgres::examine(options.read_options());
  if (url.starts_with(kSqlite)) return sqlite::examine(url.substr(kSqlite.size()));
  return std::vector<HealthCheck>{skipped("store", options.shown_store() + " has nothing to look at")};
}

// The journal's own checks; `store` tells whether the store can be asked how far it is. A database can be examined from
// a machine that has no journal. Returns whether there is one.
bool examine_journal(const GlobalOptions& options, bool store, std::vector<HealthCheck>& checks) {
  const auto book = journal::read_book_file(options.journal_directory());
  if (!book && book.error().code == Errc::not_found) {
    checks.push_back(skipped("journal", "no ledger in " + options.data));
    return false;
  }
  if (!book) {
    checks.push_back({.name = "journal",
                      .level = HealthLevel::crit,
                      .value = book.error().message,
                      .threshold = {},
                      .advice = kDamagedAdvice});
    return true;
  }
  checks.push_back(disk_free("journal_disk", options.journal_directory()));
  if (!store || !options.has_store()) return true;
  auto behind = store_behind(options, book->book_id);
  checks.push_back(behind ? std::move(*behind) : unanswered("store_behind", behind.error()));
  return true;
}

const char* shown(HealthLevel level) {
  switch (level) {
    case HealthLevel::ok:
      return "OK";
    case HealthLevel::skipped:
      return "SKIP";
    case HealthLevel::warn:
      return "WARN";
    case HealthLevel::crit:
      return "CRIT";
  }
  return "";
}

// Checks that somebody knows of: shown, and without a say in the exit code.
using Ignored = std::vector<std::string>;

bool contains(const Ignored& ignored, const HealthCheck& check) {
  return std::find(ignored.begin(), ignored.end(), check.name) != ignored.end();
}

Answer for_programs(const std::vector<HealthCheck>& checks, const Ignored& ignored) {
  Answer answer{.columns = {"level", "check", "value", "threshold", "advice", "ignored"}, .rows = {}};
  const auto text = [](const std::string& value) { return value.empty() ? Cell{} : Cell{value}; };
  for (const HealthCheck& check : checks) {
    answer.add({std::string(name_of(check.level)), check.name, text(check.value), text(check.threshold),
                text(check.advice), contains(ignored, check)});
  }
  return answer;
}

// Threshold and advice stand below what they are about, and only where somebody has to act.
Answer for_people(const std::vector<HealthCheck>& checks, const Ignored& ignored) {
  Answer answer{.columns = {"level", "check", "finding"}, .rows = {}};
  for (const HealthCheck& check : checks) {
    const bool ignore = contains(ignored, check) && check.level != HealthLevel::ok;
    answer.add({std::string(shown(check.level)), check.name, (ignore ? "(ignored) " : "") + check.value});
    if (check.level == HealthLevel::ok || check.advice.empty() || ignore) continue;
    const std::string threshold = check.threshold.empty() ? "" : "  (" + check.threshold + ")";
    answer.add({std::string(), std::string(), "-> " + check.advice + threshold});
  }
  return answer;
}

int doctor(const GlobalOptions& options, const Ignored& ignored) {
  auto store = examine_store(options);
  std::vector<HealthCheck> checks;
  if (store) {
    checks = std::move(*store);
  } else {
    checks.push_back({.name = "store",
                      .level = HealthLevel::crit,
                      .value = store.error().message,
                      .threshold = "can be reached",
                      .advice = "recording goes on in the journal; mend this before its disk is full"});
  }
  // A store that cannot be asked is a finding beside a ledger; without one there is nothing that could be examined.
  if (!examine_journal(options, store.has_value(), checks) && !store) return report_error(store.error());
  print(options.json ? for_programs(checks, ignored) : for_people(checks, ignored), options.json);
  const bool well = std::all_of(checks.begin(), checks.end(), [&](const HealthCheck& check) {
    return check.level == HealthLevel::ok || check.level == HealthLevel::skipped || contains(ignored, check);
  });
  return well ? kDone : kFoundProblem;
}

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
  CLI::App* verb = add_reading_verb(app, context, "doctor", "is the store well: OK, WARN or CRIT, and what to do");
  auto ignored = std::make_shared<Ignored>();
  verb->add_option("--ignore", *ignored, "checks that do not count for the exit code: tuning,encryption")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("CHECK,...")
      ->check([](const std::string& name) {
        return is_health_check(name) ? std::string()
                                     : "'" + name + "' is no check; docs/operating/doctor.md lists them";
      });
  verb->callback(
      [&context, ignored] { context.run = [&context, ignored] { return doctor(context.options, *ignored); }; });
}

}  // namespace blotter::cli
