// HealthCheck: one thing that was looked at, and what to do about it.
//
// What `blotter doctor` shows. The checks of a database are in its folder.
#pragma once

#include <boost/describe/enum.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace blotter {

enum class HealthLevel : std::uint8_t {
  ok,
  skipped,  // could not be looked at: the value says why
  warn,
  crit,
};
BOOST_DESCRIBE_ENUM(HealthLevel, ok, skipped, warn, crit)

struct HealthCheck {
  std::string name;
  HealthLevel level = HealthLevel::ok;
  std::string value;      // what was found
  std::string threshold;  // from where on it is bad
  std::string advice;     // what to do; empty when nothing is
};

// Whether a check of that name exists, of whatever store: for people who want to ignore one.
bool is_health_check(std::string_view name);

// The free share of the file system that holds `path`: WARN below 20 %, CRIT below 10 %.
HealthCheck disk_free(std::string name, const std::string& path);

// 1536 -> "1.5 KiB"; for people.
std::string shown_bytes(std::uint64_t bytes);

}  // namespace blotter
