// The feed of a LOBSTER message file (NASDAQ, one stock and one day), read as if every order were ours.
//
// The format and how each of its events is mapped: docs/formats/feeds.md.
#pragma once

#include "blotter/feed.h"
#include "feeds/line_splitter.h"

namespace blotter::feeds {

// Needs options.symbol and options.date, because the file has neither.
// Errc: invalid (an option is missing or wrong, the first line is none of this format), corrupt, unavailable.
Result<std::unique_ptr<Feed>> open_lobster(LineSplitter lines, const FeedOptions& options);

}  // namespace blotter::feeds
