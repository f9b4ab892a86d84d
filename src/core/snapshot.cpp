#include "core/snapshot.h"

#include "core/codec.h"

namespace blotter {

namespace {
constexpr std::uint64_t kVersion = 1;
}

// Reaches into Book, so that Book needs no setters.
class BookCodec {
 public:
  static void write(const Book& book, ByteWriter& out) {
    codec::write(out, to_number(book.seq_));
    codec::write(out, book.counters_);
    codec::write(out, book.accounts_);
    codec::write(out, book.instruments_);
    codec::write(out, book.strategies_);
    out.varint(book.orders_.size());
    for (const auto& [no, order] : book.orders_) codec::write(out, *order);
    out.varint(book.closed_.size());
    for (const ClosedOrder& closed : book.closed_) codec::write(out, closed);
    out.varint(book.positions_.size());
    for (const auto& [key, position] : book.positions_) codec::write(out, position);
    for (const auto& keys : book.positions_of_instrument_) codec::write(out, keys);
    out.varint(book.balances_.size());
    for (const auto& [key, balance] : book.balances_) codec::write(out, balance);
    out.varint(book.daily_.size());
    for (const auto& [key, daily] : book.daily_) codec::write(out, daily);
    out.varint(book.waiting_.size());
    for (const auto& [key, waiting] : book.waiting_) codec::write(out, waiting);
    for (const auto& marks : book.marks_now_) codec::write(out, marks);
  }

  static void read(ByteReader& in, Book& book) {
    std::uint64_t seq = 0;
    codec::read(in, seq);
    book.seq_ = Seq{seq};
    codec::read(in, book.counters_);
    codec::read(in, book.accounts_);
    codec::read(in, book.instruments_);
    codec::read(in, book.strategies_);
    for (const Account& account : book.accounts_) book.account_ids_[account.name] = account.id;
    for (const Instrument& instrument : book.instruments_) {
      book.instrument_ids_[instrument.symbol + '\0' + instrument.venue] = instrument.id;
    }
    for (const Strategy& strategy : book.strategies_) book.strategy_ids_[strategy.name] = strategy.id;
    each(in, [&] {
      auto order = std::make_unique<Order>();
      codec::read(in, *order);
      const auto account = static_cast<std::size_t>(order->account);
      if (in.failed() || account == 0 || account > book.accounts_.size()) return in.fail();
      book.index_order(*order);
      book.orders_[static_cast<std::uint64_t>(order->no)] = std::move(order);
    });
    each(in, [&] {
      ClosedOrder closed;
      codec::read(in, closed);
      book.closed_.push_back(closed);
    });
    each(in, [&] {
      Position position;
      codec::read(in, position);
      book.positions_[position.key] = std::move(position);
    });
    book.positions_of_instrument_.resize(book.instruments_.size());
    for (auto& keys : book.positions_of_instrument_) codec::read(in, keys);
    each(in, [&] {
      Balance balance;
      codec::read(in, balance);
      book.balances_[balance.key] = balance;
    });
    each(in, [&] {
      DailyPnl daily;
      codec::read(in, daily);
      book.daily_[std::pair(daily.day, daily.key)] = daily;
    });
    each(in, [&] {
      Waiting waiting;
      codec::read(in, waiting);
      book.waiting_keys_.emplace(to_number(waiting.quarantine), waiting.waits_for);
      book.waiting_.emplace(waiting.waits_for, std::move(waiting));
    });
    book.marks_now_.resize(book.instruments_.size());
    for (auto& marks : book.marks_now_) codec::read(in, marks);
  }

 private:
  template <class Read>
  static void each(ByteReader& in, Read&& read_one) {
    const std::uint64_t count = in.varint();
    for (std::uint64_t i = 0; i < count && !in.failed(); ++i) read_one();
  }
};

std::vector<std::byte> encode_snapshot(const State& state) {
  ByteWriter out;
  out.varint(kVersion);
  BookCodec::write(state.book, out);
  out.varint(state.identities.size());
  out.reserve(state.identities.size() * sizeof(Identities::Entry));
  state.identities.for_each([&](const Identities::Entry& entry) { out.raw(&entry, sizeof entry); });
  return out.take();
}

namespace {

Result<void> read_book(ByteReader& in, Book& book) {
  if (in.varint() != kVersion) return fail(Errc::corrupt, "a snapshot of another version");
  BookCodec::read(in, book);
  if (in.failed()) return fail(Errc::corrupt, "a snapshot ends too early or holds a value out of range");
  return {};
}

}  // namespace

Result<void> decode_snapshot(std::span<const std::byte> bytes, Book& book) {
  ByteReader in(bytes);
  return read_book(in, book);
}

Result<void> decode_snapshot(std::span<const std::byte> bytes, State& state) {
  ByteReader in(bytes);
  BLOTTER_TRY(read_book(in, state.book));
  const std::uint64_t count = in.varint();
  if (in.failed() || in.left() % sizeof(Identities::Entry) != 0 || in.left() / sizeof(Identities::Entry) != count) {
    return fail(Errc::corrupt, "a snapshot's identities are cut");
  }
  state.identities.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    Identities::Entry entry;
    std::memcpy(&entry, in.take(sizeof entry), sizeof entry);
    state.identities.insert(entry);
  }
  return {};
}

}  // namespace blotter
