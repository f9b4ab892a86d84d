// Identities: what makes a record the same record. Remembered for ever, 32 bytes each (48 with the table's slack).
//
// Key        XXH3-128 over the kind and the parts of the identity; equal keys are taken for equal identities (the
// chance
//            of a false match among 10^9 is about 10^-21).
// Content    XXH3-64 over what the record says beyond its identity: same key, other content = conflict.
// Variant    24 bits that tell executions with one exec_id apart (venue, symbol, side, trade date), so that a bust that
//            names only the exec_id finds them all.
#pragma once

#include <boost/describe/class.hpp>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "blotter/ids.h"

namespace blotter {

struct IdentityKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const IdentityKey&, const IdentityKey&) = default;
  bool is_none() const { return high == 0 && low == 0; }
};
BOOST_DESCRIBE_STRUCT(IdentityKey, (), (high, low))

struct IdentityKeyHash {
  std::size_t operator()(const IdentityKey& key) const { return key.low; }
};

struct Identity {
  IdentityKey key;            // none: this event has no identity of its own
  std::uint32_t variant = 0;  // 24 bits
  std::uint64_t content = 0;
};
BOOST_DESCRIBE_STRUCT(Identity, (), (key, variant, content))

enum class IdentityKind : char {
  order = 'o',
  venue_order = 'v',
  execution = 'x',
  bust = 'b',
  fee = 'f',
  cash = 'c',
  split = 's',
  status = 't',
  quarantine = 'q',
  audit = 'a',
};

IdentityKey make_key(IdentityKind kind, std::initializer_list<std::string_view> parts);
// A hash of the parts in order; their borders count.
std::uint64_t make_content(std::initializer_list<std::string_view> parts);
std::uint32_t make_variant(std::initializer_list<std::string_view> parts);

// The set of remembered identities, each with the event that holds the record.
//
// Cost       find and remember O(1). Memory grows in steps of one 256th of the table.
// Threads    One caller at a time.
class Identities {
 public:
  struct Entry {
    IdentityKey key;
    std::uint64_t content = 0;
    std::uint64_t seq_and_variant = 0;  // seq in the upper 40 bits, variant in the lower 24
    Seq seq() const { return Seq{seq_and_variant >> 24}; }
    std::uint32_t variant() const { return static_cast<std::uint32_t>(seq_and_variant & 0xffffff); }
  };

  Identities();

  // The entry with this key and variant, or null.
  const Entry* find(const IdentityKey& key, std::uint32_t variant = 0) const;
  // All entries with this key.
  std::vector<Entry> find_all(const IdentityKey& key) const;
  // Adds it, or moves the known one to `seq` and `content`.
  void remember(const Identity& identity, Seq seq);
  // The known one (variant 0) is at `seq` now, its content stays; one that is not known is added without content.
  void move(const IdentityKey& key, Seq seq);
  // Starts fetching what find(), remember() or move() of this key will look at.
  void prefetch(const IdentityKey& key) const;

  std::size_t size() const { return size_; }
  std::size_t bytes() const;

  // Every entry, in no particular order; for snapshots.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Shard& shard : shards_) {
      for (const Entry& entry : shard.slots) {
        if (!entry.key.is_none()) visit(entry);
      }
    }
  }
  void insert(const Entry& entry);
  void reserve(std::size_t count);

 private:
  // Open addressing, linear probing, at most 27/32 full. Grows by a quarter, so that memory stays near the need (at
  // least 27/40 full, 47.4 bytes each) and a search short.
  struct Shard {
    std::vector<Entry> slots;
    std::size_t used = 0;
  };
  static constexpr std::size_t kShards = 256;

  static bool is_full(const Shard& shard) { return (shard.used + 1) * 32 > shard.slots.size() * 27; }
  static void make_room(Shard& shard);
  static void grow(Shard& shard, std::size_t slots);
  static Entry* place(Shard& shard, const IdentityKey& key, std::uint32_t variant);
  Shard& shard_of(const IdentityKey& key) { return shards_[key.high >> 56]; }
  const Shard& shard_of(const IdentityKey& key) const { return shards_[key.high >> 56]; }

  std::vector<Shard> shards_;
  std::size_t size_ = 0;
};

}  // namespace blotter
