#include <cerrno>
#include <cstdio>

#include "cli/verbs.h"
#include "feeds/simulator.h"

namespace blotter::cli {
namespace {

int simulate(const feeds::SimulatorOptions& wanted) {
  feeds::Simulator simulator(wanted);
  std::string line;
  while (simulator.next(line)) {
    line += '\n';
    if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size()) {
      // A reader that has had enough (`| head`) is no failure.
      return errno == EPIPE ? int{kDone}
                            : report_error({.code = Errc::unavailable, .message = "cannot write the lines"});
    }
  }
  return std::fflush(stdout) == 0 || errno == EPIPE ? kDone : kCouldNotRun;
}

}  // namespace

void add_simulate(CLI::App& app, Context& context) {
  CLI::App* verb =
      app.add_subcommand("simulate", "write made-up order flow in the report format, for `blotter record -`");
  auto wanted = std::make_shared<feeds::SimulatorOptions>();
  verb->add_option("--seed", wanted->seed, "the same seed gives the same lines")->capture_default_str();
  verb->add_option("--lines", wanted->lines, "how many")->capture_default_str();
  verb->add_option("--accounts", wanted->accounts, "how many")->check(CLI::Range(1, 99))->capture_default_str();
  verb->add_option("--instruments", wanted->instruments, "how many")->check(CLI::Range(1, 999))->capture_default_str();
  verb->add_option("--strategies", wanted->strategies, "how many")->check(CLI::Range(1, 99))->capture_default_str();
  verb->add_option("--resent", wanted->resent_per_10000, "lines in 10,000 that are sent twice")
      ->check(CLI::Range(0, 10000))
      ->capture_default_str();
  verb->callback([&context, wanted] { context.run = [wanted] { return simulate(*wanted); }; });
}

}  // namespace blotter::cli
