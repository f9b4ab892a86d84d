#include "store/store_kind.h"

#include <gtest/gtest.h>

namespace blotter {
namespace {

TEST(StoreKindTest, IsReadFromTheUrl) {
  struct {
    const char* url;
    StoreKind kind;
  } constexpr kCases[] = {
      {"memory:", StoreKind::memory},
      {"sqlite:blotter.db", StoreKind::sqlite},
      {"sqlite:", StoreKind::unknown},
      {"postgresql://db.example/blotter", StoreKind::postgres},
      {"postgres://", StoreKind::postgres},
      {"host=db.example dbname=blotter", StoreKind::postgres},
      {"  service = blotter", StoreKind::postgres},
      {"", StoreKind::unknown},
      {"none", StoreKind::unknown},
      {"./blotter.db", StoreKind::unknown},
      {"./a=b.db", StoreKind::unknown},
      {"mysql://db.example/blotter?a=b", StoreKind::unknown},
  };
  for (const auto& each : kCases) EXPECT_EQ(store_kind(each.url), each.kind) << each.url;
}

}  // namespace
}  // namespace blotter
