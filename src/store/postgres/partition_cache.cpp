#include "store/postgres/partition_cache.h"

#include <algorithm>

#include "store/postgres/encode.h"
#include "store/table_shape.h"

namespace blotter::postgres {
namespace {

constexpr std::uint32_t kTimestampArray = 1185;
constexpr std::int64_t kDay = std::int64_t{86'400} * 1'000'000;

using Spans = std::vector<std::pair<std::int64_t, std::int64_t>>;

Result<Spans> read_spans(Connection& connection, const std::string& table) {
  BLOTTER_ASSIGN(const Rows rows, connection.query("SELECT from_at, to_at FROM ledger.list_partitions()"
                                                   " WHERE table_name = $1 AND NOT detach_pending",
                                                   Parameters().add(table)));
  Spans spans;
  for (int row = 0; row < rows.size(); ++row) {
    spans.emplace_back(rows.integer(row, 0), rows.integer(row, 1));
  }
  return spans;
}

// One instant of each day of the rows that no known partition holds.
template <class Row>
std::vector<std::int64_t> missing_days(const Spans& spans, const std::vector<Row>& rows) {
  std::vector<std::int64_t> days;
  std::pair<std::int64_t, std::int64_t> last{0, 0};  // rows that follow each other are mostly of one partition
  for (const Row& row : rows) {
    const std::int64_t at = split(row.at).microseconds;
    if (last.first <= at && at < last.second) continue;
    const auto span = std::find_if(spans.begin(), spans.end(),
                                   [&](const auto& each) { return each.first <= at && at < each.second; });
    if (span != spans.end()) {
      last = *span;
      continue;
    }
    const std::int64_t midnight = at - ((at % kDay) + kDay) % kDay;
    days.push_back(at);
    last = {midnight, midnight + kDay};
  }
  return days;
}

// Answers how many were made.
Result<std::int64_t> make_partitions(Connection& connection, const std::string& table,
                                     const std::vector<std::int64_t>& instants) {
  ByteBuffer array;
  append_array_head(array, static_cast<std::uint32_t>(Type::timestamptz), instants.size());
  for (const std::int64_t at : instants) array.end_at(put_int64(put_int32(array.room(12), 8), at));
  BLOTTER_ASSIGN(const Rows made,
                 connection.query("SELECT ledger.ensure_partitions($1, $2)",
                                  Parameters().add(table).add_binary(kTimestampArray, std::string(array.view()))));
  return made.integer(0, 0);
}

}  // namespace

// A trigger of somebody else may raise the same SQLSTATE, and the words depend on the server's language.
bool lacks_partition(const Refusal& refusal) {
  return refusal.sqlstate == "23514" && refusal.routine == "ExecFindPartition";
}

template <class Row>
Result<void> PartitionCache::ensure_rows(Connection& connection, Known& known, const std::vector<Row>& rows) {
  if (rows.empty()) return {};
  const std::string& table = shape_of(RowTable<Row>::value).name;
  if (!known.read) {
    BLOTTER_ASSIGN(known.spans, read_spans(connection, table));
    known.read = true;
  }
  // A call makes a bounded number of partitions, so that rows of thousands of periods do not need all locks at once.
  while (true) {
    const std::vector<std::int64_t> days = missing_days(known.spans, rows);
    if (days.empty()) return {};
    BLOTTER_ASSIGN(const std::int64_t made, make_partitions(connection, table, days));
    BLOTTER_ASSIGN(known.spans, read_spans(connection, table));
    if (made == 0) return {};
  }
}

Result<void> PartitionCache::ensure(Connection& connection, const Batch& batch) {
  BLOTTER_TRY(ensure_rows(connection, known_[0], batch.order_events));
  BLOTTER_TRY(ensure_rows(connection, known_[1], batch.fills));
  BLOTTER_TRY(ensure_rows(connection, known_[2], batch.cash_movements));
  return ensure_rows(connection, known_[3], batch.audit_log);
}

}  // namespace blotter::postgres
