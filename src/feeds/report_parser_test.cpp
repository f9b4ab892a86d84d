#include "feeds/report_parser.h"

#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

#include "feeds/feed_fixture_test.h"

namespace blotter::feeds {
namespace {

std::string problem_of(std::string_view line) {
  ReportParser parser;
  std::vector<Report> reports;
  std::string problem;
  const bool taken = parser.parse(line, reports, problem);
  EXPECT_EQ(taken, reports.size() == 1) << line;
  EXPECT_EQ(taken, problem.empty()) << line;
  return problem;
}

template <class R>
R parse(std::string_view line) {
  ReportParser parser;
  std::vector<Report> reports;
  std::string problem;
  EXPECT_TRUE(parser.parse(line, reports, problem)) << line << "\n" << problem;
  if (reports.size() != 1 || !std::holds_alternative<R>(reports[0])) {
    ADD_FAILURE() << line;
    return R{};
  }
  return std::get<R>(reports[0]);
}

Decimal decimal(std::string_view text) { return *Decimal::parse(text); }

constexpr std::string_view kOrder =
    R"({"type":"order","account":"A","at":1,"client_order_id":"c","symbol":"S","venue":"V","side":"buy","quantity":"2",)"
    R"("order_type":"limit","limit_price":"3"})";
constexpr std::string_view kFill =
    R"({"type":"fill","account":"A","at":1,"exec_id":"x","client_order_id":"c","symbol":"S","venue":"V","side":"sell",)"
    R"("quantity":"2","price":"3"})";

// The line with one member's value replaced, or the member added.
std::string with(std::string_view line, const std::string& key, const std::string& value) {
  std::string text(line);
  const std::string name = "\"" + key + "\":";
  const std::size_t at = text.find(name);
  if (at == std::string::npos) return text.substr(0, text.size() - 1) + "," + name + value + "}";
  const std::size_t from = at + name.size();
  const std::size_t to = text[from] == '"' ? text.find('"', from + 1) + 1 : text.find_first_of(",}", from);
  return text.replace(from, to - from, value);
}

std::string without(std::string_view line, const std::string& key) {
  std::string text = with(line, key, "null");
  return text;
}

TEST(ReportParser, TakesEveryExampleOfItsDocument) {
  const auto lines = report_examples();
  EXPECT_GE(lines.size(), 15u);
  std::vector<Report> reports;
  std::string problem;
  ReportParser parser;
  for (const auto& line : lines) EXPECT_TRUE(parser.parse(line, reports, problem)) << line << "\n" << problem;
  std::vector<bool> seen(std::variant_size_v<Report>, false);
  for (const auto& report : reports) seen[report.index()] = true;
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_TRUE(seen[i]) << "no example of alternative " << i;
}

TEST(ReportParser, EveryFieldOfEveryTypeIsDocumented) {
  const std::string page = read_file(BLOTTER_PROJECT_ROOT "/docs/formats/report.md");
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<ReportType>>([&](auto type) {
    const std::size_t begin = page.find("\n## " + std::string(type.name) + "\n");
    ASSERT_NE(begin, std::string::npos) << type.name;
    const std::string section = page.substr(begin, page.find("\n## ", begin + 1) - begin);
    const FieldShape& shape = shape_of(type.value);
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<Field>>([&](auto field) {
      const bool everywhere = field.value == Field::type || field.value == Field::at ||
                              (field.value == Field::account && shape.required.has(field.value));
      if (everywhere || !(shape.required | shape.optional).has(field.value)) return;
      EXPECT_NE(section.find("`" + std::string(field.name) + "`"), std::string::npos) << type.name << " " << field.name;
    });
  });
}

TEST(ReportParser, ReadsAnOrderWhole) {
  const auto order = parse<OrderReport>(
      R"({"metadata" : { "a" : [1, {"b" : "x y"}], "c":"\u00e9\"" }, "strategy":"st","reduce_only":true,"post_only":true,)"
      R"("tif":"ioc","stop_price":-1.5,"limit_price":"2e-8","order_type":"stop_limit","quantity":0.00000001,)"
      R"("side":"sell","asset_class":"crypto","currency":"USDT","venue":"V","symbol":"S","venue_order_id":"v",)"
      R"("client_order_id":"c\u00e9\ud83d\ude00","at":"1970-01-01T00:00:01+00:00","account":"A","type":"order"})");
  EXPECT_EQ(order.account, "A");
  EXPECT_EQ(order.at.ns, kNsPerSecond);
  EXPECT_EQ(order.order.client_order_id, "c\xc3\xa9\xf0\x9f\x98\x80");
  EXPECT_EQ(order.order.venue_order_id, "v");
  EXPECT_EQ(order.instrument.symbol, "S");
  EXPECT_EQ(order.instrument.venue, "V");
  EXPECT_EQ(order.instrument.quote.text(), "USDT");
  EXPECT_EQ(order.instrument.asset_class, AssetClass::crypto);
  EXPECT_EQ(order.side, Side::sell);
  EXPECT_EQ(order.quantity.value(), decimal("0.00000001"));
  EXPECT_EQ(order.order_type, OrderType::stop_limit);
  EXPECT_EQ(order.limit_price->value(), decimal("0.00000002"));
  EXPECT_EQ(order.stop_price->value(), decimal("-1.5"));
  EXPECT_EQ(order.tif, TimeInForce::ioc);
  EXPECT_TRUE(order.post_only);
  EXPECT_TRUE(order.reduce_only);
  EXPECT_EQ(order.strategy, "st");
  EXPECT_EQ(order.metadata, R"({"a":[1,{"b":"x y"}],"c":"\u00e9\""})");
}

