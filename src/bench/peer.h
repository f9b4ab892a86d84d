// Peer: another system doing what the journal does, keeping one record durably for each call.
//
// Each is used the way its documentation says durable single writes are done, with its defaults otherwise.
// Failure    What is not built in or cannot be started is Errc::not_found and becomes a row that says so.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "blotter/result.h"

namespace blotter::bench {

class Peer {
 public:
  virtual ~Peer() = default;
  // Durable when it returns. Safe from any thread as long as each caller number is used by one thread.
  virtual Result<void> insert(std::size_t caller, std::span<const std::byte> record) = 0;
  // Version and settings that matter.
  virtual std::string conditions() const = 0;
};

// `directory` is empty; `callers` is the largest caller number and one.
Result<std::unique_ptr<Peer>> open_sqlite_peer(const std::string& directory, std::size_t callers);
Result<std::unique_ptr<Peer>> open_leveldb_peer(const std::string& directory, std::size_t callers);
Result<std::unique_ptr<Peer>> open_rocksdb_peer(const std::string& directory, std::size_t callers);
Result<std::unique_ptr<Peer>> open_postgres_peer(const std::string& directory, std::size_t callers);

}  // namespace blotter::bench
