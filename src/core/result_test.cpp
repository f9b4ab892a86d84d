#include "blotter/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace blotter {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) return fail(Errc::invalid, std::to_string(number) + " is odd");
  return number / 2;
}

Result<void> must_be_even(int number) {
  BLOTTER_TRY(half_of(number));
  return {};
}

Result<std::string> quarter_of(int number) {
  BLOTTER_ASSIGN(const int half, half_of(number));
  BLOTTER_TRY(must_be_even(half));
  BLOTTER_ASSIGN(const int quarter, half_of(half));
  return std::to_string(quarter);
}

TEST(Result, HoldsAValueOrSaysWhatWentWrong) {
  EXPECT_EQ(*half_of(6), 3);
  const auto odd = half_of(7);
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().code, Errc::invalid);
  EXPECT_EQ(odd.error().message, "7 is odd");
}

TEST(Result, HandsTheFirstErrorUpUnchanged) {
  EXPECT_EQ(*quarter_of(12), "3");
  EXPECT_EQ(quarter_of(3).error().message, "3 is odd");
  EXPECT_EQ(quarter_of(6).error().message, "3 is odd");
  EXPECT_TRUE(must_be_even(2).has_value());
  EXPECT_EQ(must_be_even(5).error().message, "5 is odd");
}

TEST(Result, MovesAValueThatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 5);
}

TEST(Result, KeepsAValueOfTheErrorsOwnTypeApart) {
  const Result<Error> value(Error{Errc::stale, "a value"});
  EXPECT_TRUE(value.has_value());
  EXPECT_EQ(value->message, "a value");
}

TEST(ResultDeathTest, AbortsWhenTheWrongSideIsRead) {
  EXPECT_DEATH(static_cast<void>(half_of(7).value()),
               "result\\.h:[0-9]+: this must hold and does not: has_value\\(\\)");
  EXPECT_DEATH(static_cast<void>(half_of(6).error()), "must hold");
  EXPECT_DEATH(static_cast<void>(must_be_even(6).error()), "must hold");
}

TEST(Errc, HasADistinctNameForEveryCode) {
  std::set<std::string> names;
  for (int code = 0; code <= static_cast<int>(Errc::fenced); ++code) names.insert(name_of(static_cast<Errc>(code)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Errc::fenced) + 1);
  EXPECT_STREQ(name_of(Errc::in_doubt), "in_doubt");
}

}  // namespace
}  // namespace blotter