TEST(ReportParser, LeavesOutWhatTheLineLeavesOut) {
  const auto order = parse<OrderReport>(kOrder);
  EXPECT_FALSE(order.stop_price);
  EXPECT_EQ(order.tif, TimeInForce::day);
  EXPECT_TRUE(order.metadata.empty());
  EXPECT_TRUE(order.instrument.quote.empty());
  EXPECT_FALSE(order.instrument.asset_class);
  const auto fill = parse<FillReport>(kFill);
  EXPECT_TRUE(fill.fee.is_zero());
  EXPECT_TRUE(fill.fee_asset.empty());
  EXPECT_EQ(fill.liquidity, Liquidity::unknown);
  EXPECT_TRUE(parse<FillReport>(with(kFill, "fee", "null")).fee.is_zero());
}

TEST(ReportParser, TakesDecimalsDigitForDigit) {
  EXPECT_EQ(parse<FillReport>(with(kFill, "price", "1.7885566900000001")).price.value(), decimal("1.7885566900000001"));
  EXPECT_EQ(parse<FillReport>(with(kFill, "quantity", "1e-8")).quantity.value(), decimal("0.00000001"));
  EXPECT_EQ(parse<FillReport>(with(kFill, "quantity", "\"0.000000000000000001\"")).quantity.value().units(), Int128{1});
  EXPECT_EQ(parse<FillReport>(with(kFill, "price", "123456789012345678.901234567890123456")).price.value(),
            decimal("123456789012345678.901234567890123456"));
  EXPECT_EQ(parse<FillReport>(with(kFill, "fee", "-0.10")).fee, decimal("-0.1"));
  for (const char* number : {"NaN", "Infinity", "1e309", "1e21", "-1e999999999", "0x10", "01", "1.", ".5", "+1", "1e",
                             "1e-19", "\"\"", "\"1,5\"", "\"NaN\"", "true", "[1]", "1 2"}) {
    EXPECT_NE(problem_of(with(kFill, "price", number)), "") << number;
  }
}

