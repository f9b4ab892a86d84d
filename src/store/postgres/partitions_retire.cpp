// One retirement, from wherever it was cut off: each step looks at what is there, does its part, and is recorded before
// the next one begins.
#include <filesystem>

#include "blotter/enums.h"
#include "store/postgres/archive_file.h"
#include "store/postgres/partitions.h"

namespace blotter::postgres {
namespace {

// Text of values does not depend on the session then. The snapshot is one for the whole COPY.
constexpr const char* kPlainText = "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'";
constexpr const char* kNothingDropped = "; nothing was dropped: move the file away and retire again";
constexpr const char* kLockTimeout = "SET LOCAL lock_timeout = '10s'";

class Retiring {
 public:
  Retiring(Connection& connection, Retirement& retirement, const RetireOptions& options)
      : connection_(connection), it_(retirement), options_(options) {}

  Result<void> run() {
    if (it_.state == RetirementState::due) BLOTTER_TRY(step("record", &Retiring::record));
    if (it_.state == RetirementState::detaching) {
      BLOTTER_TRY(step("detach", &Retiring::detach));
      BLOTTER_TRY(step("settle", &Retiring::settle));
    }
    if (it_.state == RetirementState::detached) {
      name_archive();
      BLOTTER_TRY(step("archive", &Retiring::archive));
      BLOTTER_TRY(step("verify", &Retiring::verify));
      BLOTTER_TRY(step("manifest", &Retiring::write_manifest));
      BLOTTER_TRY(step("mark", &Retiring::mark_archived));
    }
    if (it_.state == RetirementState::archived) BLOTTER_TRY(step("drop", &Retiring::drop));
    return {};
  }

 private:
  Result<void> step(std::string_view name, Result<void> (Retiring::*work)()) {
    if (options_.before_step) BLOTTER_TRY(options_.before_step(name, it_.partition));
    return (this->*work)();
  }

  // A name of the catalogue as SQL, quoted by the server.
  Result<std::string> sql_of(const char* format_query, const std::string& name) {
    BLOTTER_ASSIGN(const Rows rows, connection_.query(format_query, Parameters().add(it_.table).add(name)));
    if (rows.size() == 1) return rows.text(0, 0);
    return fail(Errc::not_found, "table " + it_.table + " has no partition rule any more");
  }
  std::string detached_name() const { return it_.partition + "_retired_" + std::to_string(it_.id); }

  // The archive takes a third of the table or less. It may be on the journal's volume, which
  // must not be near its end afterwards either; so the whole is asked for, before anything is detached.
  Result<void> require_space_for(const std::string& name) {
    BLOTTER_ASSIGN(const Rows rows,
                   connection_.query("SELECT coalesce(pg_table_size(to_regclass(format('%I.%I', schema_name, $2))), 0)"
                                     " FROM ledger.partition_rules WHERE table_name = $1",
                                     Parameters().add(it_.table).add(name)));
    return require_space(options_.archive_directory, rows.size() == 1 ? rows.integer(0, 0) : 0);
  }

  // The plan may be old by now: others before it took their time.
  Result<void> record() {
    BLOTTER_TRY(require_space_for(it_.partition));
    const std::string sql =
        "INSERT INTO ledger.retired_partitions (state, table_name, partition_name, from_at, to_at)"
        " SELECT 'detaching', part.table_name, part.partition_name, part.from_at, part.to_at"
        " FROM ledger.list_partitions() AS part JOIN ledger.partition_rules AS rule USING (table_name)"
        " WHERE part.table_name = $2 AND part.partition_name = $3 AND " +
        std::string(kIsDue) + " RETURNING retired_id";
    BLOTTER_ASSIGN(const Rows rows, connection_.query(sql.c_str(), at(options_.now).add(it_.table).add(it_.partition)));
    if (rows.size() != 1) {
      return fail(Errc::unavailable, "it is gone, or its rule was changed meanwhile; look with --dry-run");
    }
    it_.id = rows.integer(0, 0);
    it_.state = RetirementState::detaching;
    return {};
  }

  // Outside of a transaction, as PostgreSQL demands. Cut off in the middle, it stays pending, and settle() finishes it.
  Result<void> detach() {
    BLOTTER_ASSIGN(const Rows rows,
                   connection_.query("SELECT EXISTS (SELECT FROM ledger.list_partitions() WHERE table_name = $1"
                                     " AND partition_name = $2 AND NOT detach_pending)"
                                     // Another retire, which knows a corrected rule, may have forgotten it.
                                     " AND EXISTS (SELECT FROM ledger.retired_partitions WHERE retired_id = $3)",
                                     Parameters().add(it_.table).add(it_.partition).add(it_.id)));
    if (!rows.boolean(0, 0)) return {};
    BLOTTER_ASSIGN(const std::string sql,
                   sql_of("SELECT format('ALTER TABLE %I.%I DETACH PARTITION %I.%I CONCURRENTLY', schema_name,"
                          " table_name, schema_name, $2) FROM ledger.partition_rules WHERE table_name = $1",
                          it_.partition));
    return connection_.run_script(sql.c_str());
  }

  Result<void> settle() {
    BLOTTER_TRY(connection_.query("SELECT ledger.settle_detached($1)", Parameters().add(it_.id)));
    it_.state = RetirementState::detached;
    return {};
  }

  void name_archive() {
    it_.archive = (std::filesystem::path(options_.archive_directory) / (detached_name() + ".csv.zst")).string();
  }

