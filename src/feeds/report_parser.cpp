#include "feeds/report_parser.h"

#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

#include "feeds/text.h"

namespace blotter::feeds {
namespace {

enum class Sign : std::uint8_t { any, positive, not_negative, not_zero };

// Reads the members of one line into the members of one report. Each read leaves its target alone when the field was
// left out, and says false when it cannot be read, after which `problem` holds the reason.
class Reader {
 public:
  Reader(const ReportLine& line, FieldSet required, std::string& problem)
      : line_(line), required_(required), problem_(problem) {}

  bool has(Field field) const { return line_.present().has(field); }

  bool refuse(Field field, std::string_view why) {
    problem_.assign(name_of(field)).append(": ").append(why);
    return false;
  }

  bool read(Field field, std::string& out, std::size_t bytes_max = kNameBytesMax) {
    std::string_view text;
    if (!string(field, text)) return false;
    if (text.size() > bytes_max) return refuse(field, "longer than " + std::to_string(bytes_max) + " bytes");
    if (has_control_character(text)) return refuse(field, "must not contain control characters");
    out.assign(text);
    return true;
  }

  bool read(Field field, Asset& out) {
    std::string_view text;
    if (!string(field, text)) return false;
    if (text.empty()) return true;
    if (has_control_character(text)) return refuse(field, "must not contain control characters");
    auto asset = Asset::parse(text);
    if (!asset) return refuse(field, asset.error().message);
    out = *asset;
    return true;
  }

  bool read(Field field, Decimal& out, Sign sign = Sign::any) {
    if (!has(field)) return true;
    const JsonValue& value = line_[field];
    if (value.kind != JsonKind::number && value.kind != JsonKind::string) return refuse_kind(field, "a decimal");
    auto decimal = Decimal::parse(value.text);
    if (!decimal) return refuse(field, decimal.error().message);
    switch (sign) {
      case Sign::any:
        break;
      case Sign::positive:
        if (!decimal->is_positive()) return refuse(field, "must be positive");
        break;
      case Sign::not_negative:
        if (decimal->is_negative()) return refuse(field, "must not be negative");
        break;
      case Sign::not_zero:
        if (decimal->is_zero()) return refuse(field, "must not be zero");
        break;
    }
    out = *decimal;
    return true;
  }

  template <class Meaning>
  bool read(Field field, Exact<Meaning>& out, Sign sign = Sign::any) {
    Decimal decimal = out.value();
    if (!read(field, decimal, sign)) return false;
    out = Exact<Meaning>(decimal);
    return true;
  }

  template <class T>
  requires(!std::is_enum_v<T>) bool read(Field field, std::optional<T>& out, Sign sign = Sign::any) {
    if (!has(field)) return true;
    T value{};
    if (!read(field, value, sign)) return false;
    out = value;
    return true;
  }

  bool read(Field field, bool& out) {
    if (!has(field)) return true;
    if (line_[field].kind != JsonKind::boolean) return refuse_kind(field, "true or false");
    out = line_[field].text == "true";
    return true;
  }

  bool read(Field field, Timestamp& out) {
    const JsonValue& value = line_[field];
    if (value.kind != JsonKind::number && value.kind != JsonKind::string) {
      return refuse_kind(field, "an RFC 3339 time or whole nanoseconds");
    }
    auto at = parse_timestamp(value.text);
    if (!at) return refuse(field, at.error().message);
    out = *at;
    return true;
  }

  template <class E>
  requires std::is_enum_v<E>
  bool read(Field field, E& out) {
    if (!has(field)) return true;
    std::string_view text;
    if (!string(field, text)) return false;
    bool found = false;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
      if (!found && spelling(d.name) == text) {
        out = d.value;
        found = true;
      }
    });
    return found || refuse_name<E>(field, text);
  }

  template <class E>
  requires std::is_enum_v<E>
  bool read(Field field, std::optional<E>& out) {
    if (!has(field)) return true;
    E value{};
    if (!read(field, value)) return false;
    out = value;
    return true;
  }

  bool read_object(Field field, std::string& out) {
    if (!has(field)) return true;
    if (line_[field].kind != JsonKind::object) return refuse_kind(field, "an object");
    out.assign(line_[field].text);
    return true;
  }

