// blotter: the command line. Parses what is asked, composes the parts, answers with an exit code.
#include <csignal>
#include <cstdio>
#include <exception>

#include "cli/verbs.h"

namespace blotter::cli {
namespace {

// The arguments of a process can be read by everybody on the machine.
void warn_of_passwords(const Context& context) {
  for (const std::string& url : context.urls_in_arguments) {
    if (shown_url(url) == url) continue;
    std::fputs(
        "blotter: a password on the command line can be seen by every user of this machine; put it into ~/.pgpass, "
        "PGPASSWORD or BLOTTER_DATABASE_PASSWORD_FILE\n",
        stderr);
    return;
  }
}

// Whether the chosen verb does: the others, and --help, must not fail for a setting that is none of theirs.
bool works_on_a_ledger(const CLI::App& app) {
  const CLI::App* verb = &app;
  while (!verb->get_subcommands().empty()) verb = verb->get_subcommands().front();
  return verb->get_option_no_throw("--data") != nullptr;
}

int run(int argc, char** argv) {
  Context context;
  // Configuration first, so that flags win over it. --config is looked for before the flags proper are parsed.
  const std::string flag = "--config";
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool joined = argument.rfind(flag + "=", 0) == 0;
    if (!joined && (argument != flag || i + 1 == argc)) continue;
    context.options.config = joined ? argument.substr(flag.size() + 1) : argv[i + 1];
    context.options.config_given = true;
  }
  const Result<void> configured = apply_configuration(context.options);
  CLI::App app("Blotter: the durable system of record for algorithmic trading", "blotter");
  app.require_subcommand(1);
  for (const auto add :
       {add_init,     add_record,     add_status,     add_orders,  add_order,    add_fills,  add_positions,
        add_balances, add_pnl,        add_quarantine, add_events,  add_audit,    add_verify, add_store,
        add_migrate,  add_partitions, add_doctor,     add_journal, add_simulate, add_bench,  add_version}) {
    add(app, context);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? int{kDone} : int{kUsage};
  }
  warn_of_passwords(context);
  if (works_on_a_ledger(app)) {
    if (!configured) return report_error(configured.error());
    if (const auto applied = apply_password_file(context.options); !applied) return report_error(applied.error());
  }
  // Shows in pg_stat_activity, beside the statement that somebody wonders about.
  context.options.store.application_name = "blotter " + app.get_subcommands().front()->get_name();
  return context.run();
}

}  // namespace
}  // namespace blotter::cli

int main(int argc, char** argv) {
  // A reader that goes away (`blotter orders | head`) is no reason to die without words.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return blotter::cli::run(argc, argv);
  } catch (const std::exception& error) {
    // Nothing of ours throws across a port: this is memory that ran out, or a bug.
    std::fprintf(stderr, "blotter: stopped by %s\n", error.what());
    return blotter::cli::kCouldNotRun;
  }
}
