#include "store/postgres/connection.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bit>
#include <charconv>

#include "store/postgres/sqlstate.h"

namespace blotter::postgres {
namespace {

struct ClearResult {
  void operator()(pg_result* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<pg_result, ClearResult>;

std::string field_of(const pg_result* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? std::string() : std::string(text);
}

template <class Number>
Number big_endian(std::string_view bytes) {
  std::make_unsigned_t<Number> value = 0;
  for (const char byte : bytes) {
    value = static_cast<std::make_unsigned_t<Number>>((value << 8) | static_cast<unsigned char>(byte));
  }
  return static_cast<Number>(value);
}

std::int64_t count_of(const pg_result* result) {
  const char* text = PQcmdTuples(const_cast<pg_result*>(result));
  std::int64_t count = 0;
  std::from_chars(text, text + std::char_traits<char>::length(text), count);
  return count;
}

bool succeeded(const pg_result* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

}  // namespace

// Parameters in the arrays that libpq takes; they point into the Parameters.
struct Bound {
  explicit Bound(const std::vector<std::uint32_t>& type_ids, const std::vector<std::string>& texts,
                 const std::vector<bool>& nulls)
      : types(type_ids.begin(), type_ids.end()), formats(texts.size(), 1) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      values.push_back(nulls[i] ? nullptr : texts[i].data());
      lengths.push_back(static_cast<int>(texts[i].size()));
    }
  }
  int count() const { return static_cast<int>(values.size()); }
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
};

Parameters& Parameters::add(std::string_view text) {
  return add_binary(static_cast<std::uint32_t>(Type::text), std::string(text));
}

Parameters& Parameters::add(std::int64_t value) {
  std::string bytes(8, '\0');
  auto rest = static_cast<std::uint64_t>(value);
  for (int i = 7; i >= 0; --i, rest >>= 8) bytes[static_cast<std::size_t>(i)] = static_cast<char>(rest & 0xff);
  return add_binary(static_cast<std::uint32_t>(Type::int8), std::move(bytes));
}

Parameters& Parameters::add(bool value) {
  return add_binary(static_cast<std::uint32_t>(Type::boolean), std::string(1, value ? '\1' : '\0'));
}

Parameters& Parameters::add_null(Type type) {
  add_binary(static_cast<std::uint32_t>(type), {});
  nulls_.back() = true;
  return *this;
}

Parameters& Parameters::add_binary(std::uint32_t oid, std::string bytes) {
  types_.push_back(oid);
  values_.push_back(std::move(bytes));
  nulls_.push_back(false);
  return *this;
}

void Rows::Clear::operator()(pg_result* result) const { PQclear(result); }
int Rows::size() const { return PQntuples(result_.get()); }

bool Rows::is_null(int row, int column) const {
  BLOTTER_ASSERT(row >= 0 && row < size() && column >= 0 && column < PQnfields(result_.get()));
  return PQgetisnull(result_.get(), row, column) == 1;
}

std::string_view Rows::bytes(int row, int column) const {
  BLOTTER_ASSERT(row >= 0 && row < size() && column >= 0 && column < PQnfields(result_.get()));
  return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t Rows::integer(int row, int column) const {
  const std::string_view value = bytes(row, column);
  switch (value.size()) {
    case 2:
      return big_endian<std::int16_t>(value);
    case 4:
      if (PQftype(result_.get(), column) == 26) return big_endian<std::uint32_t>(value);  // an oid has no sign
      return big_endian<std::int32_t>(value);
    default:
      BLOTTER_ASSERT(value.size() == 8);
      return big_endian<std::int64_t>(value);
  }
}

bool Rows::boolean(int row, int column) const { return bytes(row, column) == std::string_view("\1", 1); }

double Rows::real(int row, int column) const {
  const std::string_view value = bytes(row, column);
  if (value.size() == 4) return static_cast<double>(std::bit_cast<float>(big_endian<std::uint32_t>(value)));
  BLOTTER_ASSERT(value.size() == 8);
  return std::bit_cast<double>(big_endian<std::uint64_t>(value));
}

std::int64_t Rows::touched() const { return count_of(result_.get()); }

std::int64_t Refusal::copy_line() const {
  constexpr std::string_view kLine = ", line ";
  const std::size_t at = context.find(kLine);
  std::int64_t line = 0;
  if (context.starts_with("COPY ") && at != std::string::npos) {
    std::from_chars(context.data() + at + kLine.size(), context.data() + context.size(), line);
  }
  return line;
}

Connection::Connection(pg_conn* handle, std::string server)
    : handle_(handle), socket_(::fcntl(PQsocket(handle), F_DUPFD_CLOEXEC, 0)), server_(std::move(server)) {}

Connection::~Connection() {
  PQfinish(handle_);
  if (socket_ >= 0) ::close(socket_);
}

void Connection::cut() const {
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

bool Connection::connected() const { return !lost_ && PQstatus(handle_) == CONNECTION_OK; }
bool Connection::usable() const { return connected() && PQtransactionStatus(handle_) == PQTRANS_IDLE; }
int Connection::backend_pid() const { return PQbackendPID(handle_); }

void Connection::forget_refusal() { refusal_ = {}; }

// The error of the answer, or of the connection when there is none.
Unexpected Connection::refused(const pg_result* result) {
  refusal_ = {};
  std::string text;
  if (result != nullptr) {
    refusal_.sqlstate = field_of(result, PG_DIAG_SQLSTATE);
    refusal_.message = one_line(field_of(result, PG_DIAG_MESSAGE_PRIMARY));
    refusal_.table = field_of(result, PG_DIAG_TABLE_NAME);
    refusal_.constraint = field_of(result, PG_DIAG_CONSTRAINT_NAME);
    refusal_.context = one_line(field_of(result, PG_DIAG_CONTEXT));
    refusal_.routine = field_of(result, PG_DIAG_SOURCE_FUNCTION);
    text = refusal_.message;
    const std::string detail = one_line(field_of(result, PG_DIAG_MESSAGE_DETAIL));
    if (!detail.empty()) text += ": " + detail;
    if (text.empty()) text = one_line(PQresultErrorMessage(result));
  }
  if (text.empty()) text = one_line(PQerrorMessage(handle_));
  if (refusal_.message.empty()) refusal_.message = text;
  const SqlStateMeaning meaning = meaning_of(refusal_.sqlstate);
  std::string message = "PostgreSQL " + server_ + ": " + text;
  if (!refusal_.sqlstate.empty()) message += " (SQLSTATE " + refusal_.sqlstate + ")";
  if (*meaning.remedy != 0) message.append("; ").append(meaning.remedy);
  return fail(meaning.code, std::move(message));
}

void Connection::drain() {
  while (const Answer rest{PQgetResult(handle_)}) {
    const ExecStatusType status = PQresultStatus(rest.get());
    if (status == PGRES_COPY_IN) PQputCopyEnd(handle_, "abandoned");
    if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      char* piece = nullptr;
      while (PQgetCopyData(handle_, &piece, 0) > 0) PQfreemem(piece);
    }
    if (!connected()) return;
  }
}

Result<Rows> Connection::query(const char* sql, const Parameters& parameters) {
  forget_refusal();
  const Bound bound(parameters.types_, parameters.values_, parameters.nulls_);
  Answer answer(PQexecParams(handle_, sql, bound.count(), bound.types.data(), bound.values.data(), bound.lengths.data(),
                             bound.formats.data(), 1));
  if (!succeeded(answer.get())) return refused(answer.get());
  return Rows(answer.release());
}

Result<std::int64_t> Connection::execute(const char* sql, const Parameters& parameters) {
  BLOTTER_ASSIGN(const Rows answer, query(sql, parameters));
  return answer.touched();
}

Result<std::vector<std::int64_t>> Connection::execute_all(std::span<const Statement> statements) {
  forget_refusal();
  std::vector<std::int64_t> touched;
  if (statements.empty()) return touched;
  if (PQenterPipelineMode(handle_) != 1) return refused(nullptr);
  bool sent = true;
  for (const Statement& each : statements) {
    const Bound bound(each.parameters.types_, each.parameters.values_, each.parameters.nulls_);
    sent = sent && PQsendQueryParams(handle_, each.sql, bound.count(), bound.types.data(), bound.values.data(),
                                     bound.lengths.data(), bound.formats.data(), 1) == 1;
  }
  sent = sent && PQpipelineSync(handle_) == 1;
  std::optional<Error> error;
  if (!sent) error = refused(nullptr).error;
  // Each statement's answers end with a null pointer; the synchronisation's answer ends everything. Two in a row, and
  // nothing will follow: libpq could not send, and has not looked at the connection since.
  bool ended_one = false;
  while (sent) {
    const Answer answer(PQgetResult(handle_));
    if (!answer) {
      lost_ = lost_ || ended_one;
      ended_one = true;
      if (connected()) continue;
      if (!error) error = refused(nullptr).error;
      break;
    }
    ended_one = false;
    const ExecStatusType status = PQresultStatus(answer.get());
    if (status == PGRES_PIPELINE_SYNC) break;
    if (succeeded(answer.get())) {
      touched.push_back(count_of(answer.get()));
    } else if (!error) {
      error = refused(answer.get()).error;
    }
  }
  PQexitPipelineMode(handle_);
  if (error) return fail(std::move(*error));
  return touched;
}

Result<void> Connection::run_script(const char* sql) {
  forget_refusal();
  const Answer answer(PQexec(handle_, sql));
  if (!succeeded(answer.get()) && PQresultStatus(answer.get()) != PGRES_EMPTY_QUERY) return refused(answer.get());
  return {};
}

Result<void> Connection::query_each(const char* sql, const Parameters& parameters,
                                    const std::function<Result<void>(const Rows&)>& visit) {
  forget_refusal();
  const bool inside = PQtransactionStatus(handle_) == PQTRANS_INTRANS;
  const Bound bound(parameters.types_, parameters.values_, parameters.nulls_);
  if (PQsendQueryParams(handle_, sql, bound.count(), bound.types.data(), bound.values.data(), bound.lengths.data(),
                        bound.formats.data(), 1) != 1 ||
      PQsetSingleRowMode(handle_) != 1) {
    return refused(nullptr);
  }
  Result<void> outcome;
  while (Answer answer{PQgetResult(handle_)}) {
    const ExecStatusType status = PQresultStatus(answer.get());
    if (!outcome) continue;
    if (status == PGRES_SINGLE_TUPLE) {
      outcome = visit(Rows(answer.release()));
      if (outcome || inside) continue;
      PGcancel* cancel = PQgetCancel(handle_);
      char why[256];
      if (cancel != nullptr) PQcancel(cancel, why, sizeof why);
      PQfreeCancel(cancel);
    } else if (!succeeded(answer.get())) {
      outcome = refused(answer.get());
    }
  }
  if (outcome && !connected()) return refused(nullptr);
  return outcome;
}

Result<void> Connection::begin_copy(const char* sql) {
  forget_refusal();
  const Answer answer(PQexec(handle_, sql));
  if (PQresultStatus(answer.get()) != PGRES_COPY_IN) return refused(answer.get());
  return {};
}

Result<void> Connection::put_copy(std::string_view bytes) {
  constexpr std::size_t kPieceMax = std::size_t{1} << 30;  // libpq counts in int
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kPieceMax);
    if (PQputCopyData(handle_, piece.data(), static_cast<int>(piece.size())) != 1) return refused_while_copying();
    bytes.remove_prefix(piece.size());
  }
  return {};
}

// The server's reason, which libpq hands out as the answer to the COPY.
Unexpected Connection::refused_while_copying() {
  PQputCopyEnd(handle_, nullptr);
  const Answer answer(PQgetResult(handle_));
  Unexpected error = refused(succeeded(answer.get()) ? nullptr : answer.get());
  drain();
  return error;
}

Result<std::int64_t> Connection::end_copy() {
  if (PQputCopyEnd(handle_, nullptr) != 1) return refused_while_copying();
  return touched_rows(PQgetResult(handle_));
}

Result<std::int64_t> Connection::touched_rows(pg_result* result) {
  const Answer answer(result);
  Result<std::int64_t> count = succeeded(answer.get()) ? Result<std::int64_t>(count_of(answer.get()))
                                                       : Result<std::int64_t>(refused(answer.get()));
  drain();
  return count;
}

Result<std::int64_t> Connection::copy_out(const char* sql, const std::function<Result<void>(std::string_view)>& sink) {
  forget_refusal();
  const Answer answer(PQexec(handle_, sql));
  if (PQresultStatus(answer.get()) != PGRES_COPY_OUT) return refused(answer.get());
  Result<void> outcome;
  char* piece = nullptr;
  int size = 0;
  while ((size = PQgetCopyData(handle_, &piece, 0)) > 0) {
    // After an error of the sink the rest still has to be read.
    if (outcome) outcome = sink({piece, static_cast<std::size_t>(size)});
    PQfreemem(piece);
  }
  BLOTTER_ASSIGN(const std::int64_t count, touched_rows(PQgetResult(handle_)));
  BLOTTER_TRY(outcome);
  return count;
}

Result<void> Connection::begin(const char* statement) { return run_script(statement); }

Result<void> Connection::commit() {
  forget_refusal();
  if (!connected()) return refused(nullptr);  // COMMIT was never sent
  const Answer answer(PQexec(handle_, "COMMIT"));
  if (succeeded(answer.get())) {
    if (std::string_view(PQcmdStatus(answer.get())) == "COMMIT") return {};
    return fail(Errc::unavailable, "PostgreSQL " + server_ + ": the transaction had failed and was rolled back");
  }
  Unexpected error = refused(answer.get());
  if (!connected() || loses_connection(refusal_.sqlstate)) {
    error.error.code = Errc::in_doubt;
    error.error.message += "; the connection was lost during COMMIT: read the cursor before going on";
  }
  return error;
}

void Connection::rollback() {
  if (!connected()) return;
  if (PQtransactionStatus(handle_) == PQTRANS_ACTIVE) {
    PQputCopyEnd(handle_, "abandoned");
    drain();
  }
  if (PQtransactionStatus(handle_) == PQTRANS_IDLE) return;
  const Answer answer(PQexec(handle_, "ROLLBACK"));
}

Result<Transaction> Transaction::begin(Connection& connection, const char* statement) {
  BLOTTER_TRY(connection.begin(statement));
  return Transaction(connection);
}

Transaction::Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}

Transaction::~Transaction() {
  if (connection_ != nullptr) connection_->rollback();
}

Result<void> Transaction::commit() { return std::exchange(connection_, nullptr)->commit(); }

}  // namespace blotter::postgres
