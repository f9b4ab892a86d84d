// For the tests of the doctors: one check of the many that were made.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "blotter/result.h"
#include "store/health_check.h"

namespace blotter {

inline HealthCheck named_check(const Result<std::vector<HealthCheck>>& checks, const std::string& name) {
  EXPECT_TRUE(checks) << checks.error().message;
  if (!checks) return {};
  for (const HealthCheck& each : *checks) {
    if (each.name == name) return each;
  }
  ADD_FAILURE() << "no check is called " << name;
  return {};
}

}  // namespace blotter
