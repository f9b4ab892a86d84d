#include "store/postgres/jsonb.h"

#include <gtest/gtest.h>

#include <string>

namespace blotter::postgres {
namespace {

TEST(Jsonb, HoldsWhatIsJson) {
  for (const char* text :
       {"{}", "[]", "null", "true", " { \"a\" : [ 1 , -2.5e+10 , \"x\" , { } ] , \"b\" : null } ", "\"\\u00e9\\n\\/\"",
        "\"\\ud83d\\ude00\"", "0", "-0", "1e-999", "[[[[]]]]", "{\"a\":1,\"a\":2}"}) {
    EXPECT_TRUE(jsonb_holds(text)) << text;
  }
}

TEST(Jsonb, RefusesWhatPostgresWouldRefuse) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[1,]",
                           "[,1]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "tru",
                           "nul",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "1e",
                           "--1",
                           "NaN",
                           "\"",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u0000\"",
                           "\"\\ud83d\"",
                           "\"\\ude00\"",
                           "\"\\ud83dx\"",
                           "\"\\ud83d\\u0041\"",
                           "\"\n\"",
                           "{} {}",
                           "[1 2]",
                           "1e1000",
                           "{]",
                           "[}",
                           "not json"}) {
    EXPECT_FALSE(jsonb_holds(text)) << text;
  }
  EXPECT_FALSE(jsonb_holds(std::string(101, '[') + std::string(101, ']')));
  EXPECT_TRUE(jsonb_holds(std::string(100, '[') + std::string(100, ']')));
  EXPECT_FALSE(jsonb_holds(std::string(201, '1')));
}

}  // namespace
}  // namespace blotter::postgres
