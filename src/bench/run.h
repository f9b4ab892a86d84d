// Run: what the measures of one benchmark share.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bench/bench.h"
#include "blotter/ledger.h"

namespace blotter::bench {

// A directory that is removed with everything in it.
class Scratch {
 public:
  // Errc: unavailable.
  static Result<Scratch> make(const std::string& parent);
  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch();
  std::string path() const { return path_.string(); }
  std::string operator/(std::string_view name) const { return (path_ / name).string(); }
  // Removes one entry now, so that a long run needs no more room than its largest measure.
  void remove(std::string_view name) const;

 private:
  explicit Scratch(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

class Run {
 public:
  Run(BenchScale scale, const Scratch& scratch, const BenchProgress& progress)
      : scale_(scale), scratch_(scratch), progress_(progress) {}

  template <class T>
  T by_scale(T smoke, T quick, T full) const {
    return scale_ == BenchScale::smoke ? smoke : (scale_ == BenchScale::quick ? quick : full);
  }
  bool is_full() const { return scale_ == BenchScale::full; }
  const Scratch& scratch() const { return scratch_; }
  void say(const std::string& doing) const {
    if (progress_) progress_(doing);
  }
  void begin(std::string measure) {
    measure_ = std::move(measure);
    say(measure_);
  }
  void add(BenchRow row) {
    row.measure = measure_;
    rows_.push_back(std::move(row));
  }
  std::vector<BenchRow> take_rows() { return std::move(rows_); }

  // A fresh ledger without a store that takes no snapshots: the accepting side alone.
  Result<std::unique_ptr<Ledger>> open_ledger(std::string_view name) const;
  // The mean size of the journal records that Traffic gives rise to; measured once.
  Result<std::size_t> record_bytes();

 private:
  BenchScale scale_;
  const Scratch& scratch_;
  const BenchProgress& progress_;
  std::string measure_;
  std::vector<BenchRow> rows_;
  std::size_t record_bytes_ = 0;
};

LedgerOptions ledger_without_store(const std::string& directory);

// The measures, each in a file of its own.
Result<void> measure_blocking(Run& run);
Result<void> measure_callers(Run& run);
Result<void> measure_pipelined(Run& run);
Result<void> measure_ingest(Run& run);
Result<void> measure_history(Run& run);
Result<void> measure_memory(Run& run);
Result<void> measure_landing(Run& run);
Result<void> measure_peers(Run& run);
Result<void> measure_postgres(Run& run);

}  // namespace blotter::bench
