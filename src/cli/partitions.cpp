// partitions list, rules, set, ensure, retire, archives: the tables of a PostgreSQL store that grow with time.
#include "store/postgres/partitions.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "blotter/clock.h"
#include "cli/verbs.h"

namespace blotter::cli {
namespace {

using postgres::Partition;
using postgres::PartitionRule;
using postgres::Partitions;
using postgres::Retirement;

Result<std::unique_ptr<Partitions>> open(const GlobalOptions& options, StoreAccess access) {
  if (!options.is_postgres()) {
    return fail(Errc::invalid, options.shown_store() + " has no partitions; a PostgreSQL store has");
  }
  return Partitions::open(options.store_options(), access);
}

Cell or_nothing(const std::string& text) { return text.empty() ? Cell{} : Cell{text}; }

Result<Answer> list(Partitions& partitions) {
  BLOTTER_ASSIGN(const std::vector<Partition> all, partitions.list());
  Answer answer{.columns = {"table", "partition", "from", "to", "state", "rows_estimate", "bytes"}, .rows = {}};
  for (const Partition& one : all) {
    answer.add({one.table, one.name, to_text(one.from), to_text(one.to), std::string(name_of(one.state)),
                one.rows_estimate, one.bytes});
  }
  return answer;
}

Result<Answer> rules(Partitions& partitions) {
  BLOTTER_ASSIGN(const std::vector<PartitionRule> all, partitions.rules());
  Answer answer{.columns = {"table", "period", "retention", "ahead"}, .rows = {}};
  for (const PartitionRule& rule : all) {
    answer.add({rule.table, std::string(name_of(rule.period)), or_nothing(rule.retention), rule.ahead});
  }
  return answer;
}

Result<Answer> ensure(Partitions& partitions) {
  BLOTTER_ASSIGN(const std::vector<std::string> made, partitions.ensure(system_clock().now()));
  Answer answer{.columns = {"partition"}, .rows = {}};
  for (const std::string& name : made) answer.add({name});
  return answer;
}

Answer answer_of(const std::vector<Retirement>& retirements) {
  Answer answer{.columns = {"table", "partition", "from", "to", "state", "rows", "sha256", "archive"}, .rows = {}};
  for (const Retirement& one : retirements) {
    // What is not archived yet has not been counted.
    const Cell rows = one.sha256.empty() ? Cell{} : Cell{one.rows};
    answer.add({one.table, one.partition, to_text(one.from), to_text(one.to), std::string(name_of(one.state)), rows,
                or_nothing(one.sha256), or_nothing(one.archive)});
  }
  return answer;
}

struct RetireFlags {
  bool dry_run = false;
  bool yes = false;
  std::string archive;
};

Result<Answer> retire(const GlobalOptions& options, Partitions& partitions, const RetireFlags& flags) {
  if (flags.dry_run) {
    BLOTTER_ASSIGN(const std::vector<Retirement> due, partitions.plan_retire(system_clock().now()));
    return answer_of(due);
  }
  if (!flags.yes) {
    return fail(Errc::invalid,
                "partitions retire moves rows into archive files and drops them from the database; see which with "
                "--dry-run, and say --yes when that is what you want");
  }
  ProgressLine progress;
  postgres::RetireOptions how;
  how.archive_directory = flags.archive.empty() ? options.data + "/archive" : flags.archive;
  how.now = system_clock().now();
  how.before_step = [&](std::string_view step, const std::string& partition) -> Result<void> {
    progress.show("retiring", 0, 0, partition + ": " + std::string(step));
    return {};
  };
  BLOTTER_ASSIGN(const postgres::RetireReport report, partitions.retire(how));
  if (report.failed.empty()) return answer_of(report.dropped);
  // What was retired is told all the same; the last failure becomes the outcome.
  print(answer_of(report.dropped), options.json);
  for (std::size_t i = 0; i + 1 < report.failed.size(); ++i) report_error(report.failed[i]);
  return fail(report.failed.back());
}

struct ArchiveFlags {
  bool check = false;
  std::string directory;
};

// With --check the file of each is read; the exit code says whether all are what they were.
Result<Answer> archives(Partitions& partitions, const ArchiveFlags& flags, bool& all_whole) {
  BLOTTER_ASSIGN(const std::vector<Retirement> all, partitions.archives());
  Answer answer{.columns = {"table", "partition", "from", "to", "state", "rows", "sha256", "archive"}, .rows = {}};
  if (flags.check) answer.columns.emplace_back("file");
  ProgressLine progress;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Retirement& one = all[i];
    std::filesystem::path path = one.archive;
    if (!flags.directory.empty()) path = std::filesystem::path(flags.directory) / path.filename();
    std::vector<Cell> row{one.table, one.partition, to_text(one.from), to_text(one.to), std::string(name_of(one.state)),
                          one.rows,  one.sha256,    path.string()};
    if (flags.check) {
      progress.show("reading", i, all.size(), path.filename().string());
      BLOTTER_ASSIGN(const postgres::ArchiveState state, postgres::check_archive(one, path.string()));
      all_whole = all_whole && state == postgres::ArchiveState::whole;
      row.emplace_back(std::string(name_of(state)));
    }
    answer.add(std::move(row));
  }
  progress.clear();
  return answer;
}

struct RuleFlags {
  std::string table;
  std::string period;
  std::string retention;
  std::int64_t ahead = 0;
};

constexpr const char* kForEver = "none";

Result<Answer> set_rule(Partitions& partitions, const RuleFlags& flags) {
  BLOTTER_ASSIGN(std::vector<PartitionRule> all, partitions.rules());
  const auto rule =
      std::find_if(all.begin(), all.end(), [&](const PartitionRule& r) { return r.table == flags.table; });
  if (rule == all.end()) {
    return fail(Errc::not_found, "'" + flags.table + "' is no table with partitions: `blotter partitions rules`");
  }
  if (!flags.period.empty()) rule->period = *parse_enum<postgres::Period>(flags.period);
  if (!flags.retention.empty()) rule->retention = flags.retention == kForEver ? "" : flags.retention;
  if (flags.ahead > 0) rule->ahead = flags.ahead;
  BLOTTER_TRY(partitions.set_rule(*rule));
  return rules(partitions);
}

using Act = std::function<Result<Answer>(Partitions&)>;

StoreAccess read() { return StoreAccess::read; }
StoreAccess write() { return StoreAccess::write; }

// `access` is asked when the verb runs: it may depend on the verb's flags.
CLI::App* add_act(CLI::App& parent, Context& context, const std::string& name, const std::string& description,
                  std::function<StoreAccess()> access, Act act) {
  CLI::App* verb = add_verb(parent, context, name, description);
  verb->callback([&context, access = std::move(access), act = std::move(act)] {
    context.run = [&context, access, act] {
      const auto partitions = open(context.options, access());
      if (!partitions) return report_error(partitions.error());
      const auto answer = act(**partitions);
      if (!answer) return report_error(answer.error());
      print(*answer, context.options.json);
      return int{kDone};
    };
  });
  return verb;
}

void add_set(CLI::App& parent, Context& context) {
  auto flags = std::make_shared<RuleFlags>();
  CLI::App* verb = add_act(parent, context, "set", "change a table's rule; partitions that are there stay as they are",
                           write, [flags](Partitions& partitions) { return set_rule(partitions, *flags); });
  verb->add_option("table", flags->table, "fills, order_events, cash_movements or audit_log")->required();
  verb->add_option("--period", flags->period, "day, month or quarter")
      ->check(CLI::IsMember({"day", "month", "quarter"}));
  verb->add_option("--retention", flags->retention,
                   "how long rows stay: '7 years', '90 days', a period at least; none: for ever");
  verb->add_option("--ahead", flags->ahead, "how many periods to make ahead")->check(CLI::Range(1, 400));
}

void add_retire(CLI::App& parent, Context& context) {
  auto flags = std::make_shared<RetireFlags>();
  CLI::App* verb = add_act(
      parent, context, "retire", "archive the partitions past their retention, and drop them",
      [flags] { return flags->dry_run ? StoreAccess::read : StoreAccess::write; },
      [&context, flags](Partitions& partitions) { return retire(context.options, partitions, *flags); });
  verb->add_flag("--dry-run", flags->dry_run, "only list what would be retired");
  verb->add_flag("--yes", flags->yes, "really archive and drop them");
  verb->add_option("--archive", flags->archive, "the directory of the archive files (default: DATA/archive)");
}

void add_archives(CLI::App& parent, Context& context) {
  auto flags = std::make_shared<ArchiveFlags>();
  CLI::App* verb = add_verb(parent, context, "archives", "the archive files of what was retired");
  verb->add_flag("--check", flags->check, "read each file and compare it with what was recorded of it");
  verb->add_option("--archive", flags->directory,
                   "the directory where they are now (default: where they were written)");
  verb->callback([&context, flags] {
    context.run = [&context, flags] {
      const auto partitions = open(context.options, StoreAccess::read);
      if (!partitions) return report_error(partitions.error());
      bool all_whole = true;
      const auto answer = archives(**partitions, *flags, all_whole);
      if (!answer) return report_error(answer.error());
      print(*answer, context.options.json);
      return all_whole ? int{kDone} : int{kFoundProblem};
    };
  });
}

}  // namespace

void add_partitions(CLI::App& app, Context& context) {
  CLI::App* parent = app.add_subcommand("partitions", "the partitions of a PostgreSQL store");
  parent->require_subcommand(1);
  add_act(*parent, context, "list", "every partition, its times and size", read, list);
  add_act(*parent, context, "rules", "period, retention and how many ahead, for each table", read, rules);
  add_act(*parent, context, "ensure", "make the partitions of now and of the periods ahead", write, ensure);
  add_retire(*parent, context);
  add_archives(*parent, context);
  add_set(*parent, context);
}

}  // namespace blotter::cli
