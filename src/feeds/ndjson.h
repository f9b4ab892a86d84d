// The feed of our own report format, one JSON object a line (docs/formats/report.md).
#pragma once

#include "blotter/feed.h"
#include "feeds/line_splitter.h"

namespace blotter::feeds {

// Errc: invalid (the first line that is not blank is no JSON object), corrupt, unavailable.
Result<std::unique_ptr<Feed>> open_ndjson(LineSplitter lines);

}  // namespace blotter::feeds
