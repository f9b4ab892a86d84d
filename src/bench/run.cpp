#include "bench/run.h"

#include <sys/stat.h>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string>

#include "bench/traffic.h"
#include "journal/reader.h"

namespace blotter::bench {

Result<Scratch> Scratch::make(const std::string& parent) {
  std::error_code code;
  const std::filesystem::path absolute = std::filesystem::absolute(parent, code);
  std::string name = (absolute / "blotter-bench-XXXXXX").string();
  if (code || ::mkdtemp(name.data()) == nullptr) {
    return fail(Errc::unavailable, "cannot make a directory in " + parent + ": " + std::strerror(errno));
  }
  // The throw-away PostgreSQL runs as another user and has to get through.
  static_cast<void>(::chmod(name.c_str(), 0711));
  return Scratch(name);
}

Scratch::~Scratch() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

void Scratch::remove(std::string_view name) const {
  std::error_code ignored;
  std::filesystem::remove_all(path_ / name, ignored);
}

LedgerOptions ledger_without_store(const std::string& directory) {
  LedgerOptions options;
  options.directory = directory;
  options.store.url = "none";
  options.snapshot_every = std::numeric_limits<std::uint64_t>::max();
  return options;
}

Result<std::unique_ptr<Ledger>> Run::open_ledger(std::string_view name) const {
  return Ledger::open(ledger_without_store(scratch_ / name));
}

Result<std::size_t> Run::record_bytes() {
  if (record_bytes_ != 0) return record_bytes_;
  constexpr std::uint64_t kReports = 1'000;
  Seq last{0};
  {
    BLOTTER_ASSIGN(auto ledger, open_ledger("record-bytes"));
    Traffic traffic(0);
    for (std::uint64_t i = 0; i < kReports; ++i) {
      BLOTTER_ASSIGN(const Receipt receipt, ledger->offer(traffic.next(), {}));
      last = receipt.seq;
    }
    BLOTTER_TRY(ledger->wait_durable(last));
  }
  BLOTTER_ASSIGN(auto reader, journal::open_reader(scratch_ / "record-bytes/journal"));
  // The latter half holds no registrations of accounts and instruments any more.
  const Seq first{to_number(last) - kReports / 2};
  BLOTTER_TRY(reader->seek(first));
  std::size_t bytes = 0;
  std::size_t records = 0;
  while (true) {
    BLOTTER_ASSIGN(const auto record, reader->next());
    if (!record) break;
    bytes += record->bytes.size();
    ++records;
  }
  scratch_.remove("record-bytes");
  if (records == 0) return fail(Errc::corrupt, "the journal has none of the records just made durable");
  record_bytes_ = bytes / records;
  return record_bytes_;
}

}  // namespace blotter::bench
