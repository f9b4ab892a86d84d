#include "store/postgres/careful_writer.h"

#include <map>
#include <tuple>

#include "store/postgres/partition_cache.h"

namespace blotter::postgres {
namespace {

constexpr const char* kSavepoint = "SAVEPOINT landing";
constexpr const char* kKeep = "RELEASE SAVEPOINT landing";
constexpr const char* kUndo = "ROLLBACK TO SAVEPOINT landing; RELEASE SAVEPOINT landing";

// How often the line that COPY named is believed for one table. Each time all rows behind it are sent again, which
// halving does not do when most of them are bad.
constexpr int kGuessesMax = 16;

std::string reason_of(const Error& error, const Refusal& refusal) {
  constexpr std::string_view kUniqueViolation = "23505";
  if (refusal.sqlstate == kUniqueViolation) return kTwin;
  return refusal.message.empty() ? error.message : refusal.message;
}

}  // namespace

Result<void> CarefulWriter::write() {
  BLOTTER_TRY(upsert(batch_.accounts));
  BLOTTER_TRY(upsert(batch_.instruments));
  BLOTTER_TRY(upsert(batch_.strategies));
  BLOTTER_TRY(insert(batch_.new_orders));
  BLOTTER_TRY(update_orders());
  BLOTTER_TRY(insert(batch_.order_events));
  BLOTTER_TRY(insert(batch_.fills));
  BLOTTER_TRY(change_each(batch_.fill_status_changes, Table::fills,
                          [&](const auto& one) { sender_.queue_statuses(batch_.book_id, one); }));
  BLOTTER_TRY(insert(batch_.position_adjustments));
  BLOTTER_TRY(upsert(batch_.positions));
  BLOTTER_TRY(upsert(batch_.balances));
  BLOTTER_TRY(insert(batch_.cash_movements));
  BLOTTER_TRY(upsert(batch_.pnl_daily));
  BLOTTER_TRY(insert(batch_.quarantine));
  BLOTTER_TRY(insert(batch_.audit_log));
  BLOTTER_TRY(change_each(batch_.quarantine_releases, Table::quarantine,
                          [&](const auto& one) { sender_.queue_releases(batch_.book_id, one); }));
  return keep_refused();
}

// The places of the rows that satisfy the rules; the others are refused.
template <class Row>
Result<std::vector<std::size_t>> CarefulWriter::good_rows(const std::vector<Row>& rows) {
  std::vector<std::size_t> good;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (const RowFault fault = fault_of(rows[i], batch_.book_id)) {
      BLOTTER_TRY(refusals_.take(rows[i], rows, words_of(fault)));
    } else {
      good.push_back(i);
    }
  }
  return good;
}

// Whether the rows landed. When not, why_ and line_ say more and nothing of them is left.
template <class Row, class Send>
Result<bool> CarefulWriter::attempt(const std::vector<Row>& rows, Places places, Send send) {
  std::vector<Row> chosen;
  chosen.reserve(places.size());
  for (const std::size_t place : places) chosen.push_back(rows[place]);
  BLOTTER_TRY(connection_.run_script(kSavepoint));
  const Result<void> sent = send(chosen);
  if (sent) {
    BLOTTER_TRY(connection_.run_script(kKeep));
    return true;
  }
  if (sent.error().code != Errc::invalid) return fail(sent.error());
  if (lacks_partition(connection_.refusal())) {
    return fail(Errc::unavailable, sent.error().message + "; a partition was retired meanwhile, try again");
  }
  why_ = reason_of(sent.error(), connection_.refusal());
  line_ = static_cast<std::size_t>(connection_.refusal().copy_line());
  BLOTTER_TRY(connection_.run_script(kUndo));
  return false;
}

template <class Row, class Send>
Result<void> CarefulWriter::land(const std::vector<Row>& rows, Places places, Send send) {
  int guesses = 0;
  while (!places.empty()) {
    BLOTTER_ASSIGN(const bool landed, attempt(rows, places, send));
    if (landed) return {};
    if (places.size() == 1) return refusals_.take(rows[places[0]], rows, why_);
    if (line_ >= 1 && line_ <= places.size() && ++guesses <= kGuessesMax) {
      const std::size_t suspect = line_ - 1;
      BLOTTER_TRY(land(rows, places.first(suspect), send));
      BLOTTER_TRY(land(rows, places.subspan(suspect, 1), send));
      places = places.subspan(suspect + 1);
    } else {
      const std::size_t half = places.size() / 2;
      BLOTTER_TRY(land(rows, places.first(half), send));
      places = places.subspan(half);
    }
  }
  return {};
}

template <class Row>
Result<void> CarefulWriter::upsert(const std::vector<Row>& rows) {
  BLOTTER_ASSIGN(const std::vector<std::size_t> good, good_rows(rows));
  return land(rows, Places(good), [&](const std::vector<Row>& chosen) {
    sender_.queue_upsert(chosen);
    return sender_.flush();
  });
}

