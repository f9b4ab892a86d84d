// Lands batches: the cursor and all rows in one transaction, guarded by the epoch.
//
// The usual way sends everything at once and trusts the batch: a few round trips however many rows, the large
// append-only parts by binary COPY. Only when a row is refused, or the cursor is elsewhere, is the batch tried again
// carefully (careful_writer.h): to name the row or to set it aside, or to say where the cursor is.
//
// Threads    One at a time, as its connection.
// Failure    Nothing is left behind: the transaction is rolled back. Errc as Store::apply().
#pragma once

#include "store/postgres/partition_cache.h"
#include "store/postgres/row_sender.h"
#include "store/refused_row.h"

namespace blotter::postgres {

// For every transaction that takes a book's row, right after BEGIN. A batch's statements touch thousands of rows at
// known keys: compiling them would take longer than running them. Somebody's forgotten lock is a problem to tell, not
// to wait for in silence. And a server whose client has vanished (a host without power, a firewall that forgot) must
// not keep the book from the next writer until its own keepalives notice, which takes two hours by default.
inline constexpr const char* kOfATransaction =
    "SELECT set_config('jit', 'off', true), set_config('lock_timeout', '10s', true),"
    " set_config('idle_in_transaction_session_timeout', '10s', true), set_config('tcp_keepalives_idle', '10', true),"
    " set_config('tcp_keepalives_interval', '5', true), set_config('tcp_keepalives_count', '3', true)";

class BatchWriter {
 public:
  // The connection outlives the writer.
  explicit BatchWriter(Connection& connection) : connection_(connection), sender_(connection) {}

  Result<Seq> apply(const Batch& batch);
  Result<Seq> apply_setting_aside(const Batch& batch);

 private:
  Result<Seq> apply_at_once(const Batch& batch);
  Result<Seq> apply_carefully(const Batch& batch, OnRefusal then);

  Connection& connection_;
  RowSender sender_;
  PartitionCache partitions_;
};

}  // namespace blotter::postgres
