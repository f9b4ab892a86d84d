#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "bench/bench.h"
#include "bench/statistics.h"

namespace blotter {
namespace {

// Three significant digits of small figures, whole ones of large.
std::string figure(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return "-";
  if (*value >= 1'000) return bench::with_commas(static_cast<std::uint64_t>(std::llround(*value)));
  return fmt::format("{:.{}f}", *value, *value >= 100 ? 0 : (*value >= 10 ? 1 : 2));
}

std::string verdict(const BenchRow& row) {
  if (!row.met) return "";
  return *row.met ? "met" : "MISSED";
}

// Characters on the screen: continuation bytes of UTF-8 take no place.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

constexpr std::size_t kColumns = 11;
using Line = std::array<std::string, kColumns>;

}  // namespace

std::string render_table(const std::vector<BenchRow>& rows) {
  std::vector<Line> lines{{"", "what", "unit", "ours", "ceiling", "ratio", "goal", "", "p50 µs", "p99 µs", "p99.9 µs"}};
  std::vector<std::string> notes;
  for (const BenchRow& row : rows) {
    auto note = std::find(notes.begin(), notes.end(), row.conditions);
    if (note == notes.end()) note = notes.insert(notes.end(), row.conditions);
    lines.push_back({"[" + std::to_string(note - notes.begin() + 1) + "]", row.name, row.unit, figure(row.ours),
                     figure(row.ceiling), row.ratio ? fmt::format("{:.2f}", *row.ratio) : "-", row.goal, verdict(row),
                     figure(row.p50), figure(row.p99), figure(row.p99_9)});
  }
  Line::size_type widths[kColumns] = {};
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], width_of(line[i]));
  }
  std::string text;
  for (const Line& line : lines) {
    std::string rendered;
    for (std::size_t i = 0; i < kColumns; ++i) {
      const std::string blanks(widths[i] - width_of(line[i]), ' ');
      const bool is_number = (i >= 3 && i <= 5) || i >= 8;
      rendered += (i == 0 ? "" : "  ") + (is_number ? blanks + line[i] : line[i] + blanks);
    }
    rendered.erase(rendered.find_last_not_of(' ') + 1);
    text += rendered + "\n";
  }
  for (std::size_t i = 0; i < notes.size(); ++i) text += "[" + std::to_string(i + 1) + "] " + notes[i] + "\n";
  return text;
}

}  // namespace blotter
