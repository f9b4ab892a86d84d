#include "feeds/lobster.h"

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>

#include "core/utf8.h"
#include "feeds/feed_line.h"
#include "feeds/new_york_time.h"
#include "feeds/report_parser.h"
#include "feeds/text.h"

namespace blotter::feeds {
namespace {

constexpr std::string_view kAccount = "LOBSTER";
constexpr std::size_t kColumns = 6;
// Prices are in units of 1/10,000 dollar.
constexpr std::int64_t kUnitsPerTick = Decimal::kUnitsPerOne / 10'000;

enum class Kind : std::uint8_t { submitted = 1, reduced, deleted, executed, executed_hidden, cross, halt };

struct Message {
  std::int64_t ns_after_midnight = 0;
  Kind kind = Kind::halt;
  std::uint64_t id = 0;
  std::string_view id_text;
  std::uint64_t size = 0;
  std::int64_t ticks = 0;
  bool sell = false;
};

// "34200.004241176": seconds with up to nine decimals, within a day.
bool parse_seconds(std::string_view text, std::int64_t& ns) {
  const std::size_t point = text.find('.');
  std::uint64_t seconds = 0;
  if (!parse_digits(text.substr(0, point), seconds) || seconds >= 86'400) return false;
  std::uint64_t fraction = 0;
  if (point != std::string_view::npos) {
    const std::string_view digits = text.substr(point + 1);
    if (digits.size() > 9 || !parse_digits(digits, fraction)) return false;
    for (std::size_t i = digits.size(); i < 9; ++i) fraction *= 10;
  }
  ns = static_cast<std::int64_t>(seconds * 1'000'000'000 + fraction);
  return true;
}

bool parse_ticks(std::string_view text, std::int64_t& ticks) {
  constexpr std::uint64_t kTicksMax = 1'000'000'000'000;
  const bool negative = text.starts_with('-');
  std::uint64_t digits = 0;
  if (!parse_digits(text.substr(negative ? 1 : 0), digits) || digits > kTicksMax) return false;
  ticks = negative ? -static_cast<std::int64_t>(digits) : static_cast<std::int64_t>(digits);
  return true;
}

bool split(std::string_view text, std::array<std::string_view, kColumns>& columns) {
  for (std::size_t i = 0; i < kColumns; ++i) {
    const std::size_t comma = text.find(',');
    if ((comma == std::string_view::npos) != (i + 1 == kColumns)) return false;
    columns[i] = text.substr(0, comma);
    text.remove_prefix(i + 1 == kColumns ? text.size() : comma + 1);
  }
  return true;
}

bool parse_message(std::string_view text, Message& out, std::string& problem) {
  // More shares than anybody has issued; keeps every sum within a Decimal.
  constexpr std::uint64_t kSizeMax = 1'000'000'000'000;
  std::array<std::string_view, kColumns> columns;
  std::uint64_t kind = 0;
  if (!split(text, columns)) {
    problem = "expected six columns: time, type, order id, size, price, direction";
  } else if (!parse_seconds(columns[0], out.ns_after_midnight)) {
    problem = "time: " + quoted(columns[0]) + " is not a number of seconds after midnight";
  } else if (!parse_digits(columns[1], kind) || kind < 1 || kind > 7) {
    problem = "type: " + quoted(columns[1]) + " is not 1 to 7";
  } else if (!parse_digits(columns[3], out.size) || out.size > kSizeMax) {
    problem = "size: " + quoted(columns[3]) + " is not a number of shares";
  } else if (!parse_ticks(columns[4], out.ticks)) {
    problem = "price: " + quoted(columns[4]) + " is not a number of 1/10,000 dollar";
  } else if (columns[5] != "1" && columns[5] != "-1") {
    problem = "direction: " + quoted(columns[5]) + " is not 1 (buy) or -1 (sell)";
  } else {
    out.kind = static_cast<Kind>(kind);
    out.id_text = columns[2];
    out.sell = columns[5] == "-1";
    // Halts and crosses carry placeholders where the others carry an order and a size.
    if (out.kind == Kind::cross || out.kind == Kind::halt) return true;
    if (!parse_digits(out.id_text, out.id)) problem = "order id: " + quoted(out.id_text) + " is not a whole number";
    if (out.size == 0) problem = "size: must be positive";
  }
  return problem.empty();
}

// What the file has said of an order that is still there.
struct Live {
  std::uint64_t total = 0;
  std::uint64_t remaining = 0;
};

class LobsterFeed final : public Feed {
 public:
  LobsterFeed(LineSplitter lines, InstrumentName instrument, Timestamp midnight)
      : lines_(std::move(lines)), instrument_(std::move(instrument)), midnight_(midnight) {}

  Result<bool> next(FeedLine& line) override {
    RawLine raw;
    BLOTTER_ASSIGN(const bool more, begin_line(lines_, raw, line));
    if (!more || !line.invalid.empty() || line.ignored) return more;
    Message message;
    if (parse_message(raw.text, message, line.invalid)) translate(message, line);
    return true;
  }

 private:
  void translate(const Message& message, FeedLine& line) {
    switch (message.kind) {
      case Kind::submitted:
        submitted(message, line);
        return;
      case Kind::reduced:
        reduced(message, line);
        return;
      case Kind::deleted:
        deleted(message, line);
        return;
      case Kind::executed:
        executed(message, line);
        return;
      case Kind::executed_hidden:
        fill(message, "hidden-" + std::to_string(line.number), line);
        return;
      case Kind::cross:
      case Kind::halt:
        line.ignored = true;
        return;
    }
  }

  void submitted(const Message& message, FeedLine& line) {
    live_.try_emplace(message.id, Live{message.size, message.size});
    OrderReport report;
    report.account = kAccount;
    report.at = time_of(message);
    report.order.client_order_id = message.id_text;
    report.instrument = instrument_;
    report.side = message.sell ? Side::sell : Side::buy;
    report.quantity = shares(message.size);
    report.limit_price = price_of(message);
    line.reports.emplace_back(std::move(report));
  }

  void reduced(const Message& message, FeedLine& line) {
    const auto found = live_.find(message.id);
    if (found == live_.end()) return quarantine("a reduction", message, line);
    Live& live = found->second;
    if (message.size >= live.remaining) return deleted(message, line);
    live.total -= message.size;
    live.remaining -= message.size;
    status(message, OrdStatus::replaced, line).quantity = shares(live.total);
  }

  void deleted(const Message& message, FeedLine& line) {
    if (live_.erase(message.id) == 0) return quarantine("a deletion", message, line);
    status(message, OrdStatus::canceled, line);
  }

  void executed(const Message& message, FeedLine& line) {
    fill(message, message.id_text, line);
    const auto found = live_.find(message.id);
    if (found == live_.end()) return;
    if (message.size >= found->second.remaining) {
      live_.erase(found);
    } else {
      found->second.remaining -= message.size;
    }
  }

  void fill(const Message& message, std::string_view client_order_id, FeedLine& line) const {
    FillReport report;
    report.account = kAccount;
    report.at = time_of(message);
    report.exec_id = std::to_string(line.number);
    report.order.client_order_id = client_order_id;
    report.instrument = instrument_;
    report.side = message.sell ? Side::sell : Side::buy;
    report.quantity = shares(message.size);
    report.price = price_of(message);
    line.reports.emplace_back(std::move(report));
  }

  OrderStatusReport& status(const Message& message, OrdStatus status, FeedLine& line) const {
    OrderStatusReport report;
    report.account = kAccount;
    report.at = time_of(message);
    report.order.client_order_id = message.id_text;
    report.status = status;
    return std::get<OrderStatusReport>(line.reports.emplace_back(std::move(report)));
  }

  void quarantine(std::string_view what, const Message& message, FeedLine& line) const {
    line.quarantine.assign(what).append(" of an order never seen: ").append(message.id_text);
    line.account = kAccount;
    line.at = time_of(message);
  }

  Timestamp time_of(const Message& message) const { return Timestamp{midnight_.ns + message.ns_after_midnight}; }
  static Price price_of(const Message& message) {
    return Price(Decimal::from_units(Int128{message.ticks} * kUnitsPerTick));
  }
  static Quantity shares(std::uint64_t count) { return Quantity(Decimal(static_cast<std::int64_t>(count))); }

  LineSplitter lines_;
  InstrumentName instrument_;
  Timestamp midnight_;
  boost::unordered_flat_map<std::uint64_t, Live> live_;
};

}  // namespace

Result<std::unique_ptr<Feed>> open_lobster(LineSplitter lines, const FeedOptions& options) {
  if (options.symbol.empty()) return fail(Errc::invalid, "lobster needs the option symbol (the file does not say it)");
  if (options.date.empty()) return fail(Errc::invalid, "lobster needs the option date (the file does not say it)");
  if (options.symbol.size() > kNameBytesMax || !is_utf8(options.symbol) || has_control_character(options.symbol)) {
    return fail(Errc::invalid, "symbol: " + quoted(options.symbol) + " is not a name");
  }
  const auto midnight = new_york_midnight(options.date);
  if (!midnight) return fail(Errc::invalid, "date: " + midnight.error().message);
  BLOTTER_ASSIGN(const RawLine first, lines.peek());
  Message message;
  std::string problem;
  if (first.number != 0 && !parse_message(first.text, message, problem)) {
    return not_this_format("lobster", first, problem);
  }
  return std::unique_ptr<Feed>(std::make_unique<LobsterFeed>(
      std::move(lines), InstrumentName{options.symbol, "XNAS", Asset::of("USD"), AssetClass::equity}, *midnight));
}

}  // namespace blotter::feeds
