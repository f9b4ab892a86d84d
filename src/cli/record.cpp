#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "blotter/feed.h"
#include "cli/verbs.h"

namespace blotter::cli {
namespace {

struct RecordOptions {
  std::string file;
  std::string feed = "ndjson";
  FeedOptions feed_options;
  std::int64_t store_wait_seconds = 30;  // how long the store may stand still at the end before we stop waiting for it
};

struct Tally {
  std::int64_t lines = 0;
  std::int64_t created = 0;
  std::int64_t exists = 0;
  std::int64_t conflict = 0;
  std::int64_t invalid = 0;
  std::int64_t quarantined = 0;
  std::int64_t ignored = 0;
};

// Messages beyond this many are counted, not printed.
constexpr std::int64_t kMessagesMax = 100;

class Recording {
 public:
  Recording(const GlobalOptions& options, const RecordOptions& wanted) : options_(options), wanted_(wanted) {}

  int run() {
    const auto started = std::chrono::steady_clock::now();
    // The input first: what cannot be read must not leave a ledger behind.
    auto source = open_source(wanted_.file);
    if (!source) return report_error(source.error());
    source_ = source->get();
    auto feed = open_feed(wanted_.feed, std::move(*source), wanted_.feed_options);
    if (!feed) {
      std::fprintf(stderr, "blotter: %s: %s\n", wanted_.file.c_str(), feed.error().message.c_str());
      return kCouldNotRun;
    }
    const auto ledger_options = cli::ledger_options(options_);
    if (!ledger_options) return report_error(ledger_options.error());
    auto opened = Ledger::open(*ledger_options);
    if (!opened) return report_error(opened.error());
    ledger_ = std::move(*opened);
    if (const std::string note = ledger_->recovery_note(); !note.empty()) {
      std::fprintf(stderr, "blotter: %s\n", note.c_str());
    }
    int code = take_all(**feed);
    if (code != kCouldNotRun) code = std::max(code, finish());
    const auto elapsed = std::chrono::steady_clock::now() - started;
    summarize(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count());
    return code;
  }

 private:
  int take_all(Feed& feed) {
    FeedLine line;
    while (true) {
      const Result<bool> more = feed.next(line);
      if (!more) {
        std::fprintf(stderr, "blotter: %s: after line %lld: %s\n", wanted_.file.c_str(),
                     static_cast<long long>(tally_.lines), more.error().message.c_str());
        return kCouldNotRun;
      }
      if (!*more) break;
      ++tally_.lines;
      const Result<void> taken = take(line);
      if (!taken) {
        return stopped_at(line.number, taken.error());
      }
      if (tally_.lines % 1024 == 0) show_progress();
    }
    return tally_.invalid > 0 ? kFoundProblem : kDone;
  }

  // Says what is safe, and only that: the journal's answer decides, not that we came this far.
  int stopped_at(std::uint64_t number, const Error& error) {
    progress_.clear();
    const bool safe = ledger_->wait_durable(ledger_->watermarks().appended).has_value();
    const Watermarks marks = ledger_->watermarks();
    const std::string what_now =
        safe ? fmt::format(
                   "every line before it is durable in the journal ({} of {} events are in the store too); run "
                   "the same command again",
                   to_number(marks.stored), to_number(marks.durable))
             : fmt::format(
                   "events up to {} are durable in the journal ({} of them are in the store too); of what came "
                   "after nobody can know: look at the device, then run the same command again",
                   to_number(marks.durable), to_number(marks.stored));
    std::fprintf(stderr, "blotter: %s: line %llu: %s; %s\n", wanted_.file.c_str(),
                 static_cast<unsigned long long>(number), error.message.c_str(), what_now.c_str());
    return kCouldNotRun;
  }

  Result<void> take(const FeedLine& line) {
    if (!line.invalid.empty()) {
      invalid(line.number, line.invalid);
      return {};
    }
    if (line.ignored) {
      ++tally_.ignored;
      return {};
    }
    Outcome outcome = Outcome::exists;
    if (!line.quarantine.empty()) {
      BLOTTER_ASSIGN(const Receipt receipt,
                     ledger_->offer_unattributed(line.account, line.at, line.quarantine, line.text));
      outcome = receipt.outcome;
    }
    for (const Report& report : line.reports) {
      const auto receipt = ledger_->offer(report, line.text);
      if (!receipt && receipt.error().code == Errc::invalid) {
        invalid(line.number, receipt.error().message);
        return {};
      }
      if (!receipt) return fail(receipt.error());
      if (receipt->outcome == Outcome::conflict) message(line.number, "conflict: " + receipt->detail);
      outcome = weightier(outcome, receipt->outcome);
    }
    count(outcome);
    return {};
  }

  // A line of several reports is answered by what most needs a person's eye.
  static Outcome weightier(Outcome a, Outcome b) {
    const auto weight = [](Outcome outcome) {
      switch (outcome) {
        case Outcome::exists:
          return 0;
        case Outcome::created:
          return 1;
        case Outcome::quarantined:
          return 2;
        case Outcome::conflict:
          return 3;
      }
      return 3;
    };
    return weight(b) > weight(a) ? b : a;
  }

