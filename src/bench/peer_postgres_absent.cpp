// Stands in for peer_postgres.cpp where libpq is not installed.
#include "bench/peer.h"

namespace blotter::bench {

Result<std::unique_ptr<Peer>> open_postgres_peer(const std::string&, std::size_t) {
  return fail(Errc::not_found, "not installed when this program was built");
}

}  // namespace blotter::bench
