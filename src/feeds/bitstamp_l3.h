// The feed of a recorded Bitstamp level-3 stream (BTCUSD), read as if every order were ours.
//
// The format and how each of its events is mapped: docs/formats/feeds.md.
#pragma once

#include "blotter/feed.h"
#include "feeds/line_splitter.h"

namespace blotter::feeds {

// Errc: invalid (the first line is none of this format), corrupt, unavailable.
Result<std::unique_ptr<Feed>> open_bitstamp_l3(LineSplitter lines);

}  // namespace blotter::feeds
