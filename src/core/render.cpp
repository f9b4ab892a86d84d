#include "core/render.h"

#include <array>

#include "core/codec.h"
#include "core/utf8.h"

namespace blotter {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<Event>> kEventNames = {
    "account_defined", "instrument_defined", "strategy_defined", "order_opened", "order_updated",
    "order_recalled",  "fill_booked",        "fill_reversed",    "fee_booked",   "cash_moved",
    "mark_set",        "split_recorded",     "position_split",   "quarantined",  "audit_recorded"};

constexpr std::array<std::string_view, std::variant_size_v<Report>> kReportNames = {
    "order", "order_status", "fill",  "bust",       "correct", "fee",
    "cash",  "mark",         "split", "instrument", "account", "audit"};

template <class T>
concept Enum = std::is_enum_v<T>;

class Renderer {
 public:
  explicit Renderer(std::string& out) : out_(out) {}

  void put(const std::string& text) { append_json_string(out_, text); }
  void put(const Asset& asset) { append_json_string(out_, asset.text()); }
  void put(Decimal value) { quoted(to_text(value)); }
  void put(Timestamp at) { quoted(to_text(at)); }
  void put(Day day) { quoted(to_text(day)); }
  void put(const Uuid& uuid) { quoted(to_text(uuid)); }
  void put(bool value) { out_ += value ? "true" : "false"; }
  void put(std::int64_t value) { out_ += std::to_string(value); }
  void put(std::uint64_t value) { out_ += std::to_string(value); }
  void put(std::uint32_t value) { out_ += std::to_string(value); }
  void put(const IdentityKey& key) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint64_t half : {key.high, key.low}) {
      for (int shift = 60; shift >= 0; shift -= 4) text.push_back(kDigits[(half >> shift) & 15]);
    }
    quoted(text);
  }
  template <Enum E>
  void put(E value) {
    if constexpr (boost::describe::has_describe_enumerators<E>::value) {
      append_json_string(out_, name_of(value));
    } else {
      out_ += std::to_string(static_cast<std::uint64_t>(value));
    }
  }
  template <class M>
  void put(const Exact<M>& value) {
    put(value.value());
  }
  template <class T>
  void put(const std::vector<T>& values) {
    out_ += '[';
    for (const T& value : values) {
      if (out_.back() != '[') out_ += ',';
      put(value);
    }
    out_ += ']';
  }
  void put(std::monostate) { out_ += "null"; }
  template <class... Ts>
  void put(const std::variant<Ts...>& value) {
    std::visit([&](const auto& alternative) { put(alternative); }, value);
  }
  template <codec::Described T>
  void put(const T& value) {
    out_ += '{';
    members(value);
    out_ += '}';
  }

  template <codec::Described T>
  void members(const T& value) {
    boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>([&](auto member) {
      const auto& field = value.*member.pointer;
      if (is_absent(field)) return;
      if (out_.back() != '{') out_ += ',';
      append_json_string(out_, member.name);
      out_ += ':';
      put_present(field);
    });
  }

 private:
  template <class T>
  static bool is_absent(const T& field) {
    if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, Asset>) return field.empty();
    return false;
  }
  template <class T>
  static bool is_absent(const std::optional<T>& field) {
    return !field.has_value();
  }
  static bool is_absent(const Identity& identity) { return identity.key.is_none(); }
  static bool is_absent(const IdentityKey& key) { return key.is_none(); }
  static bool is_absent(const WaitingReport& waiting) { return waiting.index() == 0; }

  template <class T>
  void put_present(const T& field) {
    put(field);
  }
  template <class T>
  void put_present(const std::optional<T>& field) {
    put(*field);
  }
  void quoted(const std::string& plain) {
    out_ += '"';
    out_ += plain;
    out_ += '"';
  }

  std::string& out_;
};

template <class Variant>
std::string render_tagged(const Variant& value, std::string_view name) {
  std::string out = "{\"type\":\"";
  out += name;
  out += '"';
  Renderer renderer(out);
  std::visit([&](const auto& alternative) { renderer.members(alternative); }, value);
  out += '}';
  return out;
}

}  // namespace

std::string_view event_name(const Event& event) { return kEventNames[event.index()]; }

std::string render_json(const Event& event) { return render_tagged(event, kEventNames[event.index()]); }

std::string render_json(const Report& report) { return render_tagged(report, kReportNames[report.index()]); }

namespace {

void append_ascii(std::string& out, char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else if (byte < 0x20 || byte == 0x7f) {
    out += "\\u00";
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  } else {
    out += c;
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t size = utf8_length(text);
    if (size == 1) append_ascii(out, text.front());
    if (size > 1) out += text.substr(0, size);
    if (size == 0) out += "\\ufffd";
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out += '"';
}

}  // namespace blotter
