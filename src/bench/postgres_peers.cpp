// What bots and trading systems do with PostgreSQL today, on the same server as our landing: an order, then its fill,
// which inserts the trade, updates the order and moves the position. The tables are the usual three, with the usual
// keys, foreign key and indexes.
#include <array>
#include <fstream>

#ifdef BLOTTER_HAS_LIBPQXX
#include <pqxx/pqxx>
#endif

#include "bench/postgres_measures.h"
#include "bench/statistics.h"
#include "store/row_text.h"

namespace blotter::bench {
namespace {

constexpr const char* kTables = R"sql(
CREATE TABLE orders (
  order_id VARCHAR(50) PRIMARY KEY, client_order_id VARCHAR(50) UNIQUE, symbol VARCHAR(20) NOT NULL,
  side VARCHAR(10) NOT NULL CHECK (side IN ('buy', 'sell')), quantity DECIMAL(20, 8) NOT NULL CHECK (quantity > 0),
  order_type VARCHAR(20) NOT NULL, limit_price DECIMAL(20, 8), status VARCHAR(20) NOT NULL,
  filled_quantity DECIMAL(20, 8) NOT NULL DEFAULT 0, submitted_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now());
CREATE INDEX ON orders (symbol, status);
CREATE INDEX ON orders (submitted_at DESC);
CREATE TABLE trades (
  trade_id VARCHAR(50) PRIMARY KEY, order_id VARCHAR(50) NOT NULL REFERENCES orders (order_id),
  symbol VARCHAR(20) NOT NULL, side VARCHAR(10) NOT NULL CHECK (side IN ('buy', 'sell')),
  quantity DECIMAL(20, 8) NOT NULL CHECK (quantity > 0), price DECIMAL(20, 8) NOT NULL CHECK (price > 0),
  commission DECIMAL(20, 8) NOT NULL DEFAULT 0, traded_at TIMESTAMPTZ NOT NULL);
CREATE INDEX ON trades (order_id);
CREATE INDEX ON trades (symbol);
CREATE INDEX ON trades (traded_at DESC);
CREATE TABLE positions (
  symbol VARCHAR(20) PRIMARY KEY, quantity DECIMAL(20, 8) NOT NULL, cost DECIMAL(20, 8) NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now());
)sql";

constexpr std::array<const char*, 8> kSymbols{"AAPL", "MSFT", "NVDA", "AMZN", "META", "GOOG", "TSLA", "AMD"};

// An event is what a bot hears of: an order accepted, or a fill. Each is a transaction of its own.
Result<double> one_transaction_for_each_event(const std::string& url, int orders) {
  BLOTTER_ASSIGN(const auto connection, connect_to(url));
  const auto start = SteadyClock::now();
  for (int i = 0; i < orders; ++i) {
    const std::string number = std::to_string(i);
    const std::string symbol = kSymbols[static_cast<std::size_t>(i) % kSymbols.size()];
    {
      BLOTTER_ASSIGN(auto transaction, postgres::Transaction::begin(*connection));
      postgres::Parameters order;
      order.add("o" + number).add("c" + number).add(symbol);
      BLOTTER_TRY(
          connection->execute("INSERT INTO orders (order_id, client_order_id, symbol, side, quantity, order_type,"
                              " limit_price, status, submitted_at)"
                              " VALUES ($1, $2, $3, 'buy', 10, 'limit', 100.25, 'submitted', now())",
                              order));
      BLOTTER_TRY(transaction.commit());
    }
    BLOTTER_ASSIGN(auto transaction, postgres::Transaction::begin(*connection));
    postgres::Parameters trade;
    trade.add("t" + number).add("o" + number).add(symbol);
    BLOTTER_TRY(
        connection->execute("INSERT INTO trades (trade_id, order_id, symbol, side, quantity, price, traded_at)"
                            " VALUES ($1, $2, $3, 'buy', 10, 100.25, now())",
                            trade));
    postgres::Parameters filled;
    filled.add("o" + number);
    BLOTTER_TRY(connection->execute(
        "UPDATE orders SET status = 'filled', filled_quantity = quantity, updated_at = now() WHERE order_id = $1",
        filled));
    postgres::Parameters position;
    position.add(symbol);
    BLOTTER_TRY(
        connection->execute("INSERT INTO positions (symbol, quantity, cost) VALUES ($1, 10, 1002.5)"
                            " ON CONFLICT (symbol) DO UPDATE SET quantity = positions.quantity + 10,"
                            " cost = positions.cost + 1002.5, updated_at = now()",
                            position));
    BLOTTER_TRY(transaction.commit());
  }
  return 2.0 * orders / seconds_since(start);
}

#ifdef BLOTTER_HAS_LIBPQXX
// The same rows as ours, as the texts that a C++ program would hand to the usual library; NULL is a null pointer.
template <std::size_t kColumns>
struct TextTable {
  const char* name;
  const char* read;
  std::size_t rows_a_transaction;
  std::vector<std::string> texts = {};
  std::vector<std::array<const std::string*, kColumns>> rows = {};
};

template <std::size_t kColumns>
Result<void> read_texts(const std::string& url, TextTable<kColumns>& table) {
  BLOTTER_ASSIGN(const auto connection, connect_to(url));
  std::string all;
  BLOTTER_TRY(connection->copy_out(table.read, [&](std::string_view piece) -> Result<void> {
    all += piece;
    return {};
  }));
  for (std::size_t place = 0; place < all.size();) {
    const std::size_t end = all.find_first_of("\t\n", place);
    table.texts.emplace_back(all, place, end - place);
    place = end + 1;
  }
  const std::string* text = table.texts.data();
  table.rows.resize(table.texts.size() / kColumns);
  for (auto& row : table.rows) {
    for (auto& field : row) {
      field = *text == "\\N" ? nullptr : text;
      ++text;
    }
  }
  return {};
}

template <std::size_t kColumns>
void stream_rows(pqxx::work& work, const TextTable<kColumns>& table, std::size_t batch) {
  pqxx::stream_to stream(work, table.name);
  const std::size_t first = batch * table.rows_a_transaction;
  for (std::size_t i = first; i < std::min(table.rows.size(), first + table.rows_a_transaction); ++i) {
    stream << table.rows[i];
  }
  stream.complete();
}

Result<double> stream_with_libpqxx(const std::string& source, const std::string& target) {
  // Beside the members of the row: metadata's second column and nanos.
  TextTable<kMemberCount<OrderRow> + 2> orders{
      "execution.orders", "COPY (SELECT * FROM execution.orders ORDER BY first_seq) TO STDOUT", 5'000};
  TextTable<kMemberCount<OrderEventRow> + 1> events{
      "execution.order_events", "COPY (SELECT * FROM execution.order_events ORDER BY seq) TO STDOUT", 10'000};
  TextTable<kMemberCount<FillRow> + 1> fills{"execution.fills",
                                             "COPY (SELECT * FROM execution.fills ORDER BY seq) TO STDOUT", 5'000};
  BLOTTER_TRY(read_texts(source, orders));
  BLOTTER_TRY(read_texts(source, events));
  BLOTTER_TRY(read_texts(source, fills));
  const std::size_t rows = orders.rows.size() + events.rows.size() + fills.rows.size();
  try {
    pqxx::connection connection(target);
    const auto start = SteadyClock::now();
    for (std::size_t batch = 0; batch * orders.rows_a_transaction < orders.rows.size(); ++batch) {
      pqxx::work work(connection);
      stream_rows(work, orders, batch);
      stream_rows(work, events, batch);
      stream_rows(work, fills, batch);
      work.commit();
    }
    return static_cast<double>(rows) / seconds_since(start);
  } catch (const std::exception& error) {
    return fail(Errc::unavailable, std::string("libpqxx: ") + error.what());
  }
}
#else
Result<double> stream_with_libpqxx(const std::string&, const std::string&) {
  return fail(Errc::not_found, "libpqxx was not there when this program was built");
}
#endif

constexpr const char* kSqlAlchemy = R"py(
import sys, time, datetime
from sqlalchemy import create_engine, Column, ForeignKey, Numeric, String, DateTime
from sqlalchemy.orm import declarative_base, sessionmaker
Base = declarative_base()
class Order(Base):
    __tablename__ = 'orders'
    order_id = Column(String(50), primary_key=True)
    client_order_id = Column(String(50))
    symbol = Column(String(20))
    side = Column(String(10))
    quantity = Column(Numeric(20, 8))
    order_type = Column(String(20))
    limit_price = Column(Numeric(20, 8))
    status = Column(String(20))
    filled_quantity = Column(Numeric(20, 8), default=0)
    submitted_at = Column(DateTime(timezone=True))
class Trade(Base):
    __tablename__ = 'trades'
    trade_id = Column(String(50), primary_key=True)
    order_id = Column(String(50), ForeignKey('orders.order_id'))
    symbol = Column(String(20))
    side = Column(String(10))
    quantity = Column(Numeric(20, 8))
    price = Column(Numeric(20, 8))
    traded_at = Column(DateTime(timezone=True))
class Position(Base):
    __tablename__ = 'positions'
    symbol = Column(String(20), primary_key=True)
    quantity = Column(Numeric(20, 8))
    cost = Column(Numeric(20, 8))
url, kind, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
import psycopg2
engine = create_engine('postgresql+psycopg2://', creator=lambda: psycopg2.connect(url))
Session = sessionmaker(bind=engine)
symbols = ['AAPL', 'MSFT', 'NVDA', 'AMZN', 'META', 'GOOG', 'TSLA', 'AMD']
now = datetime.datetime.now(datetime.timezone.utc)
def order(i):
    return Order(order_id=f'{kind}o{i}', client_order_id=f'{kind}c{i}', symbol=symbols[i % 8], side='buy', quantity=10,
                 order_type='limit', limit_price='100.25', status='submitted', submitted_at=now)
def trade(i):
    return Trade(trade_id=f'{kind}t{i}', order_id=f'{kind}o{i}', symbol=symbols[i % 8], side='buy', quantity=10,
                 price='100.25', traded_at=now)
session = Session()
start = time.perf_counter()
if kind == 'event':
    for i in range(count):
        session.add(order(i))
        session.commit()
        filled = session.get(Order, f'evento{i}')
        filled.status = 'filled'
        filled.filled_quantity = filled.quantity
        session.add(trade(i))
        position = session.get(Position, symbols[i % 8])
        if position is None:
            session.add(Position(symbol=symbols[i % 8], quantity=10, cost='1002.5'))
        else:
            position.quantity += 10
        session.commit()
else:
    for first in range(0, count, 1000):
        chunk = range(first, min(count, first + 1000))
        session.bulk_save_objects([order(i) for i in chunk])
        session.bulk_save_objects([trade(i) for i in chunk])
        session.commit()
print(2 * count / (time.perf_counter() - start))
)py";

// The script's answer is its last line: rows or events a second.
Result<double> with_sqlalchemy(const Run& run, const std::string& url, const char* kind, int count) {
  const std::string script = run.scratch() / "sqlalchemy_peer.py";
  std::ofstream(script) << kSqlAlchemy;
  const std::string answer = run.scratch() / "sqlalchemy_peer.out";
  const std::string command = "/usr/bin/python3 '" + script + "' '" + url + "' " + kind + " " + std::to_string(count) +
                              " >'" + answer + "' 2>&1";
  const int code = std::system(command.c_str());
  std::ifstream output(answer);
  std::string line;
  std::string last;
  while (std::getline(output, line)) last = line.empty() ? last : line;
  if (code != 0) return fail(Errc::not_found, "SQLAlchemy: " + last);
  return std::strtod(last.c_str(), nullptr);
}

}  // namespace

Result<void> measure_postgres_peers(Run& run, scratch::PostgresServer& server, const LandingRates& ours) {
  struct PeerMeasure {
    const char* name;
    const char* unit;
    double ours;
    bool judged;
    const char* conditions;
    std::function<Result<double>(const std::string& url)> rate;
  };
  const int bulk = run.by_scale(2'000, 100'000, 200'000);
  const int events = run.by_scale(50, 2'000, 5'000);
  const std::vector<PeerMeasure> peers = {
      {"SQLAlchemy, a transaction an event", "events/s", ours.events, true,
       "SQLAlchemy 1.4 with psycopg2, three narrow tables with a foreign key: order inserted; then order updated, "
       "trade inserted, position moved",
       [&](const std::string& url) { return with_sqlalchemy(run, url, "event", events / 5 + 1); }},
      {"libpq, a transaction an event", "events/s", ours.events, true,
       "one connection, the same narrow tables: order inserted; then trade inserted, order updated, position upserted",
       [&](const std::string& url) { return one_transaction_for_each_event(url, events); }},
      {"SQLAlchemy, bulk", "rows/s", ours.rows, true,
       "bulk_save_objects into the same narrow tables, 1,000 orders and 1,000 trades a transaction",
       [&](const std::string& url) { return with_sqlalchemy(run, url, "bulk", bulk / 10); }},
      {"libpqxx stream_to", "rows/s", ours.rows, false,
       "the same rows as ready-made texts into the same tables, 20,000 a transaction: nothing is decided, nothing kept "
       "current",
       [&](const std::string&) -> Result<double> {
         BLOTTER_ASSIGN(const std::string target, fresh_landing_database(server, "libpqxx"));
         return stream_with_libpqxx(ours.url, target);
       }},
  };
  int number = 0;
  for (const PeerMeasure& peer : peers) {
    run.say(std::string("landing against ") + peer.name);
    BLOTTER_ASSIGN(const std::string url, server.create_database("peer" + std::to_string(++number)));
    BLOTTER_ASSIGN(const auto connection, connect_to(url));
    BLOTTER_TRY(connection->run_script(kTables));
    BenchRow row;
    row.name = std::string("landing against ") + peer.name;
    row.unit = peer.unit;
    row.conditions = peer.conditions;
    if (const Result<double> rate = peer.rate(url)) {
      row.ours = peer.ours;
      row.ceiling = *rate;
      row.ratio = peer.ours / *rate;
      if (peer.judged) {
        row.goal = "> 1.00";
        row.met = *row.ratio > 1;
      }
    } else {
      row.conditions = "not measured: " + rate.error().message;
    }
    run.add(std::move(row));
  }
  return {};
}

}  // namespace blotter::bench
