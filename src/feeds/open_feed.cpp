#include "blotter/feed.h"
#include "feeds/bitstamp_l3.h"
#include "feeds/lobster.h"
#include "feeds/ndjson.h"
#include "feeds/text.h"

namespace blotter {

Result<std::unique_ptr<Feed>> open_feed(std::string_view format, std::unique_ptr<ByteSource> source,
                                        const FeedOptions& options) {
  if (format == "ndjson") return feeds::open_ndjson(feeds::LineSplitter(std::move(source)));
  if (format == "bitstamp-l3") return feeds::open_bitstamp_l3(feeds::LineSplitter(std::move(source)));
  if (format == "lobster") return feeds::open_lobster(feeds::LineSplitter(std::move(source)), options);
  return fail(Errc::invalid, "format: " + feeds::quoted(format) + " is not one of ndjson, bitstamp-l3, lobster");
}

}  // namespace blotter