  // "4/1": new units per old ones.
  bool read_ratio(Decimal& numerator, Decimal& denominator) {
    std::string_view text;
    if (!string(Field::ratio, text)) return false;
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return refuse(Field::ratio, "must be new units per old ones, like \"4/1\"");
    const auto above = Decimal::parse(text.substr(0, slash));
    const auto below = Decimal::parse(text.substr(slash + 1));
    if (!above) return refuse(Field::ratio, above.error().message);
    if (!below) return refuse(Field::ratio, below.error().message);
    if (!above->is_positive() || !below->is_positive()) return refuse(Field::ratio, "both sides must be positive");
    numerator = *above;
    denominator = *below;
    return true;
  }

 private:
  // A trailing '_' in an enumerator's name only avoids a keyword.
  static constexpr std::string_view spelling(std::string_view name) {
    if (name.ends_with('_')) name.remove_suffix(1);
    return name;
  }

  // The field's text, empty when it was left out.
  bool string(Field field, std::string_view& text) {
    text = {};
    if (!has(field)) return true;
    const JsonValue& value = line_[field];
    if (value.kind != JsonKind::string) return refuse_kind(field, "a string");
    if (value.text.empty() && required_.has(field)) return refuse(field, "must not be empty");
    text = value.text;
    return true;
  }

  bool refuse_kind(Field field, std::string_view wanted) {
    return refuse(field, "must be " + std::string(wanted) + ", not " + blotter::name_of(line_[field].kind));
  }

  template <class E>
  bool refuse_name(Field field, std::string_view text) {
    std::string why = quoted(text) + " is not one of ";
    bool first = true;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
      if (!first) why += ", ";
      why += spelling(d.name);
      first = false;
    });
    return refuse(field, why);
  }

  const ReportLine& line_;
  FieldSet required_;
  std::string& problem_;
};

// `currency` is another name of `quote`.
bool read_quote(Reader& in, Asset& out) {
  if (!in.has(Field::currency)) return in.read(Field::quote, out);
  if (in.has(Field::quote)) return in.refuse(Field::currency, "says the same as quote; give one of them");
  return in.read(Field::currency, out);
}

bool read_instrument(Reader& in, InstrumentName& out) {
  return in.read(Field::symbol, out.symbol) && in.read(Field::venue, out.venue) && read_quote(in, out.quote) &&
         in.read(Field::asset_class, out.asset_class);
}

bool read_order_name(Reader& in, OrderName& out) {
  if (!in.read(Field::client_order_id, out.client_order_id) || !in.read(Field::venue_order_id, out.venue_order_id)) {
    return false;
  }
  if (!out.client_order_id.empty() || !out.venue_order_id.empty()) return true;
  return in.refuse(Field::client_order_id, "this or venue_order_id is needed");
}

// Which execution is meant, where exec_id alone does not say.
template <class R>
bool read_execution(Reader& in, R& out) {
  return in.read(Field::exec_id, out.exec_id) && in.read(Field::symbol, out.symbol) &&
         in.read(Field::venue, out.venue) && in.read(Field::side, out.side);
}

bool read_report(Reader& in, OrderReport& out) {
  if (!in.read(Field::account, out.account) || !read_order_name(in, out.order) ||
      !read_instrument(in, out.instrument) || !in.read(Field::side, out.side) ||
      !in.read(Field::quantity, out.quantity, Sign::positive) || !in.read(Field::order_type, out.order_type) ||
      !in.read(Field::limit_price, out.limit_price) || !in.read(Field::stop_price, out.stop_price) ||
      !in.read(Field::tif, out.tif) || !in.read(Field::post_only, out.post_only) ||
      !in.read(Field::reduce_only, out.reduce_only) || !in.read(Field::strategy, out.strategy) ||
      !in.read_object(Field::metadata, out.metadata)) {
    return false;
  }
  const bool limited = out.order_type == OrderType::limit || out.order_type == OrderType::stop_limit;
  const bool stopped = out.order_type == OrderType::stop || out.order_type == OrderType::stop_limit;
  if (limited && !out.limit_price) return in.refuse(Field::limit_price, "a limit order needs one");
  if (stopped && !out.stop_price) return in.refuse(Field::stop_price, "a stop order needs one");
  return true;
}

