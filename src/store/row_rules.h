// What a row must satisfy before any store takes it: the CHECK constraints of sql/, stated once in C++.
//
// The SQL constraints guard the database against other writers; these give every store the same refusals with the
// same words. Text with a NUL is refused by all, because PostgreSQL cannot hold it and SQL functions cut it short.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "blotter/store.h"
#include "store/table_shape.h"

namespace blotter {

// Null when the row may be stored, else why not. `rows` names the member.
struct RowFault {
  const char* column = nullptr;
  const char* problem = nullptr;
  explicit operator bool() const { return column != nullptr; }
};

namespace row_rules {

inline const char* problem_of(const std::string& value) {
  return std::memchr(value.data(), 0, value.size()) != nullptr ? "holds a NUL byte" : nullptr;
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
         column == "exec_id" || column == "id";
}
constexpr bool must_be_positive(std::string_view column) {
  return column == "seq" || column == "fill_seq" || column == "first_seq" || column == "last_seq";
}

template <class Row>
RowFault own_fault(const Row&) {
  return {};
}
inline RowFault own_fault(const FillRow& row) {
  return row.quantity.is_positive() ? RowFault{} : RowFault{"quantity", "is not positive"};
}
inline RowFault own_fault(const InstrumentRow& row) {
  return row.multiplier.is_positive() ? RowFault{} : RowFault{"multiplier", "is not positive"};
}
inline RowFault own_fault(const OrderRow& row) {
  return row.last_seq >= row.first_seq ? RowFault{} : RowFault{"last_seq", "is before first_seq"};
}
inline RowFault own_fault(const PnlDailyRow& row) {
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

// "orders row 3 of 17: <why>"; index counts from 0.
std::string row_message(Table table, std::size_t index, std::size_t count, std::string_view why);

template <class Row>
Result<void> check_row(const Row& row, const std::vector<Row>& rows, std::string_view book_id) {
  const RowFault fault = fault_of(row, book_id);
  if (!fault) return {};
  return fail(Errc::invalid, row_message(RowTable<Row>::value, static_cast<std::size_t>(&row - rows.data()),
                                         rows.size(), std::string(fault.column) + " " + fault.problem));
}

// The batch's own numbers make sense and its book has a name. Errc: invalid.
Result<void> check_batch(const Batch& batch);

// What to answer when the guarded cursor update touched no row: the batch was applied already (its answer is the
// cursor), or Errc fenced (another epoch, or a book nobody has claimed) or stale (a gap, or a batch that overlaps).
Result<Seq> answer_without_effect(const Batch& batch, const Cursor& cursor);

Unexpected fenced_by(std::string_view book_id, Epoch mine, Epoch holder);

}  // namespace blotter
