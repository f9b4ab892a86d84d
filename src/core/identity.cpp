#include "core/identity.h"

#include <xxhash.h>

#include <cstring>

#include "blotter/assert.h"
#include "blotter/decimal.h"

namespace blotter {
namespace {

// Parts joined with their lengths, so that ("ab", "c") and ("a", "bc") differ.
class Joined {
 public:
  void add(std::string_view part) {
    const auto size = static_cast<std::uint32_t>(part.size());
    append(&size, sizeof size);
    append(part.data(), part.size());
  }
  void add(char byte) { append(&byte, 1); }
  const char* data() const { return overflow_.empty() ? buffer_ : overflow_.data(); }
  std::size_t size() const { return overflow_.empty() ? size_ : overflow_.size(); }

 private:
  void append(const void* bytes, std::size_t count) {
    if (overflow_.empty() && size_ + count <= sizeof buffer_) {
      if (count != 0) std::memcpy(buffer_ + size_, bytes, count);
      size_ += count;
      return;
    }
    if (overflow_.empty()) overflow_.assign(buffer_, size_);
    overflow_.append(static_cast<const char*>(bytes), count);
  }

  char buffer_[256];
  std::size_t size_ = 0;
  std::string overflow_;
};

std::size_t slot_of(const IdentityKey& key, std::size_t slots) {
  // Maps the low half onto 0 .. slots-1 without a division.
  using Wide = UInt128;
  return static_cast<std::size_t>((static_cast<Wide>(key.low) * slots) >> 64);
}

}  // namespace

IdentityKey make_key(IdentityKind kind, std::initializer_list<std::string_view> parts) {
  Joined joined;
  joined.add(static_cast<char>(kind));
  for (const std::string_view part : parts) joined.add(part);
  const XXH128_hash_t hash = XXH3_128bits(joined.data(), joined.size());
  IdentityKey key{.high = hash.high64, .low = hash.low64};
  if (key.is_none()) key.low = 1;
  return key;
}

std::uint64_t make_content(std::initializer_list<std::string_view> parts) {
  Joined joined;
  for (const std::string_view part : parts) joined.add(part);
  const std::uint64_t hash = XXH3_64bits(joined.data(), joined.size());
  return hash == 0 ? 1 : hash;  // 0 says that the content is not known
}

std::uint32_t make_variant(std::initializer_list<std::string_view> parts) {
  return static_cast<std::uint32_t>(make_content(parts) & 0xffffff);
}

Identities::Identities() : shards_(kShards) {}

const Identities::Entry* Identities::find(const IdentityKey& key, std::uint32_t variant) const {
  const Shard& shard = shard_of(key);
  if (shard.slots.empty()) return nullptr;
  for (std::size_t i = slot_of(key, shard.slots.size());; i = i + 1 == shard.slots.size() ? 0 : i + 1) {
    const Entry& entry = shard.slots[i];
    if (entry.key.is_none()) return nullptr;
    if (entry.key == key && entry.variant() == variant) return &entry;
  }
}

std::vector<Identities::Entry> Identities::find_all(const IdentityKey& key) const {
  std::vector<Entry> found;
  const Shard& shard = shard_of(key);
  if (shard.slots.empty()) return found;
  for (std::size_t i = slot_of(key, shard.slots.size());; i = i + 1 == shard.slots.size() ? 0 : i + 1) {
    const Entry& entry = shard.slots[i];
    if (entry.key.is_none()) return found;
    if (entry.key == key) found.push_back(entry);
  }
}

Identities::Entry* Identities::place(Shard& shard, const IdentityKey& key, std::uint32_t variant) {
  for (std::size_t i = slot_of(key, shard.slots.size());; i = i + 1 == shard.slots.size() ? 0 : i + 1) {
    Entry& entry = shard.slots[i];
    if (entry.key.is_none() || (entry.key == key && entry.variant() == variant)) return &entry;
  }
}

void Identities::grow(Shard& shard, std::size_t slots) {
  std::vector<Entry> old(slots);
  old.swap(shard.slots);
  for (const Entry& entry : old) {
    if (!entry.key.is_none()) *place(shard, entry.key, entry.variant()) = entry;
  }
}

void Identities::make_room(Shard& shard) {
  if (is_full(shard)) grow(shard, shard.slots.empty() ? 16 : shard.slots.size() + shard.slots.size() / 4);
}

void Identities::insert(const Entry& entry) {
  Shard& shard = shard_of(entry.key);
  make_room(shard);
  Entry* slot = place(shard, entry.key, entry.variant());
  if (slot->key.is_none()) {
    ++shard.used;
    ++size_;
  }
  *slot = entry;
}

void Identities::remember(const Identity& identity, Seq seq) {
  if (identity.key.is_none()) return;
  BLOTTER_ASSERT(to_number(seq) < (1ull << 40));
  insert({.key = identity.key,
          .content = identity.content,
          .seq_and_variant = (to_number(seq) << 24) | (identity.variant & 0xffffff)});
}

void Identities::move(const IdentityKey& key, Seq seq) {
  Shard& shard = shard_of(key);
  make_room(shard);
  Entry* slot = place(shard, key, 0);
  const std::uint64_t content = slot->key.is_none() ? 0 : slot->content;
  if (slot->key.is_none()) {
    ++shard.used;
    ++size_;
  }
  *slot = {.key = key, .content = content, .seq_and_variant = to_number(seq) << 24};
}

void Identities::prefetch(const IdentityKey& key) const {
  const Shard& shard = shard_of(key);
  if (!shard.slots.empty()) __builtin_prefetch(&shard.slots[slot_of(key, shard.slots.size())], 1);
}

void Identities::reserve(std::size_t count) {
  const std::size_t slots = count / kShards * 5 / 4 + 16;
  for (Shard& shard : shards_) {
    if (shard.slots.size() < slots) grow(shard, slots);
  }
}

std::size_t Identities::bytes() const {
  std::size_t total = 0;
  for (const Shard& shard : shards_) total += shard.slots.capacity() * sizeof(Entry);
  return total;
}

}  // namespace blotter
