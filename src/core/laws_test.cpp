// canonical() and prove_conservation(); see core/test_ledger_test.h. They keep their own sums, from the events alone.
#include <algorithm>
#include <set>

#include "core/render.h"
#include "core/test_ledger_test.h"

namespace blotter {
namespace {

template <class T>
std::string encoded(const T& value) {
  ByteWriter out;
  codec::write(out, value);
  return {reinterpret_cast<const char*>(out.bytes().data()), out.bytes().size()};
}

void append_sorted(std::string& text, std::vector<std::string> parts) {
  std::sort(parts.begin(), parts.end());
  for (const std::string& part : parts) {
    text += std::to_string(part.size()) + ':' + part;
  }
  text += '|';
}

using Id = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;  // account, instrument, strategy

template <class E>
Id id_of(const E& e) {
  return {static_cast<std::uint32_t>(e.account), static_cast<std::uint32_t>(e.instrument),
          static_cast<std::uint32_t>(e.strategy)};
}

// Everything the events say, kept in the naive way: a list of entries for each position, edited in place.
class Oracle {
 public:
  explicit Oracle(const Book& book) : book_(book) {}

  void see(const Event& event, Seq seq) {
    if (const auto* fill = std::get_if<FillBooked>(&event)) see(*fill, seq);
    if (const auto* reversed = std::get_if<FillReversed>(&event)) see(*reversed);
    if (const auto* fee = std::get_if<FeeBooked>(&event)) see(*fee, seq);
    if (const auto* split = std::get_if<PositionSplit>(&event)) see(*split);
    if (const auto* cash = std::get_if<CashMoved>(&event)) move(cash->account, cash->asset, cash->amount);
  }

  void prove() const {
    prove_positions();
    prove_orders();
    prove_balances();
  }

 private:
  struct Trade {
    Seq fill{0};
    Side side{};
    Decimal quantity, price, fee;
    Asset fee_asset;
    OrderNo order{};
    std::optional<Decimal> base_fee;                   // a late fee in the base asset instead of a trade
    std::optional<std::pair<Decimal, Decimal>> split;  // a split instead of a trade
  };

  void move(AccountId account, const Asset& asset, Decimal amount) {
    totals_[{static_cast<std::uint32_t>(account), std::string(asset.text())}] += amount;
  }
  const Instrument& instrument_of(const Id& id) const { return book_.instrument(InstrumentId(std::get<1>(id))); }
  static bool coin(const Instrument& i) {
    return !i.base.empty() && (i.asset_class == AssetClass::crypto || i.asset_class == AssetClass::forex);
  }
  static Decimal cash_of(const Instrument& i, const Trade& t) {
    if (i.inverse) {
      const Decimal value = (t.quantity * i.multiplier) / t.price;
      return t.side == Side::buy ? value : -value;
    }
    const Decimal value = t.quantity * i.multiplier * t.price;
    return t.side == Side::buy ? -value : value;
  }
  static Decimal units_of(const Instrument& i, const Trade& t) {
    const Decimal units = t.side == Side::buy ? t.quantity : -t.quantity;
    return coin(i) && t.fee_asset == i.base ? units - t.fee : units;
  }

  void see(const FillBooked& e, Seq seq) {
    trades_[id_of(e)].push_back({.fill = seq,
                                 .side = e.side,
                                 .quantity = e.quantity.value(),
                                 .price = e.price.value(),
                                 .fee = e.fee,
                                 .fee_asset = e.fee_asset,
                                 .order = e.order,
                                 .base_fee = {},
                                 .split = {}});
  }
  void see(const FillReversed& e) {
    auto& list = trades_[id_of(e)];
    const auto it = std::find_if(list.begin(), list.end(), [&](const Trade& t) { return t.fill == e.fill; });
    ASSERT_NE(it, list.end()) << "a reversal of a trade that does not stand";
    if (e.kind == PositionAdjustmentKind::bust) {
      list.erase(it);
    } else {
      it->quantity = e.quantity.value();
      it->price = e.price.value();
      it->fee = e.fee;
    }
  }
  void see(const FeeBooked& e, Seq seq) {
    const Instrument& i = book_.instrument(e.instrument);
    if (coin(i) && e.asset == i.base) {
      Trade fee;
      fee.fill = seq;
      fee.base_fee = e.amount;
      trades_[id_of(e)].push_back(fee);
    } else {
      move(e.account, e.asset, -e.amount);
    }
  }
  void see(const PositionSplit& e) {
    Trade split;
    split.split = std::pair(e.numerator, e.denominator);
    trades_[id_of(e)].push_back(split);
  }

