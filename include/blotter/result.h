// Result<T>: a value, or an Error that says what the caller may do about it.
//
// The standard's std::expected arrives with C++23; this is its subset with the same names, plus [[nodiscard]] on
// the class, so that an outcome can never be dropped unnoticed (tests/compile_fail proves it).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "blotter/assert.h"

namespace blotter {

// What the caller may do. A new code is added only when a caller would do something different.
enum class Errc {
  invalid,      // the input is malformed; offering it again cannot help
  not_found,    // the thing asked for is not there
  stale,        // a gap or an outdated cursor: nothing was applied; read the cursor and go on from there
  unavailable,  // the other side cannot serve now: no effect, try again later
  in_doubt,     // it may or may not have happened: find out before doing anything that depends on it
  exhausted,    // disk, memory or a limit is used up: nothing was applied; free something
  corrupt,      // stored bytes are not what was written: stop, keep the evidence
  poisoned,     // an earlier write failed: only closing and reopening (recovery) helps
  fenced,       // another writer owns the book: stop
};

const char* name_of(Errc code);

struct Error {
  Errc code = Errc::invalid;
  std::string message;  // one line: what happened, where, and what to do
};

struct Unexpected {
  Error error;
};

inline Unexpected fail(Errc code, std::string message) { return Unexpected{Error{code, std::move(message)}}; }
inline Unexpected fail(Error error) { return Unexpected{std::move(error)}; }

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Unexpected unexpected) : state_(std::in_place_index<1>, std::move(unexpected.error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return const_cast<Result*>(this)->checked(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->checked(); }

  const Error& error() const {
    BLOTTER_ASSERT(!has_value());
    return *std::get_if<1>(&state_);
  }

 private:
  T& checked() {
    BLOTTER_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Unexpected unexpected) : error_(std::move(unexpected.error)) {}

  bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const {
    BLOTTER_ASSERT(error_.has_value());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace blotter

// Returns the error of `expression` from the enclosing function, or goes on.
#define BLOTTER_TRY(expression)                                                \
  do {                                                                         \
    auto&& blotter_try = (expression);                                         \
    if (!blotter_try.has_value()) return ::blotter::fail(blotter_try.error()); \
  } while (false)

#define BLOTTER_CONCAT_INNER(a, b) a##b
#define BLOTTER_CONCAT(a, b) BLOTTER_CONCAT_INNER(a, b)

// Declares `declaration` with the value of `expression`, or returns its error.
#define BLOTTER_ASSIGN(declaration, expression) \
  BLOTTER_ASSIGN_INNER(declaration, expression, BLOTTER_CONCAT(blotter_result_, __LINE__))
#define BLOTTER_ASSIGN_INNER(declaration, expression, result)      \
  auto result = (expression);                                      \
  if (!result.has_value()) return ::blotter::fail(result.error()); \
  declaration = std::move(*result)