bool read_report(Reader& in, OrderStatusReport& out) {
  return in.read(Field::account, out.account) && read_order_name(in, out.order) && in.read(Field::status, out.status) &&
         in.read(Field::reason, out.reason, kNoteBytesMax) && in.read(Field::quantity, out.quantity, Sign::positive) &&
         in.read(Field::limit_price, out.limit_price) &&
         in.read(Field::cum_quantity, out.cum_quantity, Sign::not_negative) &&
         in.read(Field::leaves_quantity, out.leaves_quantity, Sign::not_negative);
}

bool read_report(Reader& in, FillReport& out) {
  return in.read(Field::account, out.account) && in.read(Field::exec_id, out.exec_id) &&
         read_order_name(in, out.order) && read_instrument(in, out.instrument) && in.read(Field::side, out.side) &&
         in.read(Field::quantity, out.quantity, Sign::positive) && in.read(Field::price, out.price) &&
         in.read(Field::fee, out.fee) && in.read(Field::fee_asset, out.fee_asset) &&
         in.read(Field::liquidity, out.liquidity) && in.read(Field::strategy, out.strategy);
}

bool read_report(Reader& in, BustReport& out) {
  return in.read(Field::account, out.account) && read_execution(in, out);
}

bool read_report(Reader& in, CorrectReport& out) {
  if (!in.read(Field::account, out.account) || !read_execution(in, out) ||
      !in.read(Field::new_exec_id, out.new_exec_id) || !in.read(Field::quantity, out.quantity, Sign::positive) ||
      !in.read(Field::price, out.price) || !in.read(Field::fee, out.fee)) {
    return false;
  }
  if (out.exec_id == out.new_exec_id) return in.refuse(Field::new_exec_id, "must differ from exec_id");
  if (out.quantity || out.price || out.fee) return true;
  return in.refuse(Field::quantity, "a correction changes quantity, price or fee");
}

bool read_report(Reader& in, FeeReport& out) {
  return in.read(Field::account, out.account) && read_execution(in, out) && in.read(Field::id, out.id) &&
         in.read(Field::amount, out.amount, Sign::not_zero) && in.read(Field::asset, out.asset);
}

bool read_report(Reader& in, CashReport& out) {
  return in.read(Field::account, out.account) && in.read(Field::id, out.id) && in.read(Field::asset, out.asset) &&
         in.read(Field::amount, out.amount, Sign::not_zero) && in.read(Field::kind, out.kind) &&
         in.read(Field::symbol, out.symbol) && in.read(Field::venue, out.venue) &&
         in.read(Field::note, out.note, kNoteBytesMax);
}

// An account says nothing about a mark, a split or an instrument; it is checked like any other and not kept.
bool read_account_aside(Reader& in) {
  std::string account;
  return in.read(Field::account, account);
}

bool read_report(Reader& in, MarkReport& out) {
  return read_account_aside(in) && read_instrument(in, out.instrument) && in.read(Field::price, out.price);
}

bool read_report(Reader& in, SplitReport& out) {
  return read_account_aside(in) && read_instrument(in, out.instrument) && in.read_ratio(out.numerator, out.denominator);
}

bool read_report(Reader& in, InstrumentReport& out) {
  if (!read_account_aside(in) || !in.read(Field::symbol, out.symbol) || !in.read(Field::venue, out.venue) ||
      !in.read(Field::asset_class, out.asset_class) || !in.read(Field::base, out.base) || !read_quote(in, out.quote) ||
      !in.read(Field::settle, out.settle) || !in.read(Field::multiplier, out.multiplier, Sign::positive) ||
      !in.read(Field::tick_size, out.tick_size, Sign::not_negative) ||
      !in.read(Field::lot_size, out.lot_size, Sign::not_negative) || !in.read(Field::inverse, out.inverse)) {
    return false;
  }
  if (out.quote.empty()) return in.refuse(Field::quote, "an instrument needs its quote currency");
  if (!out.inverse || !out.base.empty() || !out.settle.empty()) return true;
  return in.refuse(Field::base, "an inverse contract needs its base or settle asset");
}

