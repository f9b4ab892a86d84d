#include "feeds/feed_line.h"

namespace blotter::feeds {

Result<bool> begin_line(LineSplitter& lines, RawLine& raw, FeedLine& line) {
  line.reports.clear();
  line.ignored = false;
  line.invalid.clear();
  line.quarantine.clear();
  line.account.clear();
  line.at = Timestamp{};
  BLOTTER_ASSIGN(const bool more, lines.next(raw));
  line.number = more ? raw.number : 0;
  line.text = more ? raw.text : std::string_view{};
  if (!more) return false;
  if (raw.too_long) {
    line.invalid = "the line is longer than 1 MiB";
  } else if (is_blank(raw.text)) {
    line.ignored = true;
  }
  return true;
}

Unexpected not_this_format(std::string_view format, const RawLine& first, std::string_view why) {
  return fail(Errc::invalid, "does not look like " + std::string(format) + ": line " + std::to_string(first.number) +
                                 ": " + std::string(why));
}

}  // namespace blotter::feeds
