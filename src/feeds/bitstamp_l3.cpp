#include "feeds/bitstamp_l3.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <limits>
#include <optional>

#include "core/json_scanner.h"
#include "feeds/feed_line.h"
#include "feeds/text.h"

namespace blotter::feeds {
namespace {

constexpr std::string_view kAccount = "BITSTAMP";

enum class Kind : std::uint8_t { created, changed, deleted, trade, order_book };

std::optional<Kind> kind_of(std::string_view word) {
  if (word == "order_created") return Kind::created;
  if (word == "order_changed") return Kind::changed;
  if (word == "order_deleted") return Kind::deleted;
  if (word == "trade") return Kind::trade;
  if (word == "order_book") return Kind::order_book;
  return std::nullopt;
}

// "<milliseconds> <kind> <object>"
struct Envelope {
  Timestamp at;
  Kind kind = Kind::order_book;
  std::string_view object;
};

bool split(std::string_view text, Envelope& out, std::string& problem) {
  constexpr std::uint64_t kNsPerMs = 1'000'000;
  constexpr std::uint64_t kMsMax = std::numeric_limits<std::int64_t>::max() / kNsPerMs;
  const std::size_t first = text.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : text.find(' ', first + 1);
  if (second == std::string_view::npos) {
    problem = "expected milliseconds, an event's name and an object";
    return false;
  }
  std::uint64_t milliseconds = 0;
  if (!parse_digits(text.substr(0, first), milliseconds) || milliseconds > kMsMax) {
    problem = quoted(text.substr(0, first)) + " is not a time in milliseconds";
    return false;
  }
  const std::string_view word = text.substr(first + 1, second - first - 1);
  const auto kind = kind_of(word);
  if (!kind) {
    problem = quoted(word) + " is not one of order_created, order_changed, order_deleted, trade, order_book";
    return false;
  }
  out = {Timestamp{static_cast<std::int64_t>(milliseconds * kNsPerMs)}, *kind, text.substr(second + 1)};
  if (!out.object.starts_with('{')) problem = "expected an object after the event's name";
  return problem.empty();
}

// The members we read; numbers and strings alike by their source text.
struct Members {
  std::string_view id, price, amount, order_type;
};

class MemberReader {
 public:
  bool read(std::string_view object, Members& out, std::string& problem) {
    out = Members{};
    scanner_.start(object);
    std::string_view key;
    JsonValue value;
    bool going = scanner_.begin_object();
    while (going && scanner_.next_key(key)) {
      going = scanner_.value(value);
      if (std::string_view* const member = member_of(key, out); going && member != nullptr) {
        if (!member->empty()) {
          problem = "field " + quoted(key) + " is there twice";
          return false;
        }
        if (value.kind == JsonKind::number || value.kind == JsonKind::string) *member = value.text;
      }
    }
    if (!scanner_.ended()) problem = "not JSON: " + scanner_.why();
    return problem.empty();
  }

 private:
  static std::string_view* member_of(std::string_view key, Members& members) {
    if (key == "id") return &members.id;
    if (key == "price") return &members.price;
    if (key == "amount") return &members.amount;
    if (key == "order_type") return &members.order_type;
    return nullptr;
  }

  JsonScanner scanner_;
};

bool read_decimal(std::string_view name, std::string_view text, Decimal& out, std::string& problem) {
  if (text.empty()) {
    problem = "missing field " + quoted(name);
    return false;
  }
  const auto decimal = Decimal::parse(text);
  if (!decimal) {
    problem.assign(name).append(": ").append(decimal.error().message);
    return false;
  }
  out = *decimal;
  return true;
}

// What the stream has said of an order that is still there.
struct Live {
  Decimal remaining;
  Decimal filled;
  Price price;
  Side side = Side::buy;
};

// One order event, its members read.
struct OrderEvent {
  Timestamp at;
  std::uint64_t id = 0;
  std::string_view id_text;
  std::string_view amount_text;
  Decimal amount;  // what remains
  Price price;
  Side side = Side::buy;
};

InstrumentName bitcoin() { return {"BTCUSD", "BITSTAMP", Asset::of("USD"), AssetClass::crypto}; }

class BitstampFeed final : public Feed {
 public:
  explicit BitstampFeed(LineSplitter lines) : lines_(std::move(lines)) {}

  Result<bool> next(FeedLine& line) override {
    RawLine raw;
    BLOTTER_ASSIGN(const bool more, begin_line(lines_, raw, line));
    if (!more || !line.invalid.empty() || line.ignored) return more;
    Envelope envelope;
    if (!split(raw.text, envelope, line.invalid)) return true;
    if (envelope.kind == Kind::order_book) {
      line.ignored = true;
    } else if (envelope.kind == Kind::trade) {
      trade(envelope, line);
    } else {
      order(envelope, line);
    }
    return true;
  }

 private:
  void trade(const Envelope& envelope, FeedLine& line) {
    Members members;
    Decimal price;
    if (!members_.read(envelope.object, members, line.invalid)) return;
    if (!read_decimal("price", members.price, price, line.invalid)) return;
    line.reports.emplace_back(MarkReport{envelope.at, bitcoin(), Price(price)});
  }

  void order(const Envelope& envelope, FeedLine& line) {
    OrderEvent event;
    if (!read_event(envelope, event, line.invalid)) return;
    switch (envelope.kind) {
      case Kind::created:
        created(event, line);
        return;
      case Kind::changed:
        changed(event, line);
        return;
      case Kind::deleted:
        deleted(event, line);
        return;
      case Kind::trade:
      case Kind::order_book:
        return;
    }
  }

