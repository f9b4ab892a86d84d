// Small questions about foreign text that the feeds share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace blotter::feeds {

// An ASCII control character is inside.
bool has_control_character(std::string_view text);

// 'text' in quotes for a message: cut to a readable length, control characters and broken bytes shown as '?'.
std::string quoted(std::string_view text);

// Decimal digits only, nothing else, that fit. False otherwise.
bool parse_digits(std::string_view text, std::uint64_t& out);

}  // namespace blotter::feeds
