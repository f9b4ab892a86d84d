// `blotter bench`: what this machine can do, and how near to it Blotter comes.
//
// Every figure of ours stands beside a ceiling measured in the same run, with the same bytes, threads and device, the
// two taking turns so that a drift of the machine meets both. docs/performance.md explains how to read the rows.
//
// Threads    One run at a time; the callback comes from the calling thread.
// Failure    A measure that cannot run (a peer that is not installed, a file system without direct I/O) is a row that
//            says why; only trouble with the directory itself ends the run.
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blotter/result.h"

namespace blotter {

enum class BenchScale : std::uint8_t {
  smoke,  // seconds: every measure runs, its figures mean nothing
  quick,  // about a minute
  full,   // several minutes; ten million events, needs about 6 GB of disk and 4 GB of memory
};
BOOST_DESCRIBE_ENUM(BenchScale, smoke, quick, full)

struct BenchOptions {
  std::string directory = ".";  // on the device under test; a temporary directory in it is removed afterwards
  BenchScale scale = BenchScale::quick;
  std::vector<std::string> measures;  // names from bench_measures(); empty: all
};

struct BenchRow {
  std::string measure;  // the one of bench_measures() that it belongs to
  std::string name;
  std::string unit;
  std::optional<double> ours;
  std::optional<double> ceiling;
  std::optional<double> ratio;  // ours / ceiling
  std::string goal;             // empty: for orientation only
  std::optional<bool> met;      // nothing: no goal, or not judged at this scale
  std::optional<double> p50;    // of single calls of ours, µs
  std::optional<double> p99;
  std::optional<double> p99_9;
  std::string conditions;  // what the ceiling is, counts, versions; or why there is no figure
};
BOOST_DESCRIBE_STRUCT(BenchRow, (), (measure, name, unit, ours, ceiling, ratio, goal, met, p50, p99, p99_9, conditions))

// Told at the start of every measure and round.
using BenchProgress = std::function<void(std::string_view doing)>;

const std::vector<std::string>& bench_measures();

// Errc: invalid (no such measure), unavailable or exhausted (the directory cannot be used).
Result<std::vector<BenchRow>> run_bench(const BenchOptions& options, const BenchProgress& progress);

// For people: one line a row, the conditions as numbered notes below.
std::string render_table(const std::vector<BenchRow>& rows);

}  // namespace blotter
