// A prepared statement that takes typed rows: members are written into fixed buffers and bound without a copy, so a
// row costs no allocation of ours. Parameter N is column N of the table in every statement made here.
#pragma once

#include <array>
#include <string>

#include "store/row_text.h"
#include "store/sqlite/connection.h"
#include "store/table_shape.h"

namespace blotter::sqlite {

std::string insert_sql(const TableShape& shape);
std::string upsert_sql(const TableShape& shape);
// Sets every column outside the key. Touches a row only if its key is there.
std::string update_sql(const TableShape& shape);
// The same for a row whose indexed columns (shape.identity) do not change: it leaves them out of SET, because SQLite
// rewrites an index whenever its column is assigned, even to the value it has. Touches no row when one differs.
std::string update_in_place_sql(const TableShape& shape);

template <class Row>
class RowStatement {
 public:
  Result<void> prepare(Connection& connection, const std::string& sql) {
    BLOTTER_ASSIGN(statement_, connection.prepare(sql));
    return {};
  }

  // The row must live until the next run or finish().
  Result<void> run(const Row& row) {
    boost::mp11::mp_for_each<boost::mp11::mp_iota_c<kMemberCount<Row>>>([&](auto index) {
      using Descriptor = boost::mp11::mp_at<Members<Row>, decltype(index)>;
      bind<index>(row.*Descriptor::pointer);
    });
    return statement_.run();
  }

  int failure() const { return statement_.failure(); }
  void finish() { statement_.finish(); }

 private:
  template <std::size_t index, class T>
  void bind(const T& member) {
    constexpr int kParameter = static_cast<int>(index) + 1;
    if constexpr (MemberType<T>::kNullable) {
      if (member) {
        bind<index>(*member);
      } else {
        statement_.bind_null(kParameter);
      }
    } else if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, bool>) {
      statement_.bind_integer(kParameter, member);
    } else {
      statement_.bind_text(kParameter, text_of(member, buffers_[index].data()));
    }
  }

  Statement statement_;
  std::array<std::array<char, kMemberTextMax>, kMemberCount<Row>> buffers_;
};

}  // namespace blotter::sqlite
