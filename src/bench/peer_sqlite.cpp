#include <sqlite3.h>

#include <mutex>

#include "bench/peer.h"

namespace blotter::bench {
namespace {

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

// One connection behind a mutex: many connections would wait for each other inside SQLite, by sleeping, for seconds.
class SqlitePeer final : public Peer {
 public:
  Result<void> open(const std::string& path) {
    sqlite3* handle = nullptr;
    const int code = sqlite3_open(path.c_str(), &handle);
    database_.reset(handle);
    if (code != SQLITE_OK) return failure();
    if (sqlite3_exec(handle,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                     "CREATE TABLE records (id INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT",
                     nullptr, nullptr, nullptr) != SQLITE_OK) {
      return failure();
    }
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle, "INSERT INTO records (record) VALUES (?1)", -1, &statement, nullptr) != SQLITE_OK) {
      return failure();
    }
    insert_.reset(statement);
    return {};
  }

  Result<void> insert(std::size_t, std::span<const std::byte> record) override {
    const std::scoped_lock lock(mutex_);
    sqlite3_bind_blob(insert_.get(), 1, record.data(), static_cast<int>(record.size()), SQLITE_STATIC);
    const bool inserted = sqlite3_step(insert_.get()) == SQLITE_DONE;
    const bool committed = sqlite3_reset(insert_.get()) == SQLITE_OK;
    if (!inserted || !committed) return failure();
    return {};
  }

  std::string conditions() const override {
    return std::string("SQLite ") + sqlite3_libversion() + ", WAL, synchronous = FULL, one row a transaction";
  }

 private:
  Unexpected failure() const {
    return fail(Errc::unavailable, std::string("SQLite: ") + sqlite3_errmsg(database_.get()));
  }

  std::unique_ptr<sqlite3, Close> database_;
  std::mutex mutex_;  // a connection serves one statement at a time
  std::unique_ptr<sqlite3_stmt, Finalize> insert_;
};

}  // namespace

Result<std::unique_ptr<Peer>> open_sqlite_peer(const std::string& directory, std::size_t) {
  auto peer = std::make_unique<SqlitePeer>();
  BLOTTER_TRY(peer->open(directory + "/peer.db"));
  return std::unique_ptr<Peer>(std::move(peer));
}

}  // namespace blotter::bench
