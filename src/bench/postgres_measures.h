// The measures that need a PostgreSQL: one throw-away server for all of them, with its defaults for durability.
#pragma once

#include "bench/run.h"
#include "scratch/postgres_server.h"
#include "store/postgres/connection.h"

namespace blotter::bench {

Result<std::unique_ptr<postgres::Connection>> connect_to(const std::string& url);

// Rates of ours that the peers are held against.
struct LandingRates {
  double rows = 0;
  double events = 0;
  std::string url;  // a database in which the rows lie
};

// A database with our schema and the partitions that Traffic needs.
Result<std::string> fresh_landing_database(scratch::PostgresServer& server, const std::string& name);

Result<LandingRates> measure_postgres_landing(Run& run, scratch::PostgresServer& server);
// How long until what was accepted can be seen in the database.
Result<void> measure_postgres_lag(Run& run, scratch::PostgresServer& server);
// The queries of a trading desk, over many fills.
Result<void> measure_postgres_queries(Run& run, scratch::PostgresServer& server);
Result<void> measure_postgres_peers(Run& run, scratch::PostgresServer& server, const LandingRates& ours);

}  // namespace blotter::bench