  void prove_positions() const {
    std::size_t positions = 0;
    book_.for_each_position([&](const Position&) { ++positions; });
    EXPECT_EQ(positions, trades_.size());
    for (const auto& [id, list] : trades_) {
      const Instrument& instrument = instrument_of(id);
      std::vector<PositionChange> changes;
      Decimal cash;
      for (const Trade& t : list) {
        PositionChange change;
        if (t.split) {
          change.kind = PositionChange::Kind::split;
          change.numerator = t.split->first;
          change.denominator = t.split->second;
        } else if (t.base_fee) {
          change.step = {.seq = t.fill, .quantity = -*t.base_fee, .cash = {}};
        } else {
          change.step = {.seq = t.fill, .quantity = units_of(instrument, t), .cash = cash_of(instrument, t)};
          cash += change.step.cash;
        }
        changes.push_back(change);
      }
      const AccountingMethod method = book_.account(AccountId(std::get<0>(id))).method;
      const PositionState expected = fold(method, changes);
      const Position* held = book_.find_position({.account = AccountId(std::get<0>(id)),
                                                  .instrument = InstrumentId(std::get<1>(id)),
                                                  .strategy = StrategyId(std::get<2>(id))});
      ASSERT_NE(held, nullptr);
      EXPECT_EQ(to_text(held->state.quantity), to_text(expected.quantity));
      EXPECT_EQ(to_text(held->state.cost), to_text(expected.cost));
      EXPECT_EQ(to_text(held->state.realized), to_text(expected.realized));
      EXPECT_EQ(held->state.lots, expected.lots);
      EXPECT_EQ(to_text(cash), to_text(expected.realized - expected.cost)) << "sum of cash = realised - cost";
      if (method != AccountingMethod::average) {
        Decimal lot_quantity, lot_cost;
        for (const Lot& lot : held->state.lots) {
          EXPECT_TRUE(lot.quantity.is_positive());
          lot_quantity += lot.quantity;
          lot_cost += lot.cost;
        }
        EXPECT_EQ(to_text(lot_quantity), to_text(abs(expected.quantity)));
        EXPECT_EQ(to_text(lot_cost), to_text(expected.cost));
      }
    }
  }

  void prove_orders() const {
    std::map<std::uint64_t, std::pair<Decimal, Decimal>> filled;
    for (const auto& [id, list] : trades_) {
      for (const Trade& t : list) {
        if (t.split || t.base_fee) continue;
        auto& [cum, notional] = filled[static_cast<std::uint64_t>(t.order)];
        cum += t.quantity;
        notional += t.quantity * t.price;
      }
    }
    book_.for_each_order([&](const Order& order) {
      const auto& [cum, notional] = filled[static_cast<std::uint64_t>(order.no)];
      EXPECT_EQ(to_text(order.cum), to_text(cum)) << order.terms.client_order_id;
      EXPECT_EQ(to_text(order.notional), to_text(notional)) << order.terms.client_order_id;
    });
  }

  void prove_balances() const {
    Totals expected = totals_;
    for (const auto& [id, list] : trades_) {
      const Instrument& i = instrument_of(id);
      const std::uint32_t account = std::get<0>(id);
      const bool pnl_only = i.asset_class == AssetClass::future || i.asset_class == AssetClass::perpetual;
      const Position* held = book_.find_position({.account = AccountId(account),
                                                  .instrument = InstrumentId(std::get<1>(id)),
                                                  .strategy = StrategyId(std::get<2>(id))});
      ASSERT_NE(held, nullptr);
      const std::string settle(i.settle.text());
      if (pnl_only) expected[{account, settle}] += held->state.realized;
      if (coin(i)) expected[{account, std::string(i.base.text())}] += held->state.quantity;
      for (const Trade& t : list) {
        if (t.split || t.base_fee) continue;
        if (!pnl_only) expected[{account, settle}] += cash_of(i, t);
        if (!(coin(i) && t.fee_asset == i.base)) expected[{account, std::string(t.fee_asset.text())}] -= t.fee;
      }
    }
    book_.for_each_balance([&](const Balance& balance) {
      const auto key =
          std::pair(static_cast<std::uint32_t>(balance.key.account), std::string(balance.key.asset.text()));
      EXPECT_EQ(to_text(balance.amount), to_text(expected[key])) << key.second;
      expected.erase(key);
    });
    for (const auto& [key, amount] : expected) EXPECT_EQ(to_text(amount), "0") << key.second << " has no balance";
  }

  const Book& book_;
  std::map<Id, std::vector<Trade>> trades_;
  Totals totals_;
};

}  // namespace

std::string canonical(const State& state) {
  const Book& book = state.book;
  std::string text = std::to_string(to_number(book.seq())) + encoded(book.counters()) + encoded(book.accounts()) +
                     encoded(book.instruments()) + encoded(book.strategies());
  std::vector<std::string> parts;
  book.for_each_order([&](const Order& order) { parts.push_back(encoded(order)); });
  append_sorted(text, std::exchange(parts, {}));
  book.for_each_position([&](const Position& position) { parts.push_back(encoded(position)); });
  append_sorted(text, std::exchange(parts, {}));
  book.for_each_balance([&](const Balance& balance) { parts.push_back(encoded(balance)); });
  append_sorted(text, std::exchange(parts, {}));
  book.for_each_daily([&](const DailyPnl& daily) { parts.push_back(encoded(daily)); });
  append_sorted(text, std::exchange(parts, {}));
  for (const IdentityKey& key : book.awaited()) {
    for (const Waiting* waiting : book.waiting_for(key)) parts.push_back(encoded(*waiting));
  }
  append_sorted(text, std::exchange(parts, {}));
  for (const Instrument& instrument : book.instruments()) parts.push_back(encoded(book.positions_of(instrument.id)));
  append_sorted(text, std::exchange(parts, {}));
  state.identities.for_each(
      [&](const Identities::Entry& entry) { parts.emplace_back(reinterpret_cast<const char*>(&entry), sizeof entry); });
  append_sorted(text, std::exchange(parts, {}));
  return text;
}

void prove_conservation(const TestLedger& ledger) {
  Oracle oracle(ledger.book());
  std::uint64_t seq = 0;
  for (const Event& event : ledger.events()) oracle.see(event, Seq{++seq});
  oracle.prove();
}

}  // namespace blotter