TEST(ReportParser, NamesTheFieldAndTheReason) {
  EXPECT_EQ(problem_of(with(kOrder, "quantity", "0")), "quantity: must be positive");
  EXPECT_EQ(problem_of(with(kOrder, "quantity", "\"-1\"")), "quantity: must be positive");
  EXPECT_EQ(problem_of(with(kOrder, "side", "\"BUY\"")), "side: 'BUY' is not one of buy, sell");
  EXPECT_EQ(problem_of(with(kOrder, "side", "1")), "side: must be a string, not a number");
  EXPECT_EQ(problem_of(with(kOrder, "quantty", "1")), "unknown field 'quantty'");
  EXPECT_EQ(problem_of(with(kOrder, "fee", "1")), "unknown field 'fee' in a line of type order");
  EXPECT_EQ(problem_of(without(kOrder, "side")), "missing field 'side'");
  EXPECT_EQ(problem_of(without(kOrder, "type")), "missing field 'type'");
  EXPECT_EQ(problem_of(with(kOrder, "type", "\"orders\"")),
            "type: 'orders' is not one of order, order_status, fill, bust, correct, fee, cash, mark, split, "
            "instrument, account, audit");
  EXPECT_EQ(problem_of(with(kOrder, "account", "\"\"")), "account: must not be empty");
  EXPECT_EQ(problem_of(without(kOrder, "limit_price")), "limit_price: a limit order needs one");
  EXPECT_EQ(problem_of(with(kOrder, "order_type", "\"stop\"")), "stop_price: a stop order needs one");
  EXPECT_EQ(problem_of(without(kFill, "client_order_id")), "client_order_id: this or venue_order_id is needed");
  EXPECT_EQ(problem_of(with(kOrder, "post_only", "1")), "post_only: must be true or false, not a number");
  EXPECT_EQ(problem_of(with(kOrder, "metadata", "\"x\"")), "metadata: must be an object, not a string");
  EXPECT_EQ(problem_of(with(kOrder, "account", "\"a\\nb\"")), "account: must not contain control characters");
  EXPECT_EQ(problem_of(with(with(kOrder, "quote", "\"USD\""), "currency", "\"USD\"")),
            "currency: says the same as quote; give one of them");
  EXPECT_EQ(problem_of(std::string(kOrder).insert(1, R"("side":"buy",)")), "field 'side' is there twice");
  EXPECT_EQ(problem_of(std::string(kOrder).insert(1, R"("side":null,)")), "field 'side' is there twice");
  EXPECT_EQ(problem_of("{} x"), "not JSON: something follows the object at byte 4");
}

TEST(ReportParser, HoldsTheLimitsOfLength) {
  const auto text = [](std::size_t size) { return "\"" + std::string(size, 'n') + "\""; };
  EXPECT_EQ(problem_of(with(kOrder, "account", text(256))), "");
  EXPECT_EQ(problem_of(with(kOrder, "account", text(257))), "account: longer than 256 bytes");
  constexpr std::string_view kCash =
      R"({"type":"cash","account":"A","at":1,"id":"i","asset":"USD","amount":"-1","kind":"fee"})";
  EXPECT_EQ(problem_of(with(kCash, "note", text(4096))), "");
  EXPECT_EQ(problem_of(with(kCash, "note", text(4097))), "note: longer than 4096 bytes");
  EXPECT_EQ(problem_of(with(kCash, "asset", text(23))), "");
  EXPECT_NE(problem_of(with(kCash, "asset", text(24))), "");
  EXPECT_EQ(problem_of(with(kCash, "amount", "0.00")), "amount: must not be zero");
  EXPECT_EQ(problem_of(with(kOrder, "metadata", "{\"a\":" + text(4088) + "}")), "");
  EXPECT_NE(problem_of(with(kOrder, "metadata", "{\"a\":" + text(4090) + "}")), "");
}

TEST(ReportParser, ReadsASplitsRatioFromBothSides) {
  constexpr std::string_view kSplit = R"({"type":"split","at":1,"symbol":"S","venue":"V","ratio":"4/1"})";
  EXPECT_EQ(parse<SplitReport>(kSplit).numerator, Decimal(4));
  EXPECT_EQ(parse<SplitReport>(with(kSplit, "ratio", "\"1/1.5\"")).denominator, decimal("1.5"));
  for (const char* ratio : {"\"4\"", "\"4/0\"", "\"0/4\"", "\"-4/1\"", "\"4/1/2\"", "\"/\"", "\"\"", "4"}) {
    EXPECT_NE(problem_of(with(kSplit, "ratio", ratio)), "") << ratio;
  }
}