  Result<void> copy_table(const TextSink& sink) {
    BLOTTER_ASSIGN(const std::string sql,
                   sql_of("SELECT format('COPY (SELECT * FROM %I.%I ORDER BY book_id, seq, at) TO STDOUT"
                          " (FORMAT csv, HEADER)', schema_name, $2) FROM ledger.partition_rules WHERE table_name = $1",
                          detached_name()));
    BLOTTER_ASSIGN(const Transaction transaction, Transaction::begin(connection_, kBeginOneMoment));
    BLOTTER_TRY(connection_.run_script(kPlainText));
    BLOTTER_TRY(connection_.copy_out(sql.c_str(), sink));
    return {};
  }

  // A file that is there already was written before a death, or is another database's: verify() tells which.
  Result<void> archive() {
    if (std::filesystem::exists(it_.archive)) return {};
    BLOTTER_TRY(require_space_for(detached_name()));
    return write_archive(it_.archive, [&](const TextSink& sink) { return copy_table(sink); });
  }

  Result<void> verify() {
    const Result<CsvSummary> read_back = summarize_archive(it_.archive);
    if (!read_back) return fail(read_back.error().code, read_back.error().message + kNothingDropped);
    const CsvSummary& file = *read_back;
    CsvDigest digest;
    BLOTTER_TRY(copy_table([&](std::string_view text) -> Result<void> {
      digest.put(text);
      return {};
    }));
    const CsvSummary table = digest.finish();
    if (file != table) {
      return fail(Errc::invalid, it_.archive + " holds " + std::to_string(file.rows) + " rows with SHA-256 " +
                                     file.sha256 + ", the table " + std::to_string(table.rows) + " with " +
                                     table.sha256 + kNothingDropped);
    }
    summary_ = table;
    return {};
  }

  Result<void> write_manifest() {
    const std::string text = "{\n  \"format\": 1,\n  \"table\": \"" + it_.table + "\",\n  \"partition\": \"" +
                             it_.partition + "\",\n  \"from\": \"" + to_text(it_.from) + "\",\n  \"to\": \"" +
                             to_text(it_.to) + "\",\n  \"rows\": " + std::to_string(summary_.rows) +
                             ",\n  \"csv_bytes\": " + std::to_string(summary_.bytes) + ",\n  \"sha256\": \"" +
                             summary_.sha256 + "\"\n}\n";
    return write_durably(it_.archive + ".json", text);
  }

  Result<void> mark_archived() {
    BLOTTER_ASSIGN(
        const std::string sql,
        sql_of("SELECT format('UPDATE ledger.retired_partitions SET state = ''archived'', row_count = $2, sha256 = $3,"
               " archive = $4, (first_seq, last_seq) = (SELECT min(seq), max(seq) FROM %I.%I)"
               " WHERE retired_id = $1 AND state = ''detached''', schema_name, $2)"
               " FROM ledger.partition_rules WHERE table_name = $1",
               detached_name()));
    BLOTTER_TRY(connection_.execute(sql.c_str(),
                                    Parameters().add(it_.id).add(summary_.rows).add(summary_.sha256).add(it_.archive)));
    it_.rows = summary_.rows;
    it_.sha256 = summary_.sha256;
    it_.state = RetirementState::archived;
    return {};
  }

  // The file is read once more: it may be long ago that it was verified. When it is lost or changed, the table still
  // has every row.
  Result<void> drop() {
    const Result<CsvSummary> file = summarize_archive(it_.archive);
    if (!file && file.error().code == Errc::unavailable) return fail(file.error());
    if (!file) return archive_again(file.error());
    if (file->sha256 != it_.sha256) {
      return archive_again({Errc::corrupt, it_.archive + " is not the file that was verified"});
    }
    BLOTTER_ASSIGN(const std::string sql, sql_of("SELECT format('DROP TABLE %I.%I', schema_name, $2)"
                                                 " FROM ledger.partition_rules WHERE table_name = $1",
                                                 detached_name()));
    BLOTTER_ASSIGN(Transaction transaction, Transaction::begin(connection_));
    BLOTTER_TRY(connection_.run_script(kLockTimeout));
    BLOTTER_TRY(connection_.run_script(sql.c_str()));
    BLOTTER_TRY(
        connection_.execute("UPDATE ledger.retired_partitions SET state = 'dropped', retired_at = now()"
                            " WHERE retired_id = $1",
                            Parameters().add(it_.id)));
    BLOTTER_TRY(transaction.commit());
    it_.state = RetirementState::dropped;
    return {};
  }

  Result<void> archive_again(const Error& why) {
    BLOTTER_TRY(
        connection_.execute("UPDATE ledger.retired_partitions SET state = 'detached' WHERE retired_id = $1"
                            " AND state = 'archived'",
                            Parameters().add(it_.id)));
    it_.state = RetirementState::detached;
    return fail(why.code, why.message + "; nothing was dropped: retire again, which archives it anew");
  }

  Connection& connection_;
  Retirement& it_;
  const RetireOptions& options_;
  CsvSummary summary_;
};

}  // namespace

Result<ArchiveState> check_archive(const Retirement& retirement, const std::string& path) {
  const Result<CsvSummary> file = summarize_archive(path);
  if (file) {
    const bool same = file->sha256 == retirement.sha256 && file->rows == retirement.rows;
    return same ? ArchiveState::whole : ArchiveState::damaged;
  }
  if (file.error().code == Errc::not_found) return ArchiveState::missing;
  if (file.error().code == Errc::corrupt) return ArchiveState::damaged;
  return fail(file.error());
}

Result<void> retire_one(Connection& connection, Retirement& retirement, const RetireOptions& options) {
  return Retiring(connection, retirement, options).run();
}

}  // namespace blotter::postgres
