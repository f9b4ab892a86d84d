// Events and reports as JSON text, for people: quarantine, `events`, `journal dump`.
//
// Decimals, instants and ids are texts, absent optionals are left out, members come in the order of their description.
#pragma once

#include <string>
#include <string_view>

#include "blotter/report.h"
#include "core/event.h"

namespace blotter {

// "fill_booked", "order_opened", …
std::string_view event_name(const Event& event);

// {"type":"fill_booked", …}. Registered things appear by number.
std::string render_json(const Event& event);

// {"type":"fill", …}
std::string render_json(const Report& report);

// A quoted JSON string; control characters escaped, bytes that are no UTF-8 as U+FFFD (the journal keeps them as they
// are).
void append_json_string(std::string& out, std::string_view text);

}  // namespace blotter
