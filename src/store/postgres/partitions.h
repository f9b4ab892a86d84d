// The partitions of the tables that grow with time: what there is, making them ahead, retiring the old ones.
//
// Each table has a rule (ledger.partition_rules): period, retention, how many periods ahead. The writer makes what a
// batch needs by itself; making ahead only keeps that out of its way. Retirement is detach → archive file → verified →
// drop, each step recorded (ledger.retired_partitions), so that it goes on where it was cut off. It needs the rights of
// blotter_operator. Nothing else of the ledger waits for any of it.
//
// Threads    One at a time. Several processes may do it at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blotter/store.h"
#include "blotter/time.h"
#include "store/postgres/connection.h"

namespace blotter::postgres {

enum class Period : std::uint8_t { day, month, quarter };
BOOST_DESCRIBE_ENUM(Period, day, month, quarter)

struct PartitionRule {
  std::string table;
  Period period = Period::month;
  std::string retention;  // an interval of PostgreSQL ("7 years", "90 days"); empty: kept for ever
  std::int64_t ahead = 7;
};

enum class PartitionState : std::uint8_t {
  attached,
  detach_pending,  // a retirement was cut off while detaching
  detached,        // on its way to an archive; its rows are not in the table any more
};
BOOST_DESCRIBE_ENUM(PartitionState, attached, detach_pending, detached)

// Instants beyond Timestamp's range are its ends.
struct Partition {
  std::string table;
  std::string name;
  Timestamp from;  // first instant
  Timestamp to;    // first instant after it
  PartitionState state = PartitionState::attached;
  std::int64_t rows_estimate = 0;  // the planner's
  std::int64_t bytes = 0;          // with indexes
};

enum class RetirementState : std::uint8_t { due, detaching, detached, archived, dropped };
BOOST_DESCRIBE_ENUM(RetirementState, due, detaching, detached, archived, dropped)

// A partition past its retention, and how far its retirement is.
struct Retirement {
  std::int64_t id = 0;  // 0 while due
  std::string table;
  std::string partition;
  Timestamp from;
  Timestamp to;
  RetirementState state = RetirementState::due;
  std::int64_t rows = 0;  // in the archive, once there is one
  std::string sha256;     // of its CSV text
  std::string archive;    // its path
};

// Rows of a time that were retired: there may be none of them in the table any more. Which numbers they have is known
// when their archive has been written; until then any.
struct RetiredRange {
  Table table = Table::fills;
  Timestamp from;
  Timestamp to;
  std::int64_t first_seq = 0;
  std::int64_t last_seq = 0;
};

// What reading an archive's file again proves.
enum class ArchiveState : std::uint8_t { whole, missing, damaged };
BOOST_DESCRIBE_ENUM(ArchiveState, whole, missing, damaged)

struct RetireReport {
  std::vector<Retirement> dropped;
  std::vector<Error> failed;  // of each partition whose retirement stopped half-way, naming it
};

struct RetireOptions {
  std::string archive_directory;  // made when it is missing
  Timestamp now;
  // Called before each step (its name, the partition): progress, and in tests a death. An error ends it all.
  std::function<Result<void>(std::string_view step, const std::string& partition)> before_step;
};

class Partitions {
 public:
  // For reading a standby or a read-only session will do. Errc: as opening a store for reading; not_found (no schema
  // yet).
  static Result<std::unique_ptr<Partitions>> open(const StoreOptions& options, StoreAccess access);

  Result<std::vector<PartitionRule>> rules();
  // A changed period holds for partitions made from now on; those that are there keep theirs, and where a new one would
  // overlap them a smaller one is made. Errc: not_found (no such table), invalid (no such interval, one shorter than
  // the period or longer than 1000 years, a number outside 1 to 400).
  Result<void> set_rule(const PartitionRule& rule);

  // By table and time. Of partitions that somebody else added, only those with a first and a last instant.
  Result<std::vector<Partition>> list();

  // Makes the partitions of `now` and of the periods ahead of it, of every table; returns the names of the new ones.
  // Errc: unavailable (a lock was not to be had in 2 s: try again).
  Result<std::vector<std::string>> ensure(Timestamp now);

  // What retire() would do, in its order: detachments that were cut off, other retirements under way, and partitions
  // whose end is longer ago than their retention; the oldest first of each. A retirement that was recorded and has
  // detached nothing yet is none any more when a changed rule keeps its rows longer.
  Result<std::vector<Retirement>> plan_retire(Timestamp now);

  // Retires all of them, one after the other; one that fails does not keep back the others. Waits for queries that
  // still read a partition. An archive file is never overwritten, and a partition is dropped only after its file was
  // read back and agrees with the table; when the file is lost or changed by then, the next call archives it again.
  // Errc, of a partition: unavailable, exhausted (too little space for the archive); invalid (the archive's file exists
  // with other content); corrupt, not_found (what was read back is not what was written).
  Result<RetireReport> retire(const RetireOptions& options);

  // Of every retirement that has begun.
  Result<std::vector<RetiredRange>> retired_ranges();

  // The retirements that have an archive file, in the order of retiring.
  Result<std::vector<Retirement>> archives();

 private:
  explicit Partitions(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
  std::unique_ptr<Connection> connection_;
};

// Whether the partition `part` is past the retention of `rule`: SQL of which $1 is the present in microseconds.
inline constexpr const char* kIsDue =
    "coalesce(part.to_at AT TIME ZONE 'UTC'"
    " <= (TIMESTAMPTZ 'epoch' + $1 * INTERVAL '1 microsecond') AT TIME ZONE 'UTC' - rule.retention, false)";
inline Parameters at(Timestamp now) { return Parameters().add(now.ns / 1'000); }

// Reads the file `path` whole, and compares it with what was recorded of the retirement's archive. Errc: unavailable
// (it cannot be read now).
Result<ArchiveState> check_archive(const Retirement& retirement, const std::string& path);

// Drives one retirement to its end, and leaves it where it stopped; partitions_retire.cpp.
Result<void> retire_one(Connection& connection, Retirement& retirement, const RetireOptions& options);

}  // namespace blotter::postgres
