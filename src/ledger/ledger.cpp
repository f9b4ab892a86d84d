#include "blotter/ledger.h"

#include <atomic>
#include <shared_mutex>

#include "core/snapshot.h"
#include "journal/snapshots.h"
#include "ledger/book_rows.h"
#include "ledger/completions.h"
#include "ledger/front_door.h"
#include "ledger/projector.h"
#include "ledger/recovery.h"
#include "ledger/snapshotter.h"

namespace blotter {
namespace {

StoreOptions store_of(const LedgerOptions& options) {
  StoreOptions store = options.store;
  if (store.url.empty()) store.url = "sqlite:" + options.directory + "/blotter.db";
  return store;
}

// Puts the pieces together and takes them apart in the right order.
class OpenLedger final : public Ledger {
 public:
  OpenLedger(std::unique_ptr<journal::Journal> journal, std::string book_id, Recovered recovered)
      : journal_(std::move(journal)),
        book_id_(std::move(book_id)),
        epoch_(journal_->epoch()),
        recovery_(journal_->recovery()),
        recovered_(recovered) {}

  ~OpenLedger() override { static_cast<void>(close(5'000).has_value()); }

  Result<void> start(State state, const LedgerOptions& options) {
    BLOTTER_ASSIGN(auto reader, journal::open_reader(journal_->directory(), journal_.get()));
    const Defaults defaults{
        .base_currency = options.base_currency, .quote = options.quote, .asset_class = options.asset_class};
    Clock& clock = options.clock != nullptr ? *options.clock : system_clock();
    door_.emplace(*journal_, std::move(reader), std::move(state), defaults, clock);
    BLOTTER_TRY(door_->wake_everything());
    if (options.store.url != "none") projector_.emplace(*journal_, book_id_, store_of(options));
    snapshotter_.emplace(*journal_, recovered_.snapshot, options.snapshot_every);
    return {};
  }

  Result<Receipt> record(const Report& report) override {
    return durably([&] { return door_->offer(report, {}); });
  }
  Result<Receipt> submit(const SubmitOrder& command) override {
    return durably([&] { return door_->offer(Command(command)); });
  }
  Result<Receipt> cancel(const CancelOrder& command) override {
    return durably([&] { return door_->offer(Command(command)); });
  }
  Result<Receipt> replace(const ReplaceOrder& command) override {
    return durably([&] { return door_->offer(Command(command)); });
  }

  Result<void> record(const Report& report, Callback callback) override {
    BLOTTER_ASSIGN(const auto inside, enter());
    BLOTTER_ASSIGN(Receipt receipt, door_->offer(report, {}));
    journal_->flush_soon();
    std::call_once(completions_once_, [this] { completions_.emplace(*journal_); });
    completions_->post(std::move(receipt), std::move(callback));
    return {};
  }

  Result<Receipt> offer(const Report& report, std::string_view content) override {
    BLOTTER_ASSIGN(const auto inside, enter());
    auto receipt = door_->offer(report, content);
    journal_->flush_soon();
    return receipt;
  }
  Result<Receipt> offer_unattributed(std::string_view account, Timestamp at, std::string_view detail,
                                     std::string_view content) override {
    BLOTTER_ASSIGN(const auto inside, enter());
    auto receipt = door_->offer_unattributed(account, at, detail, content);
    journal_->flush_soon();
    return receipt;
  }
  Result<void> wait_durable(Seq seq) override {
    BLOTTER_ASSIGN(const auto inside, enter());
    return journal_->wait_durable(seq);
  }
  Result<void> wait_stored(Seq seq, std::int64_t timeout_ms) override {
    BLOTTER_ASSIGN(const auto inside, enter());
    BLOTTER_TRY(journal_->wait_durable(seq));
    return projector_ ? projector_->wait_stored(seq, timeout_ms) : Result<void>{};
  }

  Watermarks watermarks() const override {
    const std::shared_lock inside(calls_);
    if (!journal_) return last_watermarks_;
    return {.appended = journal_->appended(),
            .durable = journal_->durable(),
            .stored = projector_ ? projector_->stored() : Seq{0}};
  }
  LedgerCounters counters() const override {
    const Counters c = door_->with_book([](const Book& book) { return book.counters(); });
    return {.orders = c.orders,
            .orders_open = c.orders_open,
            .fills = c.fills,
            .busts = c.busts,
            .quarantined = c.quarantined,
            .conflicts = c.conflicts};
  }
  std::optional<OrderRow> order(std::string_view account, std::string_view client_order_id) const override {
    return door_->with_book([&](const Book& book) -> std::optional<OrderRow> {
      const Order* order = book.find_order(order_key(account, client_order_id));
      return order == nullptr ? std::nullopt : std::optional(row_of(book_id_, book, *order));
    });
  }
  std::vector<PositionRow> positions() const override {
    return door_->with_book([&](const Book& book) {
      std::vector<PositionRow> rows;
      book.for_each_position([&](const Position& position) { rows.push_back(row_of(book_id_, book, position)); });
      return rows;
    });
  }
  std::vector<BalanceRow> balances() const override {
    return door_->with_book([&](const Book& book) {
      std::vector<BalanceRow> rows;
      book.for_each_balance([&](const Balance& balance) { rows.push_back(row_of(book_id_, book, balance)); });
      return rows;
    });
  }

  std::string store_problem() const override { return projector_ ? projector_->problem() : std::string{}; }
  std::uint64_t store_refused() const override { return projector_ ? projector_->refused() : 0; }
  std::string recovery_note() const override {
    if (recovery_.torn_bytes_cut == 0) return {};
    return "cut a torn tail of " + std::to_string(recovery_.torn_bytes_cut) + " bytes at " + recovery_.torn_where +
           "; nothing of it had been acknowledged";
  }
  const std::string& book_id() const override { return book_id_; }
  Epoch epoch() const override { return epoch_; }

  Result<void> close(std::int64_t landing_ms_max) override {
    if (closed_.exchange(true)) return {};
    const Seq last = journal_->appended();
    Result<void> outcome = journal_->wait_durable(last);
    if (outcome && projector_ && landing_ms_max > 0) outcome = projector_->wait_stored(last, landing_ms_max);
    // Whoever waits for the store is let go; then the calls that were inside before the door closed come to their end.
    if (projector_) projector_->stop();
    { const std::unique_lock everyone_left(calls_); }
    completions_.reset();
    snapshotter_.reset();
    const std::unique_lock alone(calls_);
    // Calls that slipped in while we waited are durable too.
    if (outcome) outcome = journal_->wait_durable(journal_->appended());
    last_watermarks_ = {.appended = journal_->appended(),
                        .durable = journal_->durable(),
                        .stored = projector_ ? projector_->stored() : Seq{0}};
    journal_.reset();
    return outcome;
  }

 private:
  // Held by every call that uses the journal, so that close() can take it away when all have left.
  Result<std::shared_lock<std::shared_mutex>> enter() const {
    const auto refused = [] { return fail(Errc::unavailable, "the ledger is closed; open it again"); };
    if (closed_.load(std::memory_order_acquire)) return refused();
    std::shared_lock inside(calls_);
    if (closed_.load(std::memory_order_acquire)) return refused();
    return inside;
  }

  template <class Offer>
  Result<Receipt> durably(Offer&& offer) {
    BLOTTER_ASSIGN(const auto inside, enter());
    Result<Receipt> offered = offer();
    if (offered) BLOTTER_TRY(journal_->wait_durable(offered->seq));
    return offered;
  }

  mutable std::shared_mutex calls_;
  std::unique_ptr<journal::Journal> journal_;
  const std::string book_id_;
  const Epoch epoch_;
  const journal::Recovery recovery_;
  const Recovered recovered_;
  std::optional<FrontDoor> door_;
  std::optional<Projector> projector_;
  std::optional<Snapshotter> snapshotter_;
  std::once_flag completions_once_;
  std::optional<Completions> completions_;
  std::atomic<bool> closed_{false};
  Watermarks last_watermarks_;  // once closed
};

Result<std::unique_ptr<journal::Journal>> open_or_create(const std::string& directory, const LedgerOptions& options) {
  journal::Options as_it_is;
  as_it_is.segment_bytes = 0;
  auto opened = journal::open_journal(directory, as_it_is);
  if (opened || opened.error().code != Errc::not_found || !options.create) return opened;
  journal::Options journal_options;
  journal_options.segment_bytes = options.segment_bytes;
  BLOTTER_TRY(journal::create_journal(directory, options.book_id, journal_options));
  return journal::open_journal(directory, as_it_is);
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(const LedgerOptions& options) {
  const std::string directory = options.directory + "/journal";
  BLOTTER_ASSIGN(auto journal, open_or_create(directory, options));
  BLOTTER_ASSIGN(const journal::BookFile book_file, journal::read_book_file(directory));
  BLOTTER_ASSIGN(const auto reader, journal::open_reader(directory, journal.get()));
  State state;
  BLOTTER_ASSIGN(const Recovered recovered, recover(directory, *reader, journal->durable(), state));
  auto ledger = std::make_unique<OpenLedger>(std::move(journal), book_file.book_id, recovered);
  BLOTTER_TRY(ledger->start(std::move(state), options));
  return std::unique_ptr<Ledger>(std::move(ledger));
}

}  // namespace blotter
