// A SQLite connection and its statements, with every failure translated to an Errc once, here.
//
// Threads    One at a time; connections are opened without SQLite's own mutexes.
// Failure    Messages name the file, what was being done and SQLite's words.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>

#include "blotter/result.h"

namespace blotter::sqlite {

class Connection;

// A prepared statement. Parameters are numbered from 1. Text is bound without a copy: it must live until the
// statement has been reset or bound anew.
class Statement {
 public:
  Statement() = default;

  void bind_text(int parameter, std::string_view text) {
    // An empty view may hold a null pointer, which SQLite would take for NULL.
    const char* data = text.data() == nullptr ? "" : text.data();
    note(sqlite3_bind_text64(handle_.get(), parameter, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  }
  void bind_integer(int parameter, std::int64_t value) { note(sqlite3_bind_int64(handle_.get(), parameter, value)); }
  void bind_null(int parameter) { note(sqlite3_bind_null(handle_.get(), parameter)); }

  // Runs a statement that returns no rows and makes it ready for the next run. Errc as Connection::error_of.
  Result<void> run();
  // Steps to the next row; false after the last one. Errc as Connection::error_of.
  Result<bool> next_row();
  // SQLite's extended code of the last run or step that failed.
  int failure() const { return failure_; }
  // Ends the reading of rows early and lets go of bound text.
  void finish();

  bool is_null(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }
  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  std::string_view text(int column) const;

 private:
  friend class Connection;
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };

  // A failed bind (text beyond SQLite's limit, no memory) is reported by the run that follows.
  void note(int code) {
    if (code != SQLITE_OK) bind_failure_ = code;
  }

  Connection* connection_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  int bind_failure_ = SQLITE_OK;
  int failure_ = SQLITE_OK;
};

enum class Mode { read, write, create };  // create: write, and the file need not be there

class Connection {
 public:
  // Errc: not_found (no such file, unless create), corrupt (not a SQLite database), unavailable.
  static Result<std::unique_ptr<Connection>> open(const std::string& path, Mode mode);

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::string& path() const { return path_; }

  Result<Statement> prepare(std::string_view sql);
  // Runs statements that return nothing of interest.
  Result<void> execute(const char* sql);
  // The first column of the first row, 0 when there is none.
  Result<std::int64_t> integer_of(const char* sql);

  std::int64_t changes() const { return sqlite3_changes64(handle_.get()); }

  // Errc: unavailable (busy, I/O), exhausted (disk or memory full), corrupt, invalid (a constraint refused the row).
  Error error_of(int code, std::string_view doing) const;

 private:
  explicit Connection(std::string path) : path_(std::move(path)) {}

  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };

  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;

  friend class Transaction;
};

// A write transaction; rolled back unless committed.
class Transaction {
 public:
  // Takes the write lock at once, so that what is read inside stays true until commit. Errc: unavailable (busy).
  static Result<Transaction> begin(Connection& connection);
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // Errc: in_doubt (the commit record may or may not have reached the disk), else as Connection::error_of with
  // nothing applied.
  Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace blotter::sqlite
