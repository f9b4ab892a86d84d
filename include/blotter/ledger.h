// Ledger: the front door of Blotter.
//
// Offer it every order you intend to send and every report your brokers send back. Each is durable in the journal of
// this machine when the call returns, has its effect exactly once however often it is offered, and lands in the store
// in the background, whatever the store is doing.
//
// Threads    Every member function may be called from any thread. Calls that arrive together share one device flush.
// Failure    A failed write of the journal poisons the ledger: all calls return Errc::poisoned until it is reopened.
//            After close() nothing is accepted (Errc::unavailable); what is in memory can still be read.
//            A store that cannot be reached is no failure: see watermarks().stored and store_problem().
// Ownership  One process at a time may have a book open (Errc::unavailable names the other one).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blotter/clock.h"
#include "blotter/report.h"
#include "blotter/result.h"
#include "blotter/rows.h"
#include "blotter/store.h"

namespace blotter {

struct LedgerOptions {
  std::string directory = "./blotter-data";
  StoreOptions store;                      // url empty: "sqlite:" + directory + "/blotter.db"; "none": no store
  std::string book_id = "main";            // for a new ledger
  bool create = true;                      // make the ledger if there is none
  Asset base_currency = Asset::of("USD");  // for accounts registered on first sight
  Asset quote = Asset::of("USD");          // for instruments registered on first sight
  AssetClass asset_class = AssetClass::other;
  std::uint64_t segment_bytes = 64ull << 20;  // of a new ledger's journal
  std::uint64_t snapshot_every = 4'000'000;   // events between snapshots; bounds the time of a restart
  Clock* clock = nullptr;                     // null: the system's
};

// What became of an input.
struct Receipt {
  Outcome outcome = Outcome::created;
  Seq seq{0};          // durable up to here means: this input is durable
  std::string detail;  // conflict and quarantined: why
};

struct Watermarks {
  Seq appended{0};
  Seq durable{0};
  Seq stored{0};
};

struct LedgerCounters {
  std::uint64_t orders = 0;
  std::uint64_t orders_open = 0;
  std::uint64_t fills = 0;
  std::uint64_t busts = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t conflicts = 0;
};

class Ledger {
 public:
  // Recovers (snapshot, replay, cut of a torn tail) and starts landing.
  // Errc: unavailable (another writer has it: who, since when), corrupt (file and offset; nothing modified),
  // not_found (none there and create is false), invalid, exhausted.
  static Result<std::unique_ptr<Ledger>> open(const LedgerOptions& options);

  virtual ~Ledger() = default;  // close()

  // ---- blocking: durable when it returns ----

  // A fact. Errc: invalid (refused as malformed: nothing recorded), exhausted (no disk, not even the reserve),
  // poisoned.
  virtual Result<Receipt> record(const Report& report) = 0;
  // Intents. The order is durable before the caller sends it. Errc: as above, and not_found (no such order), stale (it
  // is closed already), exhausted (disk full: refused while facts still land). An order whose client_order_id is taken
  // by another one answers Outcome::conflict: do not send it.
  virtual Result<Receipt> submit(const SubmitOrder& command) = 0;
  virtual Result<Receipt> cancel(const CancelOrder& command) = 0;
  virtual Result<Receipt> replace(const ReplaceOrder& command) = 0;

  // ---- with a callback: returns when decided, calls back from a thread of the ledger when durable ----

  using Callback = std::function<void(const Result<Receipt>&)>;
  // The callback is called exactly once if and only if this returns success. Errc: as record.
  virtual Result<void> record(const Report& report, Callback callback) = 0;

  // ---- pipelined: returns when decided; durable after wait_durable(receipt.seq) ----

  // `content` is the record as it came, kept if it ends in quarantine; may be empty.
  virtual Result<Receipt> offer(const Report& report, std::string_view content) = 0;
  // A line that a feed understood and could not attribute: straight to quarantine.
  virtual Result<Receipt> offer_unattributed(std::string_view account, Timestamp at, std::string_view detail,
                                             std::string_view content) = 0;
  virtual Result<void> wait_durable(Seq seq) = 0;
  // Waits until the store has everything up to `seq`, or cannot go on, or the time is up (negative: no limit).
  // Errc: unavailable (not yet), not_found or invalid (a person has to act, the message says how; landing goes on by
  // itself when it is done), fenced, corrupt, invalid (landing has stopped; the message says why).
  virtual Result<void> wait_stored(Seq seq, std::int64_t timeout_ms) = 0;

  // ---- state, from memory: everything decided so far, also what is not durable yet ----

  virtual Watermarks watermarks() const = 0;
  virtual LedgerCounters counters() const = 0;
  // The order as it stands now; nothing when it is unknown or closed long ago (then the store has it).
  virtual std::optional<OrderRow> order(std::string_view account, std::string_view client_order_id) const = 0;
  virtual std::vector<PositionRow> positions() const = 0;
  virtual std::vector<BalanceRow> balances() const = 0;

  // Why landing is not making progress; empty when it is.
  virtual std::string store_problem() const = 0;
  // Rows that the store's schema refuses: they lie in its table refused_rows, each with the reason, and nothing waits
  // for them. 0 unless the schema and this program disagree.
  virtual std::uint64_t store_refused() const = 0;
  // What opening had to mend: a torn tail that was cut. Empty when nothing.
  virtual std::string recovery_note() const = 0;
  virtual const std::string& book_id() const = 0;
  virtual Epoch epoch() const = 0;

  // Makes everything durable, gives landing up to `landing_ms_max` to finish, releases the book. Idempotent.
  virtual Result<void> close(std::int64_t landing_ms_max) = 0;
};

}  // namespace blotter
