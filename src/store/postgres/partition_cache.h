// Which partitions are known to be there, so that a batch asks the server only about times it has not seen yet.
//
// A partition that is retired meanwhile makes the batch fail: lacks_partition(), forget() and try again.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "blotter/store.h"
#include "store/postgres/connection.h"

namespace blotter::postgres {

class PartitionCache {
 public:
  // Makes the missing partitions for the batch's rows. Outside of transactions: each table's in one of its own, so that
  // its locks are gone before rows land. Errc: as Connection; unavailable (somebody holds the table: try again).
  Result<void> ensure(Connection& connection, const Batch& batch);
  void forget() { known_ = {}; }

 private:
  struct Known {
    std::vector<std::pair<std::int64_t, std::int64_t>> spans;  // [from, to) in microseconds
    bool read = false;
  };
  static constexpr std::size_t kTables = 4;

  template <class Row>
  Result<void> ensure_rows(Connection& connection, Known& known, const std::vector<Row>& rows);

  std::array<Known, kTables> known_;
};

// Whether the refusal says that a row has no partition.
bool lacks_partition(const Refusal& refusal);

}  // namespace blotter::postgres
