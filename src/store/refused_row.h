// Rows that the schema refuses: the words of the refusal, and the row that is kept instead.
//
// A batch that one bad row stops would stop the projection for good, so apply_setting_aside() lets everything else
// land and keeps the bad row as text in the table refused_rows. All stores write the same refused row.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/render.h"
#include "store/row_rules.h"

namespace blotter {

// Why a store refuses a row that satisfies its own rules (row_rules.h).
inline constexpr const char* kTwin = "a row of this key or identity is there already";  // insert
inline constexpr const char* kKeyMissing = "the key is not there";                      // update
std::string no_such_seq(Table table, std::int64_t seq);                                 // a change of a row by its seq

namespace refusal {

// "col=value". Bytes that no database takes as text are written \xHH, a backslash twice.
void append_key(std::string& key, std::string_view column, std::string_view value);

inline void append_value(std::string& out, std::int64_t value) { out += std::to_string(value); }
inline void append_value(std::string& out, bool value) { out += value ? "true" : "false"; }
template <class T>
void append_value(std::string& out, const std::optional<T>& value);
template <class T>
void append_value(std::string& out, const T& value) {
  char buffer[kMemberTextMax];
  const std::string_view text = text_of(value, buffer);
  if constexpr (std::is_enum_v<T>) {
    // A value outside its enum has no name; its number is the evidence.
    if (text.empty()) return append_value(out, static_cast<std::int64_t>(value));
  }
  append_json_string(out, text);
}
template <class T>
void append_value(std::string& out, const std::optional<T>& value) {
  if (value) {
    append_value(out, *value);
  } else {
    out += "null";
  }
}

template <class Row>
std::int64_t seq_of(const Row& row) {
  if constexpr (requires { row.seq; })
    return row.seq;
  else if constexpr (requires { row.last_seq; })
    return row.last_seq;
  else
    return 0;
}

}  // namespace refusal

// The row as one JSON object in the order of its columns: decimals, instants and ids as strings, NULL as null. Bytes
// that are no UTF-8 become U+FFFD; the journal has the original.
template <class Row>
std::string row_json(const Row& row) {
  std::string out;
  boost::mp11::mp_for_each<Members<Row>>([&](auto d) {
    out += out.empty() ? '{' : ',';
    append_json_string(out, d.name);
    out += ':';
    refusal::append_value(out, row.*d.pointer);
  });
  return out + '}';
}

// The key without book_id: "account=A, asset=USD".
template <class Row>
std::string row_key(const Row& row) {
  std::string key;
  std::size_t column = 0;
  boost::mp11::mp_for_each<Members<Row>>([&](auto d) {
    const std::size_t index = column++;
    if (index == 0 || index >= shape_of(RowTable<Row>::value).key_columns) return;
    char buffer[kMemberTextMax];
    const auto& member = row.*d.pointer;
    using Member = MemberOf<Row, decltype(d)>;
    if constexpr (std::is_same_v<Member, std::int64_t>) {
      refusal::append_key(key, d.name, std::to_string(member));
    } else if constexpr (!MemberType<Member>::kNullable && !std::is_same_v<Member, bool>) {
      refusal::append_key(key, d.name, text_of(member, buffer));
    }
  });
  return key;
}

// What refused_rows keeps. Its seq is the row's own, else its last_seq, else the batch's last.
RefusedRow refused_of(Table table, std::string row_key, std::int64_t seq, const Batch& batch, std::string_view reason,
                      std::string content);
template <class Row>
RefusedRow refused(const Row& row, const Batch& batch, std::string_view reason) {
  return refused_of(RowTable<Row>::value, row_key(row), refusal::seq_of(row), batch, reason, row_json(row));
}
// Of the table fills; its key names the status too, so that it never takes the place of the refused fill.
RefusedRow refused(const FillStatusChange& change, const Batch& batch, std::string_view reason);
// Of the table quarantine, likewise.
RefusedRow refused(const QuarantineRelease& release, const Batch& batch, std::string_view reason);

enum class OnRefusal : std::uint8_t { end, set_aside };

// What becomes of a row that is refused: the end of its batch, or a place among kept().
class Refusals {
 public:
  Refusals(const Batch& batch, OnRefusal then) : batch_(batch), then_(then) {}

  template <class Row>
  Result<void> take(const Row& row, const std::vector<Row>& rows, std::string_view why) {
    if (then_ == OnRefusal::end) {
      const auto index = static_cast<std::size_t>(&row - rows.data());
      return fail(Errc::invalid, row_message(RowTable<Row>::value, index, rows.size(), why));
    }
    kept_.push_back(refused(row, batch_, why));
    return {};
  }
  Result<void> take(const FillStatusChange& change, std::string_view why) { return take_change(change, why); }
  Result<void> take(const QuarantineRelease& release, std::string_view why) { return take_change(release, why); }

  const std::vector<RefusedRow>& kept() const { return kept_; }

 private:
  template <class Change>
  Result<void> take_change(const Change& change, std::string_view why) {
    if (then_ == OnRefusal::end) return fail(Errc::invalid, std::string(why));
    kept_.push_back(refused(change, batch_, why));
    return {};
  }

  const Batch& batch_;
  OnRefusal then_;
  std::vector<RefusedRow> kept_;
};

}  // namespace blotter
