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
// How long the store may stand still at the end before we stop waiting for it.
constexpr std::int64_t kStoreStandsStillMs = 30'000;

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
        std::fprintf(stderr, "blotter: %s: line %llu: %s; everything before it is safe, run the same command again\n",
                     wanted_.file.c_str(), static_cast<unsigned long long>(line.number), taken.error().message.c_str());
        return kCouldNotRun;
      }
      if (tally_.lines % 1024 == 0) show_progress();
    }
    return tally_.invalid > 0 ? kFoundProblem : kDone;
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
    if (options_.store_url() == "none") return kDone;
    const Seq first = ledger_->watermarks().stored;
    Seq before = first;
    for (std::int64_t still_ms = 0; still_ms < kStoreStandsStillMs;) {
      const Result<void> stored = ledger_->wait_stored(last, 200);
      if (stored) return kDone;
      if (stored.error().code != Errc::unavailable) return landing_stopped(stored.error().message);
      const Seq now = ledger_->watermarks().stored;
      still_ms = now > before ? 0 : still_ms + 200;
      before = now;
      progress_.show("landing", to_number(now) - to_number(first), to_number(last) - to_number(first),
                     fmt::format("event {} of {}", to_number(now), to_number(last)));
    }
    return landing_stopped(ledger_->store_problem());
  }

  int landing_stopped(const std::string& why) {
    progress_.clear();
    std::fprintf(
        stderr,
        "blotter: everything is durable in the journal, but the store %s is at event %llu of %llu: %s; it goes "
        "on from there with the next `record`, or with `blotter store rebuild`\n",
        options_.store_url().c_str(), static_cast<unsigned long long>(ledger_->watermarks().stored),
        static_cast<unsigned long long>(ledger_->watermarks().appended), why.c_str());
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
  verb->callback(
      [&context, wanted] { context.run = [&context, wanted] { return Recording(context.options, *wanted).run(); }; });
}

}  // namespace blotter::cli
