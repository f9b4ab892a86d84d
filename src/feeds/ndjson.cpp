#include "feeds/ndjson.h"

#include "feeds/feed_line.h"
#include "feeds/report_parser.h"

namespace blotter::feeds {
namespace {

class NdjsonFeed final : public Feed {
 public:
  explicit NdjsonFeed(LineSplitter lines) : lines_(std::move(lines)) {}

  Result<bool> next(FeedLine& line) override {
    RawLine raw;
    BLOTTER_ASSIGN(const bool more, begin_line(lines_, raw, line));
    if (!more || !line.invalid.empty() || line.ignored) return more;
    parser_.parse(raw.text, line.reports, line.invalid);
    return true;
  }

 private:
  LineSplitter lines_;
  ReportParser parser_;
};

}  // namespace

Result<std::unique_ptr<Feed>> open_ndjson(LineSplitter lines) {
  BLOTTER_ASSIGN(const RawLine first, lines.peek());
  std::string problem;
  if (first.too_long) return not_this_format("ndjson", first, "the line is longer than 1 MiB");
  if (first.number != 0 && !is_json_object(first.text, problem)) return not_this_format("ndjson", first, problem);
  return std::unique_ptr<Feed>(std::make_unique<NdjsonFeed>(std::move(lines)));
}

}  // namespace blotter::feeds
