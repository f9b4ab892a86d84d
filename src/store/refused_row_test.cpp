#include "store/refused_row.h"

#include <gtest/gtest.h>

#include "store/test_rows.h"

namespace blotter {
namespace {

TEST(RefusedRowTest, WritesARowAsOneJsonObjectInTheOrderOfItsColumns) {
  CashMovementRow row = store_rows::cash(5, "say \"d1\"", "-0.5");
  row.note = std::string("a\0\x1f\xff", 4);
  row.venue = "";
  EXPECT_EQ(row_json(row), R"({"book_id":"b1","seq":5,"account":"A","kind":"deposit","id":"say \"d1\"","asset":"USD",)"
                           R"("amount":"-0.5","symbol":null,"venue":"","note":"a\u0000\u001f\ufffd",)"
                           R"("at":"2015-05-01T00:00:05.000000000Z","received_at":"2015-05-01T00:00:05.000000000Z",)"
                           R"("recorded_at":"2015-05-01T00:00:05.000000000Z"})");
}

TEST(RefusedRowTest, WritesBooleansAndNumbersBareAndAnUnknownEnumeratorAsItsNumber) {
  InstrumentRow row = store_rows::instrument("X", static_cast<AssetClass>(200), nullptr);
  row.inverse = true;
  const std::string json = row_json(row);
  EXPECT_NE(json.find(R"("asset_class":200,"base":null,)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("inverse":true,"mark":null)"), std::string::npos) << json;
}

TEST(RefusedRowTest, NamesTheKeyWithoutTheBook) {
  EXPECT_EQ(row_key(store_rows::fill(7, 1)), "seq=7");
  EXPECT_EQ(row_key(store_rows::balance("USD", "1", 1)), "account=A, asset=USD");
  EXPECT_EQ(row_key(store_rows::order(1, 1)), "order_id=" + to_text(store_rows::order_id(1)));
  EXPECT_EQ(row_key(store_rows::account(std::string("a\\\0\xff", 4))), "account=a\\\\\\x00\\xff");
}

TEST(RefusedRowTest, TakesTheNearestSeqTheRowTells) {
  const Batch batch = store_rows::batch(1, 30);
  EXPECT_EQ(refused(store_rows::fill(7, 1), batch, "why").seq, 7);
  EXPECT_EQ(refused(store_rows::position("1", 8), batch, "why").seq, 8);
  EXPECT_EQ(refused(store_rows::account("A"), batch, "why").seq, 30);
  EXPECT_EQ(refused(store_rows::fill(-7, 1), batch, "why").seq, 30);
}

TEST(RefusedRowTest, AChangeNeverTakesThePlaceOfItsRow) {
  const Batch batch = store_rows::batch(1, 30);
  const RefusedRow row = refused(store_rows::fill(7, 1), batch, "why");
  const RefusedRow change = refused(FillStatusChange{7, FillStatus::corrected}, batch, "why");
  EXPECT_EQ(change.table_name, row.table_name);
  EXPECT_NE(change.row_key, row.row_key);
  EXPECT_EQ(change.content, R"({"seq":7,"status":"corrected"})");
  const RefusedRow release = refused(QuarantineRelease{6}, batch, "why");
  EXPECT_EQ(release.table_name, "quarantine");
  EXPECT_EQ(release.content, R"({"seq":6,"state":"released"})");
}

TEST(RefusedRowTest, PlainTextIsToldFromWhatNeedsALook) {
  for (std::size_t length = 0; length < 40; ++length) {
    std::string text(length, 'x');
    EXPECT_EQ(row_rules::problem_of(text), nullptr);
    for (std::size_t i = 0; i < length; ++i) {
      for (const char bad : {'\0', '\x80', '\xff'}) {
        text[i] = bad;
        EXPECT_NE(row_rules::problem_of(text), nullptr) << length << " " << i;
      }
      for (const char good : {'\x01', '\x7f'}) {
        text[i] = good;
        EXPECT_EQ(row_rules::problem_of(text), nullptr) << length << " " << i;
      }
    }
  }
  EXPECT_EQ(row_rules::problem_of(std::string("\xc3\xa9 \xf0\x9f\x92\xb0")), nullptr);
}

}  // namespace
}  // namespace blotter
