// The operator's questions to a SQLite store.
#pragma once

#include <string>
#include <vector>

#include "blotter/result.h"
#include "store/health_check.h"

namespace blotter::sqlite {

// Reads only; beside a writer too. Reads the whole file once (quick_check). Errc: not_found (no such file), corrupt
// (not a SQLite database), unavailable.
Result<std::vector<HealthCheck>> examine(const std::string& path);

}  // namespace blotter::sqlite
