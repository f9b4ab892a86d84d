#ifdef BLOTTER_HAS_ROCKSDB
#include <rocksdb/db.h>
#include <rocksdb/version.h>
#endif

#include "bench/peer.h"
#include "bench/peer_keys.h"

namespace blotter::bench {

#ifdef BLOTTER_HAS_ROCKSDB
namespace {

class RocksdbPeer final : public Peer {
 public:
  explicit RocksdbPeer(rocksdb::DB* database) : database_(database) { synced_.sync = true; }

  Result<void> insert(std::size_t, std::span<const std::byte> record) override {
    const PeerKeys::Key key = keys_.next();
    const rocksdb::Status put =
        database_->Put(synced_, rocksdb::Slice(key.data(), key.size()),
                       rocksdb::Slice(reinterpret_cast<const char*>(record.data()), record.size()));
    if (!put.ok()) return fail(Errc::unavailable, "RocksDB: " + put.ToString());
    return {};
  }

  std::string conditions() const override {
    return "RocksDB " + std::to_string(ROCKSDB_MAJOR) + "." + std::to_string(ROCKSDB_MINOR) +
           ", sync = true, recycle_log_file_num = 4, defaults otherwise";
  }

 private:
  std::unique_ptr<rocksdb::DB> database_;
  rocksdb::WriteOptions synced_;
  PeerKeys keys_;
};

}  // namespace

Result<std::unique_ptr<Peer>> open_rocksdb_peer(const std::string& directory, std::size_t) {
  rocksdb::Options options;
  options.create_if_missing = true;
  // Faster than the default where a log file has room already: the peer gets its better setting.
  options.recycle_log_file_num = 4;
  rocksdb::DB* database = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(options, directory + "/rocksdb", &database);
  if (!opened.ok()) return fail(Errc::unavailable, "RocksDB: " + opened.ToString());
  return std::unique_ptr<Peer>(std::make_unique<RocksdbPeer>(database));
}
#else
Result<std::unique_ptr<Peer>> open_rocksdb_peer(const std::string&, std::size_t) {
  return fail(Errc::not_found, "not installed when this program was built");
}
#endif

}  // namespace blotter::bench
