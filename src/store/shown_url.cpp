// shown_url: what messages may show of a store's address. When in doubt it hides too much.
#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "blotter/store.h"

namespace blotter {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int hex_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// libpq decodes %XX in names of parameters too.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_of(text[i + 1]) >= 0 && hex_of(text[i + 2]) >= 0;
    out += escape ? static_cast<char>(hex_of(text[i + 1]) * 16 + hex_of(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

// password, sslpassword, and what a later libpq may call so.
bool is_secret(std::string_view keyword) {
  std::string name = decoded(keyword);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name.find("password") != std::string::npos || name.find("secret") != std::string::npos;
}

std::string shown_parameters(std::string_view parameters) {
  std::string out;
  while (!parameters.empty()) {
    const std::string_view each = parameters.substr(0, parameters.find('&'));
    parameters.remove_prefix(std::min(parameters.size(), each.size() + 1));
    if (is_secret(each.substr(0, each.find('=')))) continue;
    out.append(out.empty() ? "?" : "&").append(each);
  }
  return out;
}

// After "scheme://". A password may hold '/' that its author forgot to encode, so the user's part goes on to the last
// '@' before the parameters. An '@' among the parameters alone may follow a password with '?': only the name is shown.
std::string shown_after_scheme(std::string_view rest) {
  const std::size_t question = std::min(rest.find('?'), rest.size());
  const std::string_view place = rest.substr(0, question);
  const std::size_t at = place.rfind('@');
  const std::size_t colon = place.find(':');
  std::string out;
  if (at != std::string_view::npos) {
    out.append(place.substr(0, std::min(at, colon))).append(place.substr(at));
  } else if (colon != std::string_view::npos && rest.find('@') != std::string_view::npos) {
    return std::string(place.substr(0, colon)) + ":...";
  } else {
    out = place;
  }
  if (question < rest.size()) out += shown_parameters(rest.substr(question + 1));
  return out;
}

// libpq's "keyword = value" form; values may be quoted, and a backslash takes the next byte as it is.
std::string shown_pairs(std::string_view text) {
  std::string out;
  std::size_t i = 0;
  const auto skip_space = [&] {
    while (i < text.size() && is_space(text[i])) ++i;
  };
  while (true) {
    skip_space();
    if (i == text.size()) return out;
    const std::size_t begin = i;
    while (i < text.size() && text[i] != '=' && !is_space(text[i])) ++i;
    const std::string_view keyword = text.substr(begin, i - begin);
    skip_space();
    if (i == text.size() || text[i] != '=') return out;  // no such form: the rest might be anything
    ++i;
    skip_space();
    const bool quoted = i < text.size() && text[i] == '\'';
    if (quoted) ++i;
    const std::size_t value = i;
    while (i < text.size() && (quoted ? text[i] != '\'' : !is_space(text[i]))) i += text[i] == '\\' ? 2 : 1;
    i = std::min(i, text.size());
    const std::string_view shown = text.substr(value, i - value);
    if (quoted && i < text.size()) ++i;
    if (is_secret(keyword)) continue;
    out.append(out.empty() ? "" : " ").append(keyword).append("=");
    out.append(quoted ? "'" : "").append(shown).append(quoted ? "'" : "");
  }
}

}  // namespace

std::string shown_url(const std::string& url) {
  if (url.starts_with("sqlite:") || url == "memory:") return url;
  const std::size_t scheme = url.find("://");
  if (scheme != std::string::npos && url.find_first_of("= \t\n") > scheme) {
    return url.substr(0, scheme + 3) + shown_after_scheme(std::string_view(url).substr(scheme + 3));
  }
  return url.find('=') == std::string::npos ? url : shown_pairs(url);
}

}  // namespace blotter
