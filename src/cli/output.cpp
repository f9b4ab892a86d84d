#include "cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "core/render.h"

namespace blotter::cli {
namespace {

std::string escaped(const std::string& text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

struct ForPeople {
  std::string operator()(std::monostate) const { return "-"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(bool value) const { return value ? "yes" : "no"; }
  std::string operator()(const std::string& value) const { return escaped(value); }
};

void append_json(std::string& out, const Cell& cell) {
  struct Visit {
    std::string& to;
    void operator()(std::monostate) const { to += "null"; }
    void operator()(std::int64_t value) const { to += std::to_string(value); }
    void operator()(bool value) const { to += value ? "true" : "false"; }
    void operator()(const std::string& value) const { append_json_string(to, value); }
  };
  std::visit(Visit{out}, cell);
}

// Characters on the screen, UTF-8 continuation bytes not counted.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.-") == std::string::npos;
}

void print_table(const Answer& answer) {
  if (answer.rows.empty()) {
    std::puts("(none)");
    return;
  }
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths;
  for (const std::string& column : answer.columns) widths.push_back(width_of(column));
  for (const auto& row : answer.rows) {
    auto& line = cells.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      line.push_back(std::visit(ForPeople{}, row[i]));
      widths[i] = std::max(widths[i], width_of(line.back()));
    }
  }
  const auto put = [&](const std::vector<std::string>& line, bool heading) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string pad(widths[i] - width_of(line[i]), ' ');
      const bool right = !heading && is_number(line[i]);
      out += i == 0 ? "" : "  ";
      out += right ? pad + line[i] : line[i] + pad;
    }
    out.erase(out.find_last_not_of(' ') + 1);
    std::puts(out.c_str());
  };
  put(answer.columns, true);
  for (const auto& line : cells) put(line, false);
}

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::string json_members(const std::vector<std::string>& columns, const std::vector<Cell>& row) {
  std::string out;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, columns[i]);
    out += ':';
    append_json(out, row[i]);
  }
  return out;
}

std::string json_array(const Answer& answer) {
  std::string out = "[";
  for (const auto& row : answer.rows) {
    if (out.size() > 1) out += ',';
    out += '{' + json_members(answer.columns, row) + '}';
  }
  return out + "]";
}

void round_for_people(Answer& answer, const std::vector<std::string>& columns) {
  for (std::size_t i = 0; i < answer.columns.size(); ++i) {
    if (std::find(columns.begin(), columns.end(), answer.columns[i]) == columns.end()) continue;
    for (auto& row : answer.rows) {
      auto* text = std::get_if<std::string>(&row[i]);
      const auto value = text != nullptr ? Decimal::parse(*text) : Result<Decimal>(Decimal{});
      if (text == nullptr || !value) continue;
      // Through whole units of 10^-8: dividing by 10^10 units rounds half-even, multiplying is exact.
      const Decimal shift = Decimal{10'000'000'000};
      *text = to_text(Decimal::from_units((*value / shift).units()) * shift);
    }
  }
}

void print(const Answer& answer, bool json) {
  if (!json) return print_table(answer);
  std::fputs("[", stdout);
  for (std::size_t i = 0; i < answer.rows.size(); ++i) {
    const std::string members = json_members(answer.columns, answer.rows[i]);
    std::printf("%s{%s}", i == 0 ? "" : ",\n ", members.c_str());
  }
  std::puts("]");
}

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::show(const std::string& what, std::uint64_t done, std::uint64_t total, const std::string& note) {
  if (!terminal_) return;
  const std::int64_t now = now_ms();
  if (now - last_ms_ < 100) return;
  last_ms_ = now;
  drawn_ = true;
  if (total == 0) {
    std::fprintf(stderr, "\r\033[K%s  %s", what.c_str(), note.c_str());
    return;
  }
  constexpr std::size_t kBar = 30;
  const auto filled = static_cast<std::size_t>(std::min<std::uint64_t>(done, total) * kBar / total);
  const std::string bar = std::string(filled, '#') + std::string(kBar - filled, '.');
  std::fprintf(stderr, "\r\033[K%s [%s] %3u%%  %s", what.c_str(), bar.c_str(),
               static_cast<unsigned>(std::min<std::uint64_t>(done, total) * 100 / total), note.c_str());
}

void ProgressLine::clear() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

}  // namespace blotter::cli
