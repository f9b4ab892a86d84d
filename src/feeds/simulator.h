// Simulator: order flow of a made-up trading firm, as lines of the report format (docs/formats/report.md).
//
// For samples, benchmarks and tests that need more, or other, than recorded days: several accounts with different
// accounting methods, every kind of instrument, partial fills, cancels, replaces, rejects, expiries, busts,
// corrections, fees in every asset, funding, dividends, marks, splits and entries of the audit trail. Each line is one
// a correct ledger takes: nothing it emits is invalid, in conflict or about something unknown. A line sent again (an
// option) exists already.
//
// Invariant  The same options give the same lines, on every machine. Money is whole numbers throughout.
// Unit       Memory is bounded by the options; lines are made one at a time.
// Threads    One caller at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blotter/time.h"
#include "feeds/simulated_market.h"

namespace blotter::feeds {

struct SimulatorOptions {
  std::uint64_t seed = 1;
  std::uint64_t lines = 100'000;  // in all; the registrations and deposits come first and count
  std::size_t accounts = 4;       // 1 to 99
  std::size_t instruments = 9;    // 1 to 999; nine kinds, then more of each
  std::size_t strategies = 5;     // 1 to 99
  std::size_t open_orders_max = 2'000;
  std::uint64_t resent_per_10000 = 0;  // lines sent again, exactly as they were
};

class Simulator {
 public:
  // Options out of their range are brought into it.
  explicit Simulator(const SimulatorOptions& options);

  // Overwrites `line` (without a line end) and returns true, or false when all lines were made.
  bool next(std::string& line);

 private:
  enum class Fate : std::uint8_t { filled, canceled, expired, rejected };

  struct Execution {
    std::uint64_t number = 0;  // 0: none
    std::int64_t lots = 0;
    std::int64_t ticks = 0;
  };

  struct OpenOrder {
    std::uint64_t number = 0;
    std::uint32_t account = 0;
    std::uint32_t instrument = 0;
    Side side = Side::buy;
    bool market = false;
    bool maker = false;
    bool by_venue_id = false;  // the broker speaks of it by its own name
    bool will_be_replaced = false;
    Fate fate = Fate::filled;
    int fills_left = 0;
    std::int64_t lots = 0;
    std::int64_t lots_filled = 0;
    std::int64_t limit_ticks = 0;
    Execution last;
  };

  // The last execution of an order that is over; what busts, corrections and late fees are about.
  struct PastExecution {
    OpenOrder order;
    bool covered = false;  // fills covered the order: without this one it would be open again
  };

  bool emit_registration();
  void emit_account(std::size_t index);
  void emit_instrument(const SimulatedInstrument& instrument);
  void emit_deposit(std::size_t index);

  void emit_activity();
  void emit_order();
  void act_on(std::size_t index);
  void emit_fill(OpenOrder& order, bool last);
  void emit_replace(OpenOrder& order);
  void emit_close(OpenOrder& order, std::string_view status, std::string_view reason);
  void finish(std::size_t index);

  void emit_rare();
  void emit_bust();
  void emit_correction();
  void emit_late_fee();
  void emit_funding(std::size_t account, const SimulatedInstrument& instrument, std::int64_t position);
  void emit_dividend(std::size_t account, const SimulatedInstrument& instrument, std::int64_t position);
  void emit_interest(std::size_t account);
  void emit_mark();
  void emit_audit();
  void begin_split();
  void continue_split();

  void begin(std::string_view type);
  void begin(std::string_view type, std::size_t account);
  void text(std::string_view key, std::string_view value);
  void id(std::string_view key, char prefix, std::uint64_t number);
  void decimal(std::string_view key, Scaled value);
  void instrument_name(const SimulatedInstrument& instrument);
  void order_name(const OpenOrder& order);
  void cash(std::size_t account, std::string_view kind, std::string_view asset, std::int64_t amount);
  void end();

  std::int64_t& position(std::size_t account, std::size_t instrument);
  PastExecution take_past();

  SimulatorOptions options_;
  SimulatorRandom random_;
  std::vector<SimulatedInstrument> instruments_;
  std::vector<std::string> accounts_;
  std::vector<std::string> strategies_;
  std::vector<std::int64_t> positions_;  // lots, by account and instrument
  std::vector<OpenOrder> open_;
  std::vector<PastExecution> past_;
  std::optional<OpenOrder> to_cancel_;    // its execution was busted: the broker closes it for good
  std::optional<std::size_t> splitting_;  // instrument whose orders expire before its split
  std::vector<std::string> recent_;       // lines that may be sent again
  std::string line_;
  Timestamp now_;
  std::uint64_t made_ = 0;
  std::size_t registered_ = 0;
  std::uint64_t orders_ = 0;
  std::uint64_t executions_ = 0;
  std::uint64_t payments_ = 0;
  std::uint64_t audits_ = 0;
};

}  // namespace blotter::feeds
