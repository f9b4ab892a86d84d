// How verbs answer: tables for people, JSON (an array of objects) for programs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "blotter/store.h"

namespace blotter::cli {

struct Answer {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;

  void add(std::vector<Cell> row) { rows.push_back(std::move(row)); }
};

// Prints to standard output. Text of the data is escaped: no control character of a symbol or note reaches a terminal.
void print(const Answer& answer, bool json);

// Rounds decimals of these columns half-even to eight places, for a table that people can read; JSON stays exact.
void round_for_people(Answer& answer, const std::vector<std::string>& columns);

// One object's members without the braces: "a":1,"b":"x".
std::string json_members(const std::vector<std::string>& columns, const std::vector<Cell>& row);

// The rows as an array of objects, on one line.
std::string json_array(const Answer& answer);

// Why the store does not have everything yet, from what Ledger::store_problem() says; never empty.
inline std::string reason_of(const std::string& problem) {
  return problem.empty() ? "it has not answered yet" : problem;
}

// A progress line on standard error: drawn only on a terminal, at most ten times a second, cleared at the end.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  // `done` of `total`; total 0: unknown.
  void show(const std::string& what, std::uint64_t done, std::uint64_t total, const std::string& note);
  void clear();

 private:
  bool terminal_;
  bool drawn_ = false;
  std::int64_t last_ms_ = 0;
};

}  // namespace blotter::cli
