#include "store/store_kind.h"

namespace blotter {
namespace {

// Whether it begins as libpq's pairs do, which no path with a directory or an extension does before its first '='.
bool is_pairs(std::string_view url) {
  const std::size_t equals = url.find('=');
  if (equals == std::string_view::npos) return false;
  std::string_view keyword = url.substr(0, equals);
  const std::size_t first = keyword.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return false;
  keyword = keyword.substr(first, keyword.find_last_not_of(" \t\n") - first + 1);
  return keyword.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
}

}  // namespace

StoreKind store_kind(std::string_view url) {
  if (url == "memory:") return StoreKind::memory;
  // Nothing behind the colon names no file.
  if (url.starts_with("sqlite:")) return url == "sqlite:" ? StoreKind::unknown : StoreKind::sqlite;
  if (url.starts_with("postgresql://") || url.starts_with("postgres://") || is_pairs(url)) return StoreKind::postgres;
  return StoreKind::unknown;
}

}  // namespace blotter
