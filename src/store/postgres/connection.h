// A PostgreSQL connection: statements with binary parameters and results, COPY, transactions.
//
// Every failure is translated to an Errc once, here (sqlstate.h). Works through PgBouncer in transaction mode:
// statements are unnamed and nothing is set for the session.
//
// Threads    One at a time.
// Failure    After Errc::unavailable or in_doubt the connection may be gone: usable() tells. Messages name the server
//            (never the password), what went wrong in PostgreSQL's words and, where a person has to act, the setting.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "blotter/result.h"
#include "blotter/store.h"

struct pg_conn;
struct pg_result;

namespace blotter::postgres {

// Object ids of PostgreSQL's built-in types (pg_type.dat); fixed for good.
enum class Type : std::uint32_t {
  boolean = 16,
  int8 = 20,
  int4 = 23,
  text = 25,
  date = 1082,
  timestamptz = 1184,
  numeric = 1700,
  uuid = 2950,
  jsonb = 3802,
};

// Which server will do, when the URL does not say (target_session_attrs).
enum class Target : std::uint8_t {
  writable,  // one that accepts writes
  primary,   // of several hosts the primary; a single one as it is, a standby too
  any,
};

// What the URL says wins; these fill in what it lacks. Libpq's environment (PGHOST, …) comes last.
struct ConnectionSettings {
  std::string url;       // postgresql://… or libpq's key=value form, with any of its parameters and several hosts
  std::string ssl_mode;  // empty: libpq's default
  std::string application_name = "blotter";
  // For all hosts of the URL together, each with one address; at least two seconds for each. A server that answers with
  // a refusal is asked a second time, for its reason.
  std::int64_t connect_ms_max = 10'000;
  Target target = Target::writable;
};
ConnectionSettings settings_of(const StoreOptions& options, Target target);

// The binary parameters $1, $2, … of one statement.
class Parameters {
 public:
  Parameters& add(std::string_view text);
  Parameters& add(const char* text) { return add(std::string_view(text)); }
  Parameters& add(const std::string& text) { return add(std::string_view(text)); }
  Parameters& add(std::int64_t value);
  Parameters& add(bool value);
  Parameters& add_null(Type type);
  // A value already in the type's binary form; `oid` may be an array type.
  Parameters& add_binary(std::uint32_t oid, std::string bytes);

 private:
  friend class Connection;
  std::vector<std::uint32_t> types_;
  std::vector<std::string> values_;
  std::vector<bool> nulls_;
};

// One statement of several that travel together.
struct Statement {
  const char* sql = nullptr;
  Parameters parameters = {};
};

// Rows in binary form. Reading past the ends aborts.
class Rows {
 public:
  explicit Rows(pg_result* result) : result_(result) {}
  int size() const;
  bool is_null(int row, int column) const;
  std::string_view bytes(int row, int column) const;                                       // the binary form
  std::string text(int row, int column) const { return std::string(bytes(row, column)); }  // of text, name, json
  std::int64_t integer(int row, int column) const;                                         // of int2, int4, int8, oid
  bool boolean(int row, int column) const;
  double real(int row, int column) const;  // of float8: statistics only, never money
  std::int64_t touched() const;            // by the statement, whether it returned rows or not

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

// How the server refused the last statement, in parts, for callers that act on more than the Errc. Empty where it said
// nothing.
struct Refusal {
  std::string sqlstate;  // empty: the connection was lost, or libpq itself refused
  std::string message;
  std::string table;
  std::string constraint;
  std::string context;             // of COPY: "COPY fills, line 3, column price"
  std::string routine;             // of the server's source
  std::int64_t copy_line() const;  // of COPY, from 1; 0 when it did not say
};

class Connection {
 public:
  // Errc: unavailable (not reached in time), not_found (no such database, wrong password, no rights, bad URL: the
  // message names the setting to change).
  static Result<std::unique_ptr<Connection>> connect(const ConnectionSettings& settings);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::string& server() const { return server_; }  // "host:port/database", for messages
  bool usable() const;                                   // connected and outside of any transaction
  bool connected() const;
  // From any thread: cuts the connection, as the network could.
  void cut() const;
  // A round trip that takes at most so long, for a connection that was idle. Errc: unavailable (gone, or too slow:
  // then it is not usable any more). Outside of transactions only.
  Result<void> answer_within(std::int64_t ms_max);

  Result<Rows> query(const char* sql, const Parameters& parameters = {});
  // Returns the number of rows that the statement touched.
  Result<std::int64_t> execute(const char* sql, const Parameters& parameters = {});
  // Sends all statements at once and waits once: one round trip. Returns the rows that each touched. The first failure
  // ends it, and nothing after it runs. Outside of a transaction all of them are one.
  Result<std::vector<std::int64_t>> execute_all(std::span<const Statement> statements);
  // Several statements without parameters, as migrations are (the simple protocol: one transaction of their own unless
  // one is under way).
  Result<void> run_script(const char* sql);
  // Visits the rows one by one as they arrive: memory for one row. When the visitor fails the statement is cancelled;
  // inside a transaction, which a cancelled statement would end, the rest is read and dropped instead.
  Result<void> query_each(const char* sql, const Parameters& parameters,
                          const std::function<Result<void>(const Rows&)>& visit);

  // COPY … FROM STDIN: begin, put any number of pieces, end. end() returns the server's count of rows. After a failed
  // put_copy() the copy is over.
  Result<void> begin_copy(const char* sql);
  Result<void> put_copy(std::string_view bytes);
  Result<std::int64_t> end_copy();
  // COPY … TO STDOUT; the sink gets the pieces in order.
  Result<std::int64_t> copy_out(const char* sql, const std::function<Result<void>(std::string_view)>& sink);

  // Transactions. commit() answers Errc::in_doubt when the connection is lost before the server's answer; any other
  // error of it means rolled back. `begin` is one of the statements below.
  Result<void> begin(const char* statement);
  Result<void> commit();
  void rollback();  // also after the connection is lost; also out of a COPY

  const Refusal& refusal() const { return refusal_; }

  // For waiting on several connections and for diagnostics.
  int backend_pid() const;

 private:
  Connection(pg_conn* handle, std::string server);
  Result<std::int64_t> touched_rows(pg_result* result);
  Unexpected refused(const pg_result* result);
  Unexpected refused_while_copying();
  void drain();
  void forget_refusal();

  pg_conn* handle_;
  int socket_;         // a duplicate: libpq closes its own whenever it likes, and cut() must not meet another's
  bool lost_ = false;  // whatever libpq says of it
  std::string server_;
  Refusal refusal_;
};

inline constexpr const char* kBegin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
inline constexpr const char* kBeginOneMoment = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

// Rolled back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection, const char* statement = kBegin);
  // Takes over a transaction that is already under way, or that statements about to be sent will begin.
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  Connection* connection_;
};

}  // namespace blotter::postgres
