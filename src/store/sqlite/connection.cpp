#include "store/sqlite/connection.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include <sys/stat.h>

namespace blotter::sqlite {
namespace {

// Another process that holds the write lock is waited for this long; in WAL readers wait for nobody.
constexpr int kBusyTimeoutMs = 5000;

Errc errc_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Errc::corrupt;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return Errc::exhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT:
      return Errc::unavailable;
    default:
      return Errc::invalid;
  }
}

const char* advice_for(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "; free space on its disk, nothing was applied";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "; another process is writing to it, try again";
    case SQLITE_CORRUPT:
      return "; keep the file as evidence and run `blotter store rebuild` into a new one";
    default:
      return "";
  }
}

// SQLite opens lazily and would take a foreign file for ours until the first statement, so the file is looked at first.
Result<void> check_file(const std::string& path, Mode mode) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT && mode == Mode::create) return {};
    if (errno == ENOENT || errno == ENOTDIR) {
      return fail(Errc::not_found,
                  "no store at " + path + ": run `blotter init` or `blotter record` to create it, or name another one");
    }
    return fail(Errc::unavailable, path + ": " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) return fail(Errc::invalid, path + " is not a file");
  if (status.st_size == 0) return {};  // what SQLite leaves when it dies before its first page
  std::array<char, 16> header{};
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::unavailable, path + ": cannot be read (" + std::strerror(errno) + ")");
  file.read(header.data(), header.size());
  if (std::memcmp(header.data(), "SQLite format 3", 16) != 0) {
    return fail(Errc::corrupt, path + " is not a SQLite database; name another store");
  }
  return {};
}

}  // namespace

Result<void> Statement::run() {
  BLOTTER_ASSIGN(const bool row, next_row());
  BLOTTER_ASSERT(!row);
  return {};
}

Result<bool> Statement::next_row() {
  if (bind_failure_ != SQLITE_OK) {
    const int code = failure_ = std::exchange(bind_failure_, SQLITE_OK);
    sqlite3_reset(handle_.get());
    return fail(connection_->error_of(code, sqlite3_sql(handle_.get())));
  }
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(handle_.get());
    return false;
  }
  failure_ = code;
  // The message belongs to the connection's last call, so it is taken before the reset.
  Error error = connection_->error_of(code, sqlite3_sql(handle_.get()));
  sqlite3_reset(handle_.get());
  return fail(std::move(error));
}

void Statement::finish() {
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
  bind_failure_ = SQLITE_OK;
}

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Mode mode) {
  BLOTTER_TRY(check_file(path, mode));
  std::unique_ptr<Connection> connection(new Connection(path));
  int flags = SQLITE_OPEN_NOMUTEX;
  flags |= mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (mode == Mode::create) flags |= SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  connection->handle_.reset(handle);
  if (code != SQLITE_OK) return fail(connection->error_of(code, "opening it"));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return connection;
}

Result<Statement> Connection::prepare(std::string_view sql) {
  Statement statement;
  statement.connection_ = this;
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  statement.handle_.reset(handle);
  if (code != SQLITE_OK) return fail(error_of(code, sql));
  return statement;
}

Result<void> Connection::execute(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(error_of(code, sql));
  return {};
}

Result<std::int64_t> Connection::integer_of(const char* sql) {
  BLOTTER_ASSIGN(Statement statement, prepare(sql));
  BLOTTER_ASSIGN(const bool row, statement.next_row());
  return row ? statement.integer(0) : 0;
}

Error Connection::error_of(int code, std::string_view doing) const {
  const char* words = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  // The constraint says enough; other trouble is told apart by the statement, of which the beginning will do.
  std::string message = path_ + ": " + words + advice_for(code);
  if ((code & 0xff) != SQLITE_CONSTRAINT) {
    message += " (" + std::string(doing.substr(0, 60)) + ", SQLite code " + std::to_string(code) + ")";
  }
  for (char& c : message) {
    if (c == '\n') c = ' ';
  }
  return {errc_of(code), std::move(message)};
}

Result<Transaction> Transaction::begin(Connection& connection) {
  BLOTTER_TRY(connection.execute("BEGIN IMMEDIATE"));
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ == nullptr) return;
  sqlite3* handle = connection_->handle_.get();
  // After some errors SQLite has rolled back by itself. If this one fails, closing the connection does the same.
  if (sqlite3_get_autocommit(handle) == 0) sqlite3_exec(handle, "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<void> Transaction::commit() {
  Result<void> committed = connection_->execute("COMMIT");
  if (committed) {
    connection_ = nullptr;
    return {};
  }
  Error error = committed.error();
  // After a failed write or sync the commit record may be on disk, and the next recovery would find it.
  if (error.code == Errc::unavailable && error.message.find("database is locked") == std::string::npos) {
    error.code = Errc::in_doubt;
    error.message += "; read the cursor before going on";
  }
  return fail(std::move(error));
}

}  // namespace blotter::sqlite
