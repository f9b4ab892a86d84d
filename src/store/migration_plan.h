// What the migrations of a database are to this program: pure, the same for every SQL store.
//
// A database records each migration it has with a checksum of its text. A recorded migration whose text is not the one
// built in is `changed`, one that is not built in is `unknown`; with either, nothing is done until a person has looked.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "blotter/store.h"

namespace blotter {

struct MigrationText {
  std::int32_t version = 0;
  std::string_view name;
  std::string_view up;
  std::string_view down;
};

// XXH3-128 of the up text in hexadecimal. Guards against an edited file, not against an enemy. The down text is left
// out: what a database is follows from the up text alone, and a down text that turns out wrong can be put right for the
// databases that have the migration already.
std::string checksum_of(const MigrationText& migration);

// One row of the table schema_migrations.
struct RecordedMigration {
  std::int32_t version = 0;
  std::string name;
  std::string checksum;
  std::string applied_at;
};

// Every migration known or recorded, by version. `recorded` is in order of version.
std::vector<Migration> migration_states(std::span<const MigrationText> known,
                                        const std::vector<RecordedMigration>& recorded);

// The text of a migration that is known. Aborts when it is not.
const MigrationText& text_of(const Migration& migration, std::span<const MigrationText> known);

// Those that are to be applied.
std::vector<Migration> pending_of(std::vector<Migration> all);

// The newest applied migration above `version`; none when there is nothing to undo.
std::optional<Migration> last_applied(const std::vector<Migration>& all, std::int32_t version);

// What a database's schema is to this program.
enum class SchemaState {
  empty,    // nothing of ours and nothing in our way
  foreign,  // something of another program stands where ours would
  older,
  current,
  newer,
  changed,
};

// Of a database that has recorded migrations.
SchemaState schema_state_of(const std::vector<Migration>& all);

}  // namespace blotter
