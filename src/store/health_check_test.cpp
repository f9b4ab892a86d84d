#include "store/health_check.h"

#include <gtest/gtest.h>

namespace blotter {
namespace {

TEST(HealthCheckTest, ShowsBytesForPeople) {
  EXPECT_EQ(shown_bytes(0), "0 B");
  EXPECT_EQ(shown_bytes(1023), "1023 B");
  EXPECT_EQ(shown_bytes(1024), "1.0 KiB");
  EXPECT_EQ(shown_bytes(1536), "1.5 KiB");
  EXPECT_EQ(shown_bytes(64ull << 20), "64.0 MiB");
  EXPECT_EQ(shown_bytes(3ull << 40), "3.0 TiB");
  EXPECT_EQ(shown_bytes(UINT64_MAX).ends_with(" PiB"), true);
}

TEST(HealthCheckTest, SaysWhenAPathCannotBeSeen) {
  const HealthCheck check = disk_free("disk", "/nonexistent/path");
  EXPECT_EQ(check.level, HealthLevel::skipped);
  EXPECT_NE(check.value.find("/nonexistent/path"), std::string::npos);
}

TEST(HealthCheckTest, MeasuresTheDiskOfAPath) {
  const HealthCheck check = disk_free("disk", "/");
  EXPECT_NE(check.level, HealthLevel::skipped);
  EXPECT_NE(check.value.find("% ("), std::string::npos) << check.value;
}

}  // namespace
}  // namespace blotter
