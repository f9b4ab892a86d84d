#include "store/migration_plan.h"

#include <xxhash.h>

#include <algorithm>

namespace blotter {

std::string checksum_of(const MigrationText& migration) {
  static constexpr const char* kHex = "0123456789abcdef";
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(migration.up.data(), migration.up.size()));
  std::string text;
  for (const unsigned char byte : canonical.digest) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::vector<Migration> migration_states(std::span<const MigrationText> known,
                                        const std::vector<RecordedMigration>& recorded) {
  std::vector<Migration> all;
  for (const MigrationText& each : known) {
    all.push_back({each.version, std::string(each.name), MigrationState::pending, ""});
  }
  for (const RecordedMigration& row : recorded) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Migration& each) { return each.version == row.version; });
    if (found == all.end()) {
      all.push_back({row.version, row.name, MigrationState::unknown, row.applied_at});
      continue;
    }
    const bool same = checksum_of(text_of(*found, known)) == row.checksum;
    found->state = same ? MigrationState::applied : MigrationState::changed;
    found->applied_at = row.applied_at;
  }
  return all;
}

const MigrationText& text_of(const Migration& migration, std::span<const MigrationText> known) {
  const auto found =
      std::find_if(known.begin(), known.end(), [&](const auto& each) { return each.version == migration.version; });
  BLOTTER_ASSERT(found != known.end());
  return *found;
}

std::vector<Migration> pending_of(std::vector<Migration> all) {
  std::erase_if(all, [](const Migration& each) { return each.state != MigrationState::pending; });
  return all;
}

std::optional<Migration> last_applied(const std::vector<Migration>& all, std::int32_t version) {
  const auto last = std::find_if(all.rbegin(), all.rend(), [&](const Migration& each) {
    return each.state == MigrationState::applied && each.version > version;
  });
  if (last == all.rend()) return std::nullopt;
  return *last;
}

SchemaState schema_state_of(const std::vector<Migration>& all) {
  const auto any = [&](MigrationState state) {
    return std::any_of(all.begin(), all.end(), [&](const Migration& each) { return each.state == state; });
  };
  if (any(MigrationState::changed)) return SchemaState::changed;
  if (any(MigrationState::unknown)) return SchemaState::newer;
  return any(MigrationState::pending) ? SchemaState::older : SchemaState::current;
}

}  // namespace blotter
