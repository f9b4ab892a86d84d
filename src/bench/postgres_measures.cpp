#include "bench/postgres_measures.h"

namespace blotter::bench {

Result<std::unique_ptr<postgres::Connection>> connect_to(const std::string& url) {
  postgres::ConnectionSettings settings;
  settings.url = url;
  return postgres::Connection::connect(settings);
}

Result<void> measure_postgres(Run& run) {
  run.say("starting PostgreSQL");
  BLOTTER_ASSIGN(const auto server,
                 scratch::PostgresServer::start({.directory = run.scratch() / "postgres",
                                                 .settings = {"max_connections = 150", "max_wal_size = 4GB",
                                                              "shared_buffers = 4GB", "checkpoint_timeout = 15min"},
                                                 .fast = false}));
  // The latencies first: loading millions of rows leaves checkpoints and autovacuum behind.
  BLOTTER_TRY(measure_postgres_lag(run, *server));
  BLOTTER_TRY(measure_postgres_queries(run, *server));
  BLOTTER_ASSIGN(const LandingRates rates, measure_postgres_landing(run, *server));
  return measure_postgres_peers(run, *server, rates);
}

}  // namespace blotter::bench
