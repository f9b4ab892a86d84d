// Conservation: sums what the store holds and proves that nothing was created or lost.
//
//   every event:    the ledger entries of each asset sum to zero
//   every balance:  equals the sum of its account's entries
//   every position: quantity, cost basis and realised P&L equal the sums of its fills and adjustments
#pragma once

#include <map>
#include <string>
#include <vector>

#include "blotter/store.h"
#include "ledger/verify.h"
#include "store/ledger_entries.h"

namespace blotter {

class Conservation {
 public:
  Conservation(StoreReader& store, VerifyReport& report) : store_(store), report_(report) {}

  // A row of fills or position_adjustments, as the store has it.
  void add_movement(Table table, const std::vector<Cell>& row);
  // What the entries of retired rows depend on; of each instrument the last one counts.
  void add_instruments(const std::vector<InstrumentRow>& rows);
  // A row that was retired, as the journal has it.
  void add_retired(const FillRow& row);
  void add_retired(const CashMovementRow& row);
  // Sums the ledger entries of the events from `first` to `last`.
  Result<void> add_entries(const std::string& book_id, Seq first, Seq last);
  // Compares the sums with balances and positions.
  Result<void> finish(const std::string& book_id);

 private:
  struct Sums {
    Decimal quantity;
    Decimal cost;
    Decimal realized;
  };
  void add_entry(const LedgerEntryRow& entry);
  void prove_event(std::int64_t seq, std::map<std::string, Decimal>& by_asset);
  Result<void> prove_balances(const std::string& book_id);
  Result<void> prove_positions(const std::string& book_id);

  StoreReader& store_;
  VerifyReport& report_;
  std::map<std::vector<std::string>, Sums> positions_;                        // account, symbol, venue, strategy
  std::map<std::pair<std::string, std::string>, Decimal> balances_;           // account, asset
  std::map<std::pair<std::string, std::string>, InstrumentRow> instruments_;  // symbol, venue
  std::map<std::pair<std::string, std::string>, Decimal> holdings_;           // account, symbol@venue
};

}  // namespace blotter
