#include "blotter/ids.h"

#include <xxhash.h>

#include <algorithm>

#include "core/digits.h"

namespace blotter {

namespace {

constexpr char kHex[] = "0123456789abcdef";

// A dash stands before these bytes.
constexpr bool dash_before(std::size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The hash in its canonical byte order, so that an id does not depend on the machine. The NUL between the names keeps
// ("ab", "c") and ("a", "bc") apart.
XXH128_canonical_t hash_names(std::string_view account, std::string_view client_order_id) {
  std::array<char, 256> buffer;
  std::string large;
  const std::size_t size = account.size() + 1 + client_order_id.size();
  char* begin = buffer.data();
  if (size > buffer.size()) {
    large.resize(size);
    begin = large.data();
  }
  char* middle = std::copy(account.begin(), account.end(), begin);
  *middle++ = '\0';
  std::copy(client_order_id.begin(), client_order_id.end(), middle);
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(begin, size));
  return canonical;
}

}  // namespace

char* write_text(const Uuid& uuid, char* out) {
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (dash_before(i)) *out++ = '-';
    *out++ = kHex[uuid.bytes[i] >> 4];
    *out++ = kHex[uuid.bytes[i] & 15];
  }
  return out;
}

std::string to_text(const Uuid& uuid) {
  std::string text(kUuidTextSize, '\0');
  write_text(uuid, text.data());
  return text;
}

Result<Uuid> parse_uuid(std::string_view text) {
  const auto refuse = [&] { return fail(Errc::invalid, digits::quoted(text) + " is not a UUID"); };
  if (text.size() != kUuidTextSize) return refuse();
  Uuid uuid;
  std::size_t at = 0;
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (dash_before(i) && text[at++] != '-') return refuse();
    const int high = hex_value(text[at++]);
    const int low = hex_value(text[at++]);
    if (high < 0 || low < 0) return refuse();
    uuid.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return uuid;
}

Uuid make_order_id(Timestamp at, std::string_view account, std::string_view client_order_id) {
  // RFC 9562, 5.7: 48 bits of milliseconds, 4 of version, 12 free, 2 of variant, 62 free. A time before 1970 has no
  // place in it and becomes 0; every other Timestamp fits.
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(at.ns, 0)) / 1'000'000;
  const XXH128_canonical_t hash = hash_names(account, client_order_id);
  Uuid id;
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  std::copy(std::begin(hash.digest) + 6, std::end(hash.digest), id.bytes.begin() + 6);
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x70);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return id;
}

Result<Asset> Asset::parse(std::string_view text) {
  if (text.size() > kBytesMax) return fail(Errc::invalid, "an asset has at most 23 bytes: " + digits::quoted(text));
  if (text.find('\0') != std::string_view::npos) {
    return fail(Errc::invalid, "an asset has no NUL inside: " + digits::quoted(text));
  }
  Asset asset;
  std::copy(text.begin(), text.end(), asset.bytes_.begin());
  return asset;
}

Asset Asset::of(std::string_view text) {
  auto asset = parse(text);
  BLOTTER_ASSERT(asset.has_value());
  return *asset;
}

}  // namespace blotter
