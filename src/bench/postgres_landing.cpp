// Landing in PostgreSQL: the projector against a bare binary COPY of the same rows, ready-made, into the same tables.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "bench/postgres_measures.h"
#include "bench/statistics.h"
#include "bench/traffic.h"
#include "journal/journal.h"
#include "ledger/projector.h"

namespace blotter::bench {
namespace {

// The tables that carry the load. Each is read with the event that its row came from in front of it.
struct Source {
  const char* read;
  const char* write;
};
constexpr std::array kSources{
    Source{"COPY (SELECT first_seq, t.* FROM execution.orders AS t ORDER BY 1) TO STDOUT (FORMAT binary)",
           "COPY execution.orders FROM STDIN (FORMAT binary)"},
    Source{"COPY (SELECT seq, t.* FROM execution.order_events AS t ORDER BY 1) TO STDOUT (FORMAT binary)",
           "COPY execution.order_events FROM STDIN (FORMAT binary)"},
    Source{"COPY (SELECT seq, t.* FROM execution.fills AS t ORDER BY 1) TO STDOUT (FORMAT binary)",
           "COPY execution.fills FROM STDIN (FORMAT binary)"},
};

constexpr std::size_t kHeaderSize = 19;  // signature, flags, length of the extension

template <class Number>
Number read_number(const char* bytes) {
  std::make_unsigned_t<Number> value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    value = static_cast<std::make_unsigned_t<Number>>(value << 8 | static_cast<unsigned char>(bytes[i]));
  }
  return static_cast<Number>(value);
}

void append_number(std::string& out, std::int16_t value) {
  out += static_cast<char>(static_cast<std::uint16_t>(value) >> 8);
  out += static_cast<char>(static_cast<std::uint16_t>(value) & 0xff);
}

// The rows of one table: whole COPY streams, one for each batch.
struct Streams {
  const char* write = nullptr;
  std::vector<std::string> batches;
  std::int64_t rows = 0;
};

Streams split(const std::string& all, const Source& source, const std::vector<std::int64_t>& batch_ends) {
  Streams streams;
  streams.write = source.write;
  const std::string header = all.substr(0, kHeaderSize);
  std::size_t place = kHeaderSize;
  for (const std::int64_t end : batch_ends) {
    std::string& batch = streams.batches.emplace_back(header);
    while (true) {
      const auto fields = read_number<std::int16_t>(all.data() + place);
      if (fields < 0 || read_number<std::int64_t>(all.data() + place + 6) > end) break;
      append_number(batch, static_cast<std::int16_t>(fields - 1));
      std::size_t field = place + 14;  // behind the count and the event's number
      const std::size_t row = field;
      for (int i = 1; i < fields; ++i) {
        const auto size = read_number<std::int32_t>(all.data() + field);
        field += 4 + static_cast<std::size_t>(std::max(size, 0));
      }
      batch.append(all, row, field - row);
      place = field;
      ++streams.rows;
    }
    append_number(batch, -1);
  }
  return streams;
}

Result<std::vector<Streams>> ready_made(const std::string& url, const std::vector<std::int64_t>& batch_ends) {
  BLOTTER_ASSIGN(const auto connection, connect_to(url));
  std::vector<Streams> tables;
  for (const Source& source : kSources) {
    std::string all;
    BLOTTER_TRY(connection->copy_out(source.read, [&](std::string_view piece) -> Result<void> {
      all += piece;
      return {};
    }));
    tables.push_back(split(all, source, batch_ends));
  }
  return tables;
}

Result<double> copy_bare(const std::string& url, const std::vector<Streams>& tables) {
  BLOTTER_ASSIGN(const auto connection, connect_to(url));
  const auto start = SteadyClock::now();
  for (std::size_t batch = 0; batch < tables.front().batches.size(); ++batch) {
    BLOTTER_ASSIGN(auto transaction, postgres::Transaction::begin(*connection));
    for (const Streams& table : tables) {
      BLOTTER_TRY(connection->begin_copy(table.write));
      BLOTTER_TRY(connection->put_copy(table.batches[batch]));
      BLOTTER_TRY(connection->end_copy());
    }
    BLOTTER_TRY(transaction.commit());
  }
  return seconds_since(start);
}

Result<double> land_ours(const std::string& journal_directory, const std::string& url) {
  BLOTTER_ASSIGN(auto journal, journal::open_journal(journal_directory, journal::Options{}));
  StoreOptions options;
  options.url = url;
  const auto start = SteadyClock::now();
  Projector projector(*journal, "main", options);
  BLOTTER_TRY(projector.wait_stored(journal->durable(), -1));
  return seconds_since(start);
}

// The projector's batches.
std::vector<std::int64_t> batch_ends(std::int64_t events) {
  std::vector<std::int64_t> ends;
  auto batch = std::int64_t{1'000};
  for (std::int64_t last = 0; last < events;) {
    last = std::min(events, last + batch);
    ends.push_back(last);
    batch = std::min(batch * 2, static_cast<std::int64_t>(Projector::kEventsMax));
  }
  return ends;
}

// Records ten thousand orders of a hundred fills each, and lands them.
Result<BenchRow> load_many_fills(Run& run, scratch::PostgresServer& server) {
  const int orders = run.by_scale(20, 10'000, 10'000);
  constexpr int kFillsPerOrder = 100;
  run.say("landing in PostgreSQL: a hundred fills for each order");
  Seq last{0};
  {
    BLOTTER_ASSIGN(auto ledger, run.open_ledger("many-fills"));
    Traffic traffic(4);
    for (int i = 0; i < orders; ++i) {
      OrderReport order = *std::get_if<OrderReport>(&traffic.next_order());
      order.quantity = Quantity(Decimal(kFillsPerOrder));
      BLOTTER_TRY(ledger->offer(order, {}));
      FillReport fill = *std::get_if<FillReport>(&traffic.next_fill());
      fill.quantity = Quantity(Decimal(1));
      const std::string exec_id = fill.exec_id;
      for (int part = 0; part < kFillsPerOrder; ++part) {
        fill.exec_id = exec_id + "." + std::to_string(part);
        BLOTTER_ASSIGN(const Receipt receipt, ledger->offer(fill, {}));
        last = receipt.seq;
      }
    }
    BLOTTER_TRY(ledger->wait_durable(last));
  }
  BLOTTER_ASSIGN(const std::string url, fresh_landing_database(server, "manyfills"));
  BLOTTER_ASSIGN(const double seconds, land_ours(run.scratch() / "many-fills/journal", url));
  run.scratch().remove("many-fills");
  const auto fills = static_cast<std::uint64_t>(orders) * kFillsPerOrder;
  BenchRow row;
  row.name = with_commas(fills) + " fills of " + with_commas(static_cast<std::uint64_t>(orders)) + " orders landed";
  row.unit = "s";
  row.ours = seconds;
  row.ceiling = static_cast<double>(fills) / 1'000;
  row.ratio = seconds / *row.ceiling;
  row.goal = "<= 1";
  row.met = *row.ratio <= 1;
  row.conditions =
      "from the journal to COMMIT, with the order events, positions and daily P&L of all of them; the "
      "ceiling is 1,000 fills a second";
  return row;
}

}  // namespace

Result<std::string> fresh_landing_database(scratch::PostgresServer& server, const std::string& name) {
  BLOTTER_ASSIGN(const std::string url, server.create_database(name));
  { BLOTTER_ASSIGN(const auto store, open_store(url, StoreAccess::write)); }
  BLOTTER_ASSIGN(const auto connection, connect_to(url));
  for (const char* table : {"order_events", "fills"}) {
    postgres::Parameters parameters;
    parameters.add(std::string_view(table)).add(std::string_view("2026-01-05T14:30:00Z"));
    BLOTTER_TRY(connection->query("SELECT ledger.ensure_partitions($1, ARRAY[($2::text)::timestamptz])", parameters));
  }
  return url;
}

Result<LandingRates> measure_postgres_landing(Run& run, scratch::PostgresServer& server) {
  const std::uint64_t reports = run.by_scale<std::uint64_t>(2'000, 200'000, 400'000);
  const int count = run.by_scale(1, 3, 5);
  run.say("landing in PostgreSQL: recording what will land");
  Seq last{0};
  {
    BLOTTER_ASSIGN(auto ledger, run.open_ledger("landing-postgres"));
    Traffic traffic(1);
    for (std::uint64_t i = 0; i < reports; ++i) {
      BLOTTER_ASSIGN(const Receipt receipt, ledger->offer(traffic.next(), {}));
      last = receipt.seq;
    }
    BLOTTER_TRY(ledger->wait_durable(last));
  }
  const auto events = static_cast<std::int64_t>(to_number(last));
  const std::string journal_directory = run.scratch() / "landing-postgres/journal";
  std::vector<Streams> tables;
  std::int64_t rows = 0;
  Rounds rounds;
  LandingRates rates;
  for (int round = -1; round < count; ++round) {
    run.say("landing in PostgreSQL: round " + std::to_string(round + 1) + " of " + std::to_string(count));
    BLOTTER_ASSIGN(const std::string ours_url, fresh_landing_database(server, "ours" + std::to_string(round + 1)));
    BLOTTER_ASSIGN(const double ours, land_ours(journal_directory, ours_url));
    if (tables.empty()) {
      rates.url = ours_url;
      BLOTTER_ASSIGN(tables, ready_made(ours_url, batch_ends(events)));
      for (const Streams& table : tables) rows += table.rows;
    }
    BLOTTER_ASSIGN(const std::string bare_url, fresh_landing_database(server, "bare" + std::to_string(round + 1)));
    BLOTTER_ASSIGN(const double bare, copy_bare(bare_url, tables));
    if (round < 0) continue;
    rounds.ours.push_back(static_cast<double>(rows) / ours);
    rounds.ceiling.push_back(static_cast<double>(rows) / bare);
  }
  const std::string what =
      with_commas(static_cast<std::uint64_t>(rows)) +
      " rows, one order : two order events : one fill, from journal to COMMIT, positions, balances "
      "and daily P&L not counted but kept; ceiling: binary COPY of the same rows, ready-made, into "
      "the same tables in the same transactions over one connection";
  BenchRow row = row_of("landing in PostgreSQL", "rows/s", rounds, what);
  row.goal = ">= 0.80";
  row.met = *row.ratio >= 0.8;
  run.add(row);
  BenchRow absolute = row_of("landing in PostgreSQL, rate", "rows/s", rounds, what);
  absolute.goal = ">= 100,000/s";
  absolute.met = *absolute.ours >= 100'000;
  run.add(std::move(absolute));
  run.scratch().remove("landing-postgres");
  BLOTTER_ASSIGN(BenchRow many_fills, load_many_fills(run, server));
  run.add(std::move(many_fills));
  rates.rows = *row.ours;
  rates.events = rates.rows * static_cast<double>(events) / static_cast<double>(rows);
  return rates;
}

}  // namespace blotter::bench
