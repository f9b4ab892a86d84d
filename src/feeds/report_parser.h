// ReportParser: one line of the report format (docs/formats/report.md) becomes one Report.
//
// Exact or refused: decimals are taken from their source text, an unknown or misplaced field is refused, and a
// problem names the field and why. Nothing of a refused line is kept.
//
// Threads    One caller at a time; buffers are kept between calls.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "blotter/report.h"
#include "core/json_scanner.h"
#include "feeds/report_fields.h"

namespace blotter::feeds {

inline constexpr std::size_t kNameBytesMax = 256;
inline constexpr std::size_t kNoteBytesMax = 4096;

// The members of one line by field, as they were written.
class ReportLine {
 public:
  // False when the text is no JSON object of known, distinct fields; `problem` then says why.
  bool scan(std::string_view text, std::string& problem);

  FieldSet present() const { return present_; }
  const JsonValue& operator[](Field field) const { return values_[static_cast<std::size_t>(field)]; }
  // The text was no JSON at all.
  bool malformed() const { return scanner_.malformed(); }

 private:
  JsonScanner scanner_;
  FieldSet present_;
  FieldSet seen_;  // with those that are null, which count as left out
  std::array<JsonValue, kFieldCount> values_{};
};

class ReportParser {
 public:
  // Appends the report to `reports` and returns true, or leaves it alone and says in `problem` why not.
  bool parse(std::string_view line, std::vector<Report>& reports, std::string& problem);

 private:
  ReportLine line_;
};

// The text is one JSON object, whatever its members; else `problem` says where it is not.
bool is_json_object(std::string_view text, std::string& problem);

}  // namespace blotter::feeds