constexpr std::string_view kAudit = R"({"type":"audit","at":1,"component":"gate","action":"refused"})";

TEST(ReportParser, ReadsAnAuditEntryWhole) {
  const auto entry = parse<AuditReport>(
      R"({"type":"audit","at":"1970-01-01T00:00:01Z","component":"gate","action":"refused","id":"a-1","user":"ann",)"
      R"("session":"s","severity":"critical","details":{ "limit" : [1, 2.50], "who": null }})");
  EXPECT_EQ(entry.at.ns, kNsPerSecond);
  EXPECT_EQ(entry.component, "gate");
  EXPECT_EQ(entry.action, "refused");
  EXPECT_EQ(entry.id, "a-1");
  EXPECT_EQ(entry.user_id, "ann");
  EXPECT_EQ(entry.session_id, "s");
  EXPECT_EQ(entry.severity, AuditSeverity::critical);
  EXPECT_EQ(entry.details, R"({"limit":[1,2.50],"who":null})");
  const auto least = parse<AuditReport>(kAudit);
  EXPECT_TRUE(least.id.empty() && least.details.empty() && least.user_id.empty() && least.session_id.empty());
  EXPECT_EQ(least.severity, AuditSeverity::info);
}

TEST(ReportParser, RefusesAnAuditEntryThatDoesNotSayWhoDidWhat) {
  EXPECT_EQ(problem_of(without(kAudit, "component")), "missing field 'component'");
  EXPECT_EQ(problem_of(with(kAudit, "action", "\"\"")), "action: must not be empty");
  EXPECT_EQ(problem_of(with(kAudit, "details", "\"x\"")), "details: must be an object, not a string");
  EXPECT_EQ(problem_of(with(kAudit, "details", "[]")), "details: must be an object, not an array");
  EXPECT_EQ(problem_of(with(kAudit, "severity", "\"fatal\"")),
            "severity: 'fatal' is not one of debug, info, warning, error, critical");
  EXPECT_EQ(problem_of(with(kAudit, "user_id", "\"ann\"")), "unknown field 'user_id'");
  EXPECT_EQ(problem_of(with(kAudit, "account", "\"A\"")), "unknown field 'account' in a line of type audit")
      << "it would be lost";
  EXPECT_NE(problem_of(with(kAudit, "details", R"({"a":"\u0000"})")), "") << "no database keeps it";
  EXPECT_NE(problem_of(with(kAudit, "session", "\"" + std::string(257, 's') + "\"")), "");
}

TEST(ReportParser, WantsWhatAnInverseContractNeeds) {
  constexpr std::string_view kInstrument =
      R"({"type":"instrument","at":1,"symbol":"S","venue":"V","asset_class":"perpetual","quote":"USD","inverse":true})";
  EXPECT_EQ(problem_of(kInstrument), "base: an inverse contract needs its base or settle asset");
  EXPECT_TRUE(parse<InstrumentReport>(with(kInstrument, "base", "\"BTC\"")).inverse);
  EXPECT_EQ(problem_of(with(with(kInstrument, "base", "\"BTC\""), "multiplier", "0")), "multiplier: must be positive");
  EXPECT_EQ(problem_of(with(kInstrument, "quote", "null")), "quote: an instrument needs its quote currency");
  EXPECT_EQ(parse<InstrumentReport>(with(kInstrument, "settle", "\"BTC\"")).multiplier, Decimal(1));
}

TEST(ReportParser, RefusesACorrectionThatKeepsItsName) {
  EXPECT_EQ(problem_of(R"({"type":"correct","account":"A","at":1,"exec_id":"x","new_exec_id":"x","price":1})"),
            "new_exec_id: must differ from exec_id");
}

}  // namespace
}  // namespace blotter::feeds