bool read_report(Reader& in, AccountReport& out) {
  return in.read(Field::account, out.account) && in.read(Field::base_currency, out.base_currency) &&
         in.read(Field::broker, out.broker) && in.read(Field::method, out.method) && in.read(Field::mode, out.mode);
}

bool read_report(Reader& in, AuditReport& out) {
  return in.read(Field::component, out.component) && in.read(Field::action, out.action) && in.read(Field::id, out.id) &&
         in.read_object(Field::details, out.details) && in.read(Field::user, out.user_id) &&
         in.read(Field::session, out.session_id) && in.read(Field::severity, out.severity);
}

template <class R>
bool append_report(Reader& in, std::vector<Report>& reports) {
  R& report = std::get<R>(reports.emplace_back(std::in_place_type<R>));
  if (in.read(Field::at, report.at) && read_report(in, report)) return true;
  reports.pop_back();
  return false;
}

bool append_report(ReportType type, Reader& in, std::vector<Report>& reports) {
  switch (type) {
    case ReportType::order:
      return append_report<OrderReport>(in, reports);
    case ReportType::order_status:
      return append_report<OrderStatusReport>(in, reports);
    case ReportType::fill:
      return append_report<FillReport>(in, reports);
    case ReportType::bust:
      return append_report<BustReport>(in, reports);
    case ReportType::correct:
      return append_report<CorrectReport>(in, reports);
    case ReportType::fee:
      return append_report<FeeReport>(in, reports);
    case ReportType::cash:
      return append_report<CashReport>(in, reports);
    case ReportType::mark:
      return append_report<MarkReport>(in, reports);
    case ReportType::split:
      return append_report<SplitReport>(in, reports);
    case ReportType::instrument:
      return append_report<InstrumentReport>(in, reports);
    case ReportType::account:
      return append_report<AccountReport>(in, reports);
    case ReportType::audit:
      return append_report<AuditReport>(in, reports);
  }
  return false;
}

}  // namespace

bool ReportLine::scan(std::string_view text, std::string& problem) {
  present_ = seen_ = FieldSet{};
  scanner_.start(text);
  std::string_view key;
  bool going = scanner_.begin_object();
  while (going && scanner_.next_key(key)) {
    const auto field = find_field(key);
    if (!field) {
      problem = "unknown field " + quoted(key);
      return false;
    }
    if (seen_.has(*field)) {
      problem = "field " + quoted(key) + " is there twice";
      return false;
    }
    seen_.add(*field);
    JsonValue& value = values_[static_cast<std::size_t>(*field)];
    going = scanner_.value(value);
    if (going && value.kind != JsonKind::null) present_.add(*field);
  }
  if (scanner_.ended()) return true;
  problem = (scanner_.malformed() ? "not JSON: " : "not acceptable JSON: ") + scanner_.why();
  return false;
}

bool ReportParser::parse(std::string_view line, std::vector<Report>& reports, std::string& problem) {
  if (!line_.scan(line, problem)) return false;
  ReportType type{};
  Reader type_reader(line_, {Field::type}, problem);
  if (!line_.present().has(Field::type)) {
    problem = "missing field 'type'";
    return false;
  }
  if (!type_reader.read(Field::type, type)) return false;
  const FieldShape& shape = shape_of(type);
  const FieldSet missing = shape.required - line_.present();
  if (!missing.empty()) {
    problem = "missing field " + quoted(name_of(missing.first()));
    return false;
  }
  const FieldSet misplaced = line_.present() - shape.required - shape.optional;
  if (!misplaced.empty()) {
    problem = "unknown field " + quoted(name_of(misplaced.first())) + " in a line of type " +
              std::string(line_[Field::type].text);
    return false;
  }
  Reader reader(line_, shape.required, problem);
  return append_report(type, reader, reports);
}

bool is_json_object(std::string_view text, std::string& problem) {
  JsonScanner scanner;
  scanner.start(text);
  std::string_view key;
  JsonValue value;
  bool going = scanner.begin_object();
  while (going && scanner.next_key(key)) going = scanner.value(value);
  if (!scanner.malformed()) return true;
  problem = scanner.why();
  return false;
}

}  // namespace blotter::feeds
