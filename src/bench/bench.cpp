#include "bench/bench.h"

#include <algorithm>
#include <array>

#include "bench/run.h"

namespace blotter {
namespace {

struct Measure {
  const char* name;
  Result<void> (*run)(bench::Run&);
};

// The history first: other measures leave freed memory behind, in which its own would hide.
constexpr std::array kMeasures{
    Measure{"history", bench::measure_history},     Measure{"memory", bench::measure_memory},
    Measure{"blocking", bench::measure_blocking},   Measure{"callers", bench::measure_callers},
    Measure{"pipelined", bench::measure_pipelined}, Measure{"ingest", bench::measure_ingest},
    Measure{"landing", bench::measure_landing},     Measure{"peers", bench::measure_peers},
    Measure{"postgres", bench::measure_postgres},
};

}  // namespace

const std::vector<std::string>& bench_measures() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Measure& measure : kMeasures) all.emplace_back(measure.name);
    return all;
  }();
  return names;
}

Result<std::vector<BenchRow>> run_bench(const BenchOptions& options, const BenchProgress& progress) {
  const auto& wanted = options.measures;
  for (const std::string& name : wanted) {
    if (std::find(bench_measures().begin(), bench_measures().end(), name) == bench_measures().end()) {
      return fail(Errc::invalid, "no measure is called " + name);
    }
  }
  BLOTTER_ASSIGN(const bench::Scratch scratch, bench::Scratch::make(options.directory));
  bench::Run run(options.scale, scratch, progress);
  for (const Measure& measure : kMeasures) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), measure.name) == wanted.end()) continue;
    run.begin(measure.name);
    const Result<void> measured = measure.run(run);
    if (measured) continue;
    if (measured.error().code == Errc::exhausted) return fail(measured.error());
    BenchRow row;
    row.name = measure.name;
    row.conditions = "not measured: " + measured.error().message;
    run.add(std::move(row));
  }
  return run.take_rows();
}

}  // namespace blotter
