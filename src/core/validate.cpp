// The rules that every report keeps, whoever offers it: a feed, the library, the HTTP API.
#include <fmt/format.h>

#include "core/decide.h"
#include "core/json_scanner.h"

namespace blotter {
namespace {

constexpr std::size_t kNameBytesMax = 256;
constexpr std::size_t kTextBytesMax = 4096;

class Rules {
 public:
  void need(std::string_view field, const std::string& text) {
    if (text.empty()) add(field, "must not be empty");
    name(field, text);
  }
  void name(std::string_view field, const std::string& text) {
    if (text.size() > kNameBytesMax) add(field, fmt::format("longer than {} bytes", kNameBytesMax));
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return add(field, "holds a control character");
    }
  }
  void text(std::string_view field, const std::string& value) {
    if (value.size() > kTextBytesMax) add(field, fmt::format("longer than {} bytes", kTextBytesMax));
    if (value.find('\0') != std::string::npos) add(field, "holds a NUL");
  }
  void object(std::string_view field, const std::string& value) {
    text(field, value);
    if (value.empty()) return;
    JsonScanner scanner;
    std::string_view compact;
    if (scanner.whole_object(value, compact)) return;
    add(field, "must be a JSON object: " + scanner.why());
  }
  void account(const std::string& value) {
    need("account", value);
    // ledger_entries names the other side of an entry so.
    for (const char* reserved : {"market", "fees", "external"}) {
      if (value == reserved) add("account", fmt::format("'{}' is reserved for the double entry's other side", value));
    }
  }
  void positive(std::string_view field, Decimal value) {
    if (!value.is_positive()) add(field, "must be positive");
  }
  void present(std::string_view field, const Asset& asset) {
    if (asset.empty()) add(field, "must not be empty");
  }
  void one_of(const OrderName& name_) {
    if (name_.client_order_id.empty() && name_.venue_order_id.empty()) {
      add("client_order_id", "or venue_order_id must name the order");
    }
    name("client_order_id", name_.client_order_id);
    name("venue_order_id", name_.venue_order_id);
  }
  void instrument(const InstrumentName& value) {
    need("symbol", value.symbol);
    need("venue", value.venue);
  }
  void add(std::string_view field, std::string_view problem) {
    if (problem_.empty()) problem_ = fmt::format("{}: {}", field, problem);
  }
  Result<void> result() const {
    if (problem_.empty()) return {};
    return fail(Errc::invalid, problem_);
  }

 private:
  std::string problem_;
};

void check(Rules& rules, const OrderReport& r) {
  rules.account(r.account);
  rules.need("client_order_id", r.order.client_order_id);
  rules.name("venue_order_id", r.order.venue_order_id);
  rules.instrument(r.instrument);
  rules.positive("quantity", r.quantity.value());
  rules.name("strategy", r.strategy);
  rules.object("metadata", r.metadata);
  const bool limit = r.order_type == OrderType::limit || r.order_type == OrderType::stop_limit;
  const bool stop = r.order_type == OrderType::stop || r.order_type == OrderType::stop_limit;
  if (limit && !r.limit_price) rules.add("limit_price", fmt::format("a {} order needs one", name_of(r.order_type)));
  if (stop && !r.stop_price) rules.add("stop_price", fmt::format("a {} order needs one", name_of(r.order_type)));
}
void check(Rules& rules, const OrderStatusReport& r) {
  rules.account(r.account);
  rules.one_of(r.order);
  rules.text("reason", r.reason);
  if (r.quantity) rules.positive("quantity", r.quantity->value());
  if (r.cum_quantity && r.cum_quantity->value().is_negative()) rules.add("cum_quantity", "must not be negative");
  if (r.leaves_quantity && r.leaves_quantity->value().is_negative()) {
    rules.add("leaves_quantity", "must not be negative");
  }
}
void check(Rules& rules, const FillReport& r) {
  rules.account(r.account);
  rules.need("exec_id", r.exec_id);
  rules.one_of(r.order);
  rules.instrument(r.instrument);
  rules.positive("quantity", r.quantity.value());
  rules.name("strategy", r.strategy);
}
void check(Rules& rules, const BustReport& r) {
  rules.account(r.account);
  rules.need("exec_id", r.exec_id);
}
void check(Rules& rules, const CorrectReport& r) {
  rules.account(r.account);
  rules.need("exec_id", r.exec_id);
  rules.need("new_exec_id", r.new_exec_id);
  if (r.new_exec_id == r.exec_id) rules.add("new_exec_id", "must differ from exec_id");
  if (r.quantity) rules.positive("quantity", r.quantity->value());
  if (!r.quantity && !r.price && !r.fee) rules.add("quantity", "a correction changes quantity, price or fee");
}
void check(Rules& rules, const FeeReport& r) {
  rules.account(r.account);
  rules.need("exec_id", r.exec_id);
  rules.need("id", r.id);
  rules.present("asset", r.asset);
  if (r.amount.is_zero()) rules.add("amount", "must not be zero");
}
void check(Rules& rules, const CashReport& r) {
  rules.account(r.account);
  rules.need("id", r.id);
  rules.present("asset", r.asset);
  rules.name("symbol", r.symbol);
  rules.name("venue", r.venue);
  rules.text("note", r.note);
  if (r.amount.is_zero()) rules.add("amount", "must not be zero");
}
void check(Rules& rules, const MarkReport& r) { rules.instrument(r.instrument); }
void check(Rules& rules, const SplitReport& r) {
  rules.instrument(r.instrument);
  rules.positive("ratio", r.numerator);
  rules.positive("ratio", r.denominator);
}
void check(Rules& rules, const InstrumentReport& r) {
  rules.need("symbol", r.symbol);
  rules.need("venue", r.venue);
  rules.present("quote", r.quote);
  rules.positive("multiplier", r.multiplier);
  if (r.tick_size.is_negative()) rules.add("tick_size", "must not be negative");
  if (r.lot_size.is_negative()) rules.add("lot_size", "must not be negative");
  if (r.inverse && r.base.empty() && r.settle.empty()) rules.add("settle", "an inverse contract needs settle or base");
}
void check(Rules& rules, const AccountReport& r) {
  rules.account(r.account);
  rules.present("base_currency", r.base_currency);
  rules.name("broker", r.broker);
}
void check(Rules& rules, const AuditReport& r) {
  rules.need("component", r.component);
  rules.need("action", r.action);
  rules.name("id", r.id);
  rules.object("details", r.details);
  rules.name("user", r.user_id);
  rules.name("session", r.session_id);
}

}  // namespace

Result<void> validate(const Report& report) {
  Rules rules;
  std::visit([&](const auto& r) { check(rules, r); }, report);
  return rules.result();
}

}  // namespace blotter
