// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace blotter {

// The bytes of the character at the front of `text`, which is not empty; 0 when it is broken.
std::size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace blotter
