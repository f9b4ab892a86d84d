// What a store's URL leads to: the one place that reads its scheme.
#pragma once

#include <cstdint>
#include <string_view>

namespace blotter {

enum class StoreKind : std::uint8_t { unknown, memory, sqlite, postgres };

// PostgreSQL: postgresql://…, postgres://…, and libpq's "keyword=value …".
StoreKind store_kind(std::string_view url);

}  // namespace blotter
