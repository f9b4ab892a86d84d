#include <libpq-fe.h>

#include <vector>

#include "bench/peer.h"
#include "scratch/postgres_server.h"

namespace blotter::bench {
namespace {

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using Answer = std::unique_ptr<PGresult, Clear>;

class PostgresPeer final : public Peer {
 public:
  explicit PostgresPeer(std::unique_ptr<scratch::PostgresServer> server) : server_(std::move(server)) {}

  Result<void> open(std::size_t callers) {
    for (std::size_t caller = 0; caller < callers; ++caller) {
      connections_.emplace_back(PQconnectdb(server_->url().c_str()));
      PGconn* connection = connections_.back().get();
      if (PQstatus(connection) != CONNECTION_OK) return failure(connection);
      if (caller == 0) {
        const Answer made(PQexec(connection, "CREATE TABLE records (id bigserial PRIMARY KEY, record bytea NOT NULL)"));
        if (PQresultStatus(made.get()) != PGRES_COMMAND_OK) return failure(connection);
      }
      const Answer prepared(PQprepare(connection, "insert", "INSERT INTO records (record) VALUES ($1)", 1, nullptr));
      if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK) return failure(connection);
    }
    return {};
  }

  Result<void> insert(std::size_t caller, std::span<const std::byte> record) override {
    PGconn* connection = connections_[caller].get();
    const char* value = reinterpret_cast<const char*>(record.data());
    const int size = static_cast<int>(record.size());
    constexpr int kBinary = 1;
    const Answer done(PQexecPrepared(connection, "insert", 1, &value, &size, &kBinary, kBinary));
    if (PQresultStatus(done.get()) != PGRES_COMMAND_OK) return failure(connection);
    return {};
  }

  std::string conditions() const override {
    const int version = PQserverVersion(connections_.front().get());
    return "PostgreSQL " + std::to_string(version / 10'000) + "." + std::to_string(version % 10'000) +
           " with its defaults (fsync, synchronous_commit), a prepared single-row INSERT over a Unix socket, a "
           "connection for each caller";
  }

 private:
  static Unexpected failure(PGconn* connection) {
    std::string message = PQerrorMessage(connection);
    while (!message.empty() && message.back() == '\n') message.pop_back();
    return fail(Errc::unavailable, "PostgreSQL: " + message);
  }

  std::unique_ptr<scratch::PostgresServer> server_;  // outlives the connections
  std::vector<Connection> connections_;
};

}  // namespace

Result<std::unique_ptr<Peer>> open_postgres_peer(const std::string& directory, std::size_t callers) {
  BLOTTER_ASSIGN(std::unique_ptr<scratch::PostgresServer> server,
                 scratch::PostgresServer::start({.directory = directory, .fast = false}));
  auto peer = std::make_unique<PostgresPeer>(std::move(server));
  BLOTTER_TRY(peer->open(callers));
  return std::unique_ptr<Peer>(std::move(peer));
}

}  // namespace blotter::bench
