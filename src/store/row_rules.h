// What a row must satisfy before any store takes it: the CHECK constraints of sql/, stated once in C++.
//
// The SQL constraints guard the database against other writers; these give every store the same refusals with the
// same words. Text with a NUL or with bytes that are no UTF-8 is refused by all, because PostgreSQL cannot hold it.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "blotter/enums.h"
#include "blotter/store.h"
#include "core/order_machine.h"
#include "store/table_shape.h"

namespace blotter {

// Null when the row may be stored, else why not. `rows` names the member.
struct RowFault {
  const char* column = nullptr;
  const char* problem = nullptr;
  explicit operator bool() const { return column != nullptr; }
};

namespace row_rules {

// ASCII without NUL.
inline bool is_plain(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  std::uint64_t odd = 0;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    odd |= word | (word - kOnes);  // a zero byte borrows into its high bit, and only then if no high bit was set
  }
  for (; i < text.size(); ++i) odd |= static_cast<signed char>(text[i]) > 0 ? 0 : kHighBits;
  return (odd & kHighBits) == 0;
}

// What is the matter with text that no database of ours can hold; null when nothing is.
const char* problem_of_bytes(std::string_view text);

inline const char* problem_of(const std::string& value) {
  // Nearly all text is plain ASCII, which is told eight bytes at a time.
  return is_plain(value) ? nullptr : problem_of_bytes(value);
}
inline const char* problem_of(const Asset& value) {
  return is_plain(value.text()) ? nullptr : problem_of_bytes(value.text());
}
inline const char* problem_of(Quantity value) { return value.value().is_negative() ? "is negative" : nullptr; }
template <class E>
requires std::is_enum_v<E>
const char* problem_of(E value) {
  return static_cast<std::size_t>(value) < EnumNames<E>::kCount ? nullptr : "is not one of its names";
}
template <class T>
const char* problem_of(const std::optional<T>& value);
template <class T>
requires(!std::is_enum_v<T>) const char* problem_of(const T&) { return nullptr; }
template <class T>
const char* problem_of(const std::optional<T>& value) {
  return value ? problem_of(*value) : nullptr;
}

// Columns that are never empty, whatever the table. Quarantine alone may not know the account.
template <class Row>
constexpr bool must_have_text(std::string_view column) {
  if (std::is_same_v<Row, QuarantineRow>) return false;
  return column == "account" || column == "symbol" || column == "strategy" || column == "asset" ||
         column == "exec_id" || column == "id" || column == "component" || column == "action";
}
constexpr bool must_be_positive(std::string_view column) {
  return column == "seq" || column == "fill_seq" || column == "first_seq" || column == "last_seq";
}

template <class Row>
RowFault own_fault(const Row&) {
  return {};
}
inline RowFault own_fault(const FillRow& row) {
  if (!row.quantity.is_positive()) return {"quantity", "is not positive"};
  // PostgreSQL keeps each execution once by the day of its partition, so the two must be one.
  return row.trade_date == to_text(day_of(row.at)) ? RowFault{} : RowFault{"trade_date", "is not the UTC day of at"};
}
inline RowFault own_fault(const OrderEventRow& row) {
  if (!parse_enum<OrderEvent>(row.event)) return {"event", "is not one of its names"};
  // What contradicts an order goes into quarantine instead.
  const bool lands = row.effect == name_of(Effect::apply) || row.effect == name_of(Effect::ignore);
  return lands ? RowFault{} : RowFault{"effect", "is not one of its names"};
}
inline RowFault own_fault(const InstrumentRow& row) {
  return row.multiplier.is_positive() ? RowFault{} : RowFault{"multiplier", "is not positive"};
}
inline RowFault own_fault(const OrderRow& row) {
  return row.last_seq >= row.first_seq ? RowFault{} : RowFault{"last_seq", "is before first_seq"};
}
inline RowFault own_fault(const PnlDailyRow& row) {
  const Result<Day> day = parse_day(row.day);
  if (!day || to_text(*day) != row.day) return {"day", "is not a day (YYYY-MM-DD)"};
  if (row.bought.is_negative()) return {"bought", "is negative"};
  if (row.sold.is_negative()) return {"sold", "is negative"};
  return row.fills >= 0 ? RowFault{} : RowFault{"fills", "is negative"};
}

}  // namespace row_rules

template <class Row>
RowFault fault_of(const Row& row, std::string_view book_id) {
  if (row.book_id != book_id) return {"book_id", "is not the batch's"};
  RowFault fault = row_rules::own_fault(row);
  boost::mp11::mp_for_each<Members<Row>>([&](auto d) {
    using Member = MemberOf<Row, decltype(d)>;
    const auto& member = row.*d.pointer;
    if (fault) return;
    if (const char* problem = row_rules::problem_of(member)) fault = {d.name, problem};
    if constexpr (std::is_same_v<Member, std::string> || std::is_same_v<Member, Asset>) {
      if constexpr (row_rules::must_have_text<Row>(d.name)) {
        if (member.empty()) fault = {d.name, "is empty"};
      }
    } else if constexpr (std::is_same_v<Member, std::int64_t>) {
      if constexpr (row_rules::must_be_positive(d.name)) {
        if (member <= 0) fault = {d.name, "is not positive"};
      }
    } else if constexpr (std::is_same_v<Member, std::optional<std::int64_t>>) {
      if constexpr (row_rules::must_be_positive(d.name)) {
        if (member && *member <= 0) fault = {d.name, "is not positive"};
      }
    }
  });
  return fault;
}

// A status outside its enum is refused before its fill is looked for.
inline RowFault fault_of(const FillStatusChange& change) {
  const char* problem = row_rules::problem_of(change.status);
  return problem == nullptr ? RowFault{} : RowFault{"status", problem};
}

inline RowFault fault_of(const QuarantineRelease&) { return {}; }

inline std::string words_of(const RowFault& fault) { return std::string(fault.column) + " " + fault.problem; }

// "orders row 3 of 17: <why>"; index counts from 0.
std::string row_message(Table table, std::size_t index, std::size_t count, std::string_view why);

// The batch's own numbers make sense and its book has a name. Errc: invalid.
Result<void> check_batch(const Batch& batch);

// What to answer when the guarded cursor update touched no row: the batch was applied already (its answer is the
// cursor), or Errc fenced (a newer epoch has the book) or stale (a gap, a batch that overlaps, another event at the
// cursor, or a claim that is not there).
Result<Seq> answer_without_effect(const Batch& batch, const Cursor& cursor);

Unexpected fenced_by(std::string_view book_id, Epoch mine, Epoch holder);

}  // namespace blotter
