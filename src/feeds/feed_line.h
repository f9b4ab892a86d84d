// What every feed does with a line before it looks inside.
#pragma once

#include <string>
#include <string_view>

#include "blotter/feed.h"
#include "feeds/line_splitter.h"

namespace blotter::feeds {

// Reads the next line and makes `line` ready for it: emptied, numbered, blank lines ignored, too long ones invalid.
// False at the end. Errc: as ByteSource::read.
Result<bool> begin_line(LineSplitter& lines, RawLine& raw, FeedLine& line);

// The refusal of a whole source because of its first line.
Unexpected not_this_format(std::string_view format, const RawLine& first, std::string_view why);

}  // namespace blotter::feeds
