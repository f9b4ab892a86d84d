#ifdef BLOTTER_HAS_LEVELDB
#include <leveldb/db.h>
#endif

#include "bench/peer.h"
#include "bench/peer_keys.h"

namespace blotter::bench {

#ifdef BLOTTER_HAS_LEVELDB
namespace {

class LeveldbPeer final : public Peer {
 public:
  explicit LeveldbPeer(leveldb::DB* database) : database_(database) { synced_.sync = true; }

  Result<void> insert(std::size_t, std::span<const std::byte> record) override {
    const PeerKeys::Key key = keys_.next();
    const leveldb::Status put = database_->Put(synced_, {key.data(), key.size()},
                                               {reinterpret_cast<const char*>(record.data()), record.size()});
    if (!put.ok()) return fail(Errc::unavailable, "LevelDB: " + put.ToString());
    return {};
  }

  std::string conditions() const override {
    return "LevelDB " + std::to_string(leveldb::kMajorVersion) + "." + std::to_string(leveldb::kMinorVersion) +
           ", sync = true, defaults otherwise";
  }

 private:
  std::unique_ptr<leveldb::DB> database_;
  leveldb::WriteOptions synced_;
  PeerKeys keys_;
};

}  // namespace

Result<std::unique_ptr<Peer>> open_leveldb_peer(const std::string& directory, std::size_t) {
  leveldb::Options options;
  options.create_if_missing = true;
  leveldb::DB* database = nullptr;
  const leveldb::Status opened = leveldb::DB::Open(options, directory + "/leveldb", &database);
  if (!opened.ok()) return fail(Errc::unavailable, "LevelDB: " + opened.ToString());
  return std::unique_ptr<Peer>(std::make_unique<LeveldbPeer>(database));
}
#else
Result<std::unique_ptr<Peer>> open_leveldb_peer(const std::string&, std::size_t) {
  return fail(Errc::not_found, "not installed when this program was built");
}
#endif

}  // namespace blotter::bench
