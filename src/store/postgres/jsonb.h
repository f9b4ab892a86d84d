// Whether PostgreSQL can hold a text as JSONB, told before it is asked: a value that it refuses costs the whole batch.
//
// Stricter than PostgreSQL where its limits are far away (nesting, size of numbers), never laxer. The text is UTF-8.
#pragma once

#include <string_view>

namespace blotter::postgres {

bool jsonb_holds(std::string_view text);

}  // namespace blotter::postgres
