// For the tests of the doctor: one check of many, and looking again until it says what it has to.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "store/named_check_test.h"
#include "store/postgres/doctor.h"
#include "store/postgres/postgres_schema_test.h"

namespace blotter::postgres {

using testing::HasSubstr;

inline HealthCheck check_of(const StoreOptions& options, const std::string& name,
                            const DoctorThresholds& thresholds = {}) {
  return named_check(examine(options, thresholds), name);
}

// Looks until the level is there.
inline HealthCheck check_until(const StoreOptions& options, const std::string& name, HealthLevel level,
                               const DoctorThresholds& thresholds = {}) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  HealthCheck found = check_of(options, name, thresholds);
  while (found.level != level && std::chrono::steady_clock::now() < deadline) {
    found = check_of(options, name, thresholds);
  }
  EXPECT_EQ(found.level, level) << name << ": " << found.value;
  return found;
}

inline StoreOptions options_for(const std::string& url) {
  StoreOptions options;
  options.url = url;
  return options;
}

// With a database of its own, migrated.
class DoctorTest : public PostgresSchemaTest {
 protected:
  void SetUp() override { migrate(); }

  HealthCheck check(const std::string& name, const DoctorThresholds& thresholds = {}) const {
    return check_of(options(), name, thresholds);
  }
  HealthCheck eventually(const std::string& name, HealthLevel level, const DoctorThresholds& thresholds = {}) const {
    return check_until(options(), name, level, thresholds);
  }
  // A session's statistics are told when it is idle for long, or asked to.
  void run_counted(const std::string& sql) {
    run(sql);
    run("SELECT pg_stat_force_next_flush()");
  }
};

}  // namespace blotter::postgres
