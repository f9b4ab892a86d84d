#include "bench/bench.h"

#include <cstdio>

#include "cli/verbs.h"

namespace blotter::cli {
namespace {

std::string json_number(const std::optional<double>& value) {
  if (!value) return "null";
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", *value);
  return text;
}

void print_json(const std::vector<BenchRow>& rows) {
  std::fputs("[", stdout);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const BenchRow& row = rows[i];
    const std::string texts =
        json_members({"measure", "name", "unit", "goal", "conditions"},
                     {row.measure, row.name, row.unit, row.goal.empty() ? Cell{} : Cell{row.goal}, row.conditions});
    std::printf("%s{%s,\"ours\":%s,\"ceiling\":%s,\"ratio\":%s,\"p50\":%s,\"p99\":%s,\"p99_9\":%s,\"met\":%s}",
                i == 0 ? "" : ",\n ", texts.c_str(), json_number(row.ours).c_str(), json_number(row.ceiling).c_str(),
                json_number(row.ratio).c_str(), json_number(row.p50).c_str(), json_number(row.p99).c_str(),
                json_number(row.p99_9).c_str(), !row.met ? "null" : (*row.met ? "true" : "false"));
  }
  std::puts("]");
}

int bench(const GlobalOptions& options, const BenchOptions& wanted) {
  ProgressLine progress;
  const auto rows =
      run_bench(wanted, [&](std::string_view doing) { progress.show("bench", 0, 0, std::string(doing)); });
  progress.clear();
  if (!rows) return report_error(rows.error());
  if (options.json) {
    print_json(*rows);
  } else {
    std::fputs(render_table(*rows).c_str(), stdout);
  }
  return kDone;
}

}  // namespace

void add_bench(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("bench", "measure this machine, Blotter on it, and what else is installed");
  auto wanted = std::make_shared<BenchOptions>();
  auto scale = std::make_shared<std::string>("quick");
  verb->add_option("--directory", wanted->directory, "a directory on the device to measure")->capture_default_str();
  verb->add_option("--scale", *scale, "smoke, quick (about a minute) or full (ten million events)")
      ->check(CLI::IsMember({"smoke", "quick", "full"}))
      ->capture_default_str();
  verb->add_option("--measure", wanted->measures, "only these")->check(CLI::IsMember(bench_measures()));
  verb->add_flag("--json", context.options.json, "answer for programs");
  verb->callback([&context, wanted, scale] {
    wanted->scale = *parse_enum<BenchScale>(*scale);
    context.run = [&context, wanted] { return bench(context.options, *wanted); };
  });
}

}  // namespace blotter::cli