  bool read_event(const Envelope& envelope, OrderEvent& event, std::string& problem) {
    Members members;
    Decimal price;
    if (!members_.read(envelope.object, members, problem)) return false;
    if (!parse_digits(members.id, event.id)) problem = "id: not a whole number";
    if (members.order_type != "0" && members.order_type != "1") problem = "order_type: not 0 (buy) or 1 (sell)";
    if (!problem.empty() || !read_decimal("price", members.price, price, problem) ||
        !read_decimal("amount", members.amount, event.amount, problem)) {
      return false;
    }
    if (event.amount.is_negative()) problem = "amount: must not be negative";
    event.at = envelope.at;
    event.id_text = members.id;
    event.amount_text = members.amount;
    event.price = Price(price);
    event.side = members.order_type == "0" ? Side::buy : Side::sell;
    return problem.empty();
  }

  void created(const OrderEvent& event, FeedLine& line) {
    if (!event.amount.is_positive()) {
      line.invalid = "amount: must be positive";
      return;
    }
    // An order created twice keeps what was said first; the ledger tells a repetition from a conflict.
    live_.try_emplace(event.id, Live{event.amount, Decimal{}, event.price, event.side});
    OrderReport report;
    report.account = kAccount;
    report.at = event.at;
    report.order.client_order_id = event.id_text;
    report.instrument = bitcoin();
    report.side = event.side;
    report.quantity = Quantity(event.amount);
    report.limit_price = event.price;
    report.tif = TimeInForce::gtc;
    line.reports.emplace_back(std::move(report));
  }

  void changed(const OrderEvent& event, FeedLine& line) {
    const auto found = live_.find(event.id);
    if (found == live_.end()) {
      // From before the recording: what we are told now is all there is to know about it.
      if (!event.amount.is_positive()) return quarantine("order_changed", event, line);
      created(event, line);
      std::get<OrderReport>(line.reports.front()).external = true;
      return;
    }
    Live& live = found->second;
    const bool moved = event.price != live.price;
    const bool grew = event.amount > live.remaining;
    if (event.amount < live.remaining) fill(event, live, event.amount_text, line);
    if (moved || grew) {
      const auto total = sum(live.filled, event.amount, line);
      if (!total) return;
      OrderStatusReport& replaced = status(event, OrdStatus::replaced, line);
      if (grew) replaced.quantity = Quantity(*total);
      if (moved) replaced.limit_price = event.price;
      live.remaining = event.amount;
      live.price = event.price;
    }
    line.ignored = line.reports.empty();
  }

  void deleted(const OrderEvent& event, FeedLine& line) {
    const auto found = live_.find(event.id);
    if (found == live_.end()) return quarantine("order_deleted", event, line);
    Live& live = found->second;
    if (event.amount < live.remaining) {
      fill(event, live, event.amount.is_zero() ? std::string_view("0.00000000") : event.amount_text, line);
    }
    if (event.amount.is_positive()) status(event, OrdStatus::canceled, line);
    // Filled to the last already: its end is no news.
    if (line.reports.empty()) line.ignored = true;
    live_.erase(found);
  }

  static std::optional<Decimal> sum(Decimal a, Decimal b, FeedLine& line) {
    Int128 units = 0;
    if (!__builtin_add_overflow(a.units(), b.units(), &units)) return Decimal::from_units(units);
    line.invalid = "amount: the order's total does not fit a decimal";
    return std::nullopt;
  }

  // The order's remaining quantity fell to event.amount: the difference was traded at the order's price, which is the
  // one on this line. An order whose price moved (it went through the book) traded at the new one: all 36 such fills of
  // 2015-05-01 that can be matched with a trade have exactly the trade's price.
  static void fill(const OrderEvent& event, Live& live, std::string_view exec_suffix, FeedLine& line) {
    FillReport report;
    report.account = kAccount;
    report.at = event.at;
    report.exec_id.assign(event.id_text).append(":").append(exec_suffix);
    report.order.client_order_id = event.id_text;
    report.instrument = bitcoin();
    report.side = live.side;
    report.quantity = Quantity(live.remaining - event.amount);
    report.price = event.price;
    live.filled += report.quantity.value();
    live.remaining = event.amount;
    line.reports.emplace_back(std::move(report));
  }

  static OrderStatusReport& status(const OrderEvent& event, OrdStatus status, FeedLine& line) {
    OrderStatusReport report;
    report.account = kAccount;
    report.at = event.at;
    report.order.client_order_id = event.id_text;
    report.status = status;
    return std::get<OrderStatusReport>(line.reports.emplace_back(std::move(report)));
  }

  static void quarantine(std::string_view what, const OrderEvent& event, FeedLine& line) {
    line.quarantine.assign(what).append(" of an order never seen: ").append(event.id_text);
    line.account = kAccount;
    line.at = event.at;
  }

  LineSplitter lines_;
  MemberReader members_;
  boost::unordered_flat_map<std::uint64_t, Live> live_;
};

}  // namespace

Result<std::unique_ptr<Feed>> open_bitstamp_l3(LineSplitter lines) {
  BLOTTER_ASSIGN(const RawLine first, lines.peek());
  Envelope envelope;
  std::string problem;
  if (first.number != 0 && !split(first.text, envelope, problem)) {
    return not_this_format("bitstamp-l3", first, problem);
  }
  return std::unique_ptr<Feed>(std::make_unique<BitstampFeed>(std::move(lines)));
}

}  // namespace blotter::feeds