  void count(Outcome outcome) {
    switch (outcome) {
      case Outcome::created:
        ++tally_.created;
        break;
      case Outcome::exists:
        ++tally_.exists;
        break;
      case Outcome::conflict:
        ++tally_.conflict;
        break;
      case Outcome::quarantined:
        ++tally_.quarantined;
        break;
    }
  }

  void invalid(std::uint64_t number, const std::string& reason) {
    ++tally_.invalid;
    message(number, reason);
  }

  void message(std::uint64_t number, const std::string& text) {
    if (++messages_ > kMessagesMax) return;
    progress_.clear();
    std::fprintf(stderr, "%s: line %llu: %s\n", wanted_.file.c_str(), static_cast<unsigned long long>(number),
                 text.c_str());
  }

  void show_progress() {
    const std::uint64_t stored = to_number(ledger_->watermarks().stored);
    progress_.show("recording", source_->consumed(), source_->total().value_or(0),
                   fmt::format("{} lines, {} events stored", tally_.lines, stored));
  }

  // Durable first, then stored. A store that stands still is reported, not waited for without end.
  int finish() {
    const Seq last = ledger_->watermarks().appended;
    if (const Result<void> durable = ledger_->wait_durable(last); !durable) return report_error(durable.error());
    if (!options_.has_store()) return kDone;
    const Seq first = ledger_->watermarks().stored;
    Seq before = first;
    for (std::int64_t still_ms = 0; still_ms <= wanted_.store_wait_seconds * 1000;) {
      const Result<void> stored = ledger_->wait_stored(last, 200);
      if (stored) return kDone;
      if (stored.error().code != Errc::unavailable) return landing_stopped(stored.error().message);
      const Seq now = ledger_->watermarks().stored;
      still_ms = now > before ? 0 : still_ms + 200;
      before = now;
      progress_.show("landing", to_number(now) - to_number(first), to_number(last) - to_number(first),
                     fmt::format("event {} of {}", to_number(now), to_number(last)));
    }
    return landing_stopped(reason_of(ledger_->store_problem()));
  }

  int landing_stopped(const std::string& why) {
    progress_.clear();
    const Watermarks marks = ledger_->watermarks();
    const std::string message = fmt::format(
        "everything is durable in the journal, but the store {} is at event {} of {}: {}; nothing is lost, and {} "
        "events are not stored yet: `blotter store catch-up` lands them, and so does the next `blotter record`",
        options_.shown_store(), to_number(marks.stored), to_number(marks.appended), why,
        to_number(marks.appended) - to_number(marks.stored));
    std::fprintf(stderr, "blotter: %s\n", message.c_str());
    return kFoundProblem;
  }

  void summarize(std::int64_t elapsed_ms) {
    progress_.clear();
    if (messages_ > kMessagesMax) {
      std::fprintf(stderr, "%s: and %lld more messages\n", wanted_.file.c_str(),
                   static_cast<long long>(messages_ - kMessagesMax));
    }
    const std::string seconds = fmt::format("{}.{:03}", elapsed_ms / 1000, elapsed_ms % 1000);
    if (options_.json) {
      std::printf(
          "[{\"lines\":%lld,\"created\":%lld,\"exists\":%lld,\"conflict\":%lld,\"invalid\":%lld,\"quarantined\":%lld,"
          "\"ignored\":%lld,\"seconds\":%s}]\n",
          static_cast<long long>(tally_.lines), static_cast<long long>(tally_.created),
          static_cast<long long>(tally_.exists), static_cast<long long>(tally_.conflict),
          static_cast<long long>(tally_.invalid), static_cast<long long>(tally_.quarantined),
          static_cast<long long>(tally_.ignored), seconds.c_str());
      return;
    }
    Answer answer{.columns = {"lines", "created", "exists", "conflict", "invalid", "quarantined", "ignored", "seconds"},
                  .rows = {}};
    answer.add({tally_.lines, tally_.created, tally_.exists, tally_.conflict, tally_.invalid, tally_.quarantined,
                tally_.ignored, seconds});
    print(answer, false);
  }

  const GlobalOptions& options_;
  const RecordOptions& wanted_;
  ByteSource* source_ = nullptr;  // owned by the feed
  std::unique_ptr<Ledger> ledger_;
  Tally tally_;
  std::int64_t messages_ = 0;
  ProgressLine progress_;
};

}  // namespace

void add_record(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "record", "journal a file of order flow and land it in the store");
  auto wanted = std::make_shared<RecordOptions>();
  verb->add_option("file", wanted->file, "the file, plain or .gz, .xz, .zst; - is standard input")->required();
  verb->add_option("--feed,--format", wanted->feed, "its format: ndjson, bitstamp-l3, lobster")
      ->check(CLI::IsMember({"ndjson", "bitstamp-l3", "lobster"}))
      ->capture_default_str();
  verb->add_option("--symbol", wanted->feed_options.symbol, "lobster: the instrument's symbol");
  verb->add_option("--date", wanted->feed_options.date, "lobster: the day, YYYY-MM-DD");
  verb->add_option("--store-wait", wanted->store_wait_seconds,
                   "seconds to wait at the end for a store that stands still")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  verb->callback(
      [&context, wanted] { context.run = [&context, wanted] { return Recording(context.options, *wanted).run(); }; });
}

}  // namespace blotter::cli