template <class Row>
Result<void> CarefulWriter::insert(const std::vector<Row>& rows) {
  BLOTTER_ASSIGN(const std::vector<std::size_t> good, good_rows(rows));
  return land(rows, Places(good), [&](const std::vector<Row>& chosen) { return sender_.copy(chosen); });
}

Result<void> CarefulWriter::update_orders() {
  const std::vector<OrderRow>& orders = batch_.changed_orders;
  BLOTTER_ASSIGN(const std::vector<std::size_t> good, good_rows(orders));
  BLOTTER_ASSIGN(const std::vector<std::size_t> there, orders_that_are_there(good));
  return land(orders, Places(there), [&](const std::vector<OrderRow>& chosen) {
    sender_.queue_update(chosen);
    return sender_.flush();
  });
}

// An update of a key that is not there fails nothing by itself; those are refused here.
Result<std::vector<std::size_t>> CarefulWriter::orders_that_are_there(const std::vector<std::size_t>& places) {
  std::vector<std::size_t> there;
  if (places.empty()) return there;
  constexpr std::uint32_t kUuidArray = 2951;
  ByteBuffer ids;
  append_array_head(ids, static_cast<std::uint32_t>(Type::uuid), places.size());
  for (const std::size_t place : places) {
    encoding::put_value<ColumnKind::uuid>(ids, batch_.changed_orders[place].order_id);
  }
  BLOTTER_ASSIGN(const Rows found,
                 connection_.query("SELECT EXISTS (SELECT FROM execution.orders AS old"
                                   " WHERE old.book_id = $1 AND old.order_id = asked.order_id)"
                                   " FROM unnest($2) WITH ORDINALITY AS asked (order_id, place) ORDER BY asked.place",
                                   Parameters().add(batch_.book_id).add_binary(kUuidArray, std::string(ids.view()))));
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (found.boolean(static_cast<int>(i), 0)) {
      there.push_back(places[i]);
    } else {
      BLOTTER_TRY(refusals_.take(batch_.changed_orders[places[i]], batch_.changed_orders, kKeyMissing));
    }
  }
  return there;
}

// These change a row by its number and are few; one at a time tells which number is not there.
template <class Change, class Queue>
Result<void> CarefulWriter::change_each(const std::vector<Change>& changes, Table table, Queue queue) {
  for (const Change& change : changes) {
    if (const RowFault fault = fault_of(change)) {
      BLOTTER_TRY(refusals_.take(change, words_of(fault)));
      continue;
    }
    BLOTTER_TRY(connection_.run_script(kSavepoint));
    queue(std::vector<Change>{change});
    Result<void> done = sender_.flush();
    if (done) {
      BLOTTER_TRY(connection_.run_script(kKeep));
      continue;
    }
    if (done.error().code != Errc::invalid) return done;
    // Before the next statement forgets it. Without a state the server refused nothing: no row was touched.
    const bool untouched = connection_.refusal().sqlstate.empty();
    const std::string why = untouched ? no_such_seq(table, change.seq) : reason_of(done.error(), connection_.refusal());
    BLOTTER_TRY(connection_.run_script(kUndo));
    BLOTTER_ASSIGN(const bool retired, untouched ? is_retired(change) : Result<bool>(false));
    if (!retired) BLOTTER_TRY(refusals_.take(change, why));
  }
  return {};
}

// Whether the fill is not there because its partition may have been retired: then there is nothing left to change.
// Which numbers went with a partition is known when its archive is written; before that it may be any.
Result<bool> CarefulWriter::is_retired(const FillStatusChange& change) {
  BLOTTER_ASSIGN(const Rows rows,
                 connection_.query("SELECT EXISTS (SELECT FROM ledger.retired_partitions WHERE table_name = 'fills'"
                                   " AND (state IN ('detaching', 'detached') OR $2 BETWEEN first_seq AND last_seq))"
                                   " AND NOT EXISTS (SELECT FROM execution.fills WHERE book_id = $1 AND seq = $2)",
                                   Parameters().add(batch_.book_id).add(change.seq)));
  return rows.boolean(0, 0);
}

Result<void> CarefulWriter::keep_refused() {
  // Two refused rows of one key make one: the last, as if they had been written one after the other.
  std::map<std::tuple<std::int64_t, std::string, std::string>, RefusedRow> by_key;
  for (const RefusedRow& row : refusals_.kept()) by_key[{row.seq, row.table_name, row.row_key}] = row;
  std::vector<RefusedRow> rows;
  rows.reserve(by_key.size());
  for (auto& [key, row] : by_key) rows.push_back(std::move(row));
  sender_.queue_upsert(rows);
  return sender_.flush();
}

}  // namespace blotter::postgres
