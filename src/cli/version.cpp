#include <cstdio>

#include "cli/verbs.h"

namespace blotter::cli {

void add_version(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("version", "print the version");
  verb->add_flag("--json", context.options.json, "answer for programs");
  verb->callback([&context] {
    context.run = [&context] {
      if (context.options.json) {
        std::printf("[{\"version\":\"%s\",\"compiler\":\"%s\"}]\n", BLOTTER_VERSION, __VERSION__);
      } else {
        std::printf("blotter %s (%s)\n", BLOTTER_VERSION, __VERSION__);
      }
      return int{kDone};
    };
  });
}

}  // namespace blotter::cli
