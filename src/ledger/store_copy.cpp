#include "ledger/store_copy.h"

#include <algorithm>

#include "ledger/row_of_cells.h"
#include "store/table_shape.h"

namespace blotter {
namespace {

constexpr Table kAppendOnly[] = {Table::order_events,   Table::fills,      Table::position_adjustments,
                                 Table::cash_movements, Table::quarantine, Table::audit_log};
constexpr Table kCompared[] = {
    Table::books,          Table::accounts,  Table::instruments,          Table::strategies, Table::orders,
    Table::order_events,   Table::fills,     Table::position_adjustments, Table::positions,  Table::balances,
    Table::cash_movements, Table::pnl_daily, Table::quarantine,           Table::audit_log};

Filter seq_filter(const char* column, Compare compare, Seq seq) {
  return {.column = column, .compare = compare, .value = static_cast<std::int64_t>(to_number(seq))};
}

template <class Row>
Result<void> read_rows(StoreReader& reader, const std::string& book_id, std::vector<Filter> filters,
                       std::vector<Row>& rows) {
  Select select;
  select.table = RowTable<Row>::value;
  select.book_id = book_id;
  select.filters = std::move(filters);
  return reader.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
    BLOTTER_ASSIGN(Row row, row_of_cells<Row>(cells));
    rows.push_back(std::move(row));
    return {};
  });
}

Result<std::uint64_t> count_refused(StoreReader& reader, const std::string& book_id) {
  Select select;
  select.table = Table::refused_rows;
  select.book_id = book_id;
  select.columns = {"seq"};
  std::uint64_t count = 0;
  BLOTTER_TRY(reader.select(select, [&](const std::vector<Cell>&) -> Result<void> {
    ++count;
    return {};
  }));
  return count;
}

// Two readers of one moment of the source: while one streams the orders, the other fetches what goes with them.
struct Moment {
  std::unique_ptr<StoreReader> orders;
  std::unique_ptr<StoreReader> rows;
  Cursor cursor;
};

Result<Moment> moment_of(Store& source, const std::string& book_id) {
  // Between the two a writer may land a batch. It will not do so each time.
  for (int attempt = 0; attempt < 1'000; ++attempt) {
    Moment moment;
    BLOTTER_ASSIGN(moment.orders, source.one_moment());
    BLOTTER_ASSIGN(moment.rows, source.one_moment());
    BLOTTER_ASSIGN(moment.cursor, moment.orders->cursor(book_id));
    BLOTTER_ASSIGN(const Cursor second, moment.rows->cursor(book_id));
    if (second.applied == moment.cursor.applied && second.epoch == moment.cursor.epoch) return moment;
  }
  return fail(Errc::unavailable,
              "the source is written too fast to be read at one moment; try again, or stop its writer");
}

// The newest rows of each append-only table that the target holds: the source must hold the very same.
Result<void> prove_beginning(Store& target, StoreReader& source, const std::string& book_id, Seq applied) {
  for (const Table table : kAppendOnly) {
    // What may change after the insert proves nothing.
    std::vector<std::string> columns = columns_of(table);
    if (table == Table::fills) std::erase(columns, "status");
    if (table == Table::quarantine) std::erase(columns, "state");
    Select select;
    select.table = table;
    select.book_id = book_id;
    select.columns = columns;
    select.filters = {seq_filter("seq", Compare::at_most, applied)};
    select.order = {{.column = "seq", .direction = Direction::descending}};
    select.limit = 10;
    std::vector<std::vector<Cell>> rows;
    BLOTTER_TRY(target.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
      rows.push_back(cells);
      return {};
    }));
    for (const std::vector<Cell>& row : rows) {
      select.filters = {{.column = "seq", .compare = Compare::equal, .value = row[1]}};
      bool same = false;
      BLOTTER_TRY(source.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
        same = cells == row;
        return {};
      }));
      if (same) continue;
      return fail(Errc::invalid,
                  "the target holds a row of " + shape_of(table).name + " for event " +
                      std::to_string(std::get<std::int64_t>(row[1])) +
                      " that the source does not have: it was not filled from this book's history; empty "
                      "it, or name another target");
    }
  }
  return {};
}

Result<void> prove_target(Store& target, const Moment& moment, const std::string& book_id, const Cursor& cursor) {
  if (to_number(moment.cursor.epoch) == 0) {
    return fail(Errc::not_found, "the source has no book '" + book_id + "'");
  }
  if (cursor.epoch > moment.cursor.epoch) {
    return fail(Errc::fenced, "the target belongs to a newer writer (epoch " + std::to_string(to_number(cursor.epoch)) +
                                  ") than the source (epoch " + std::to_string(to_number(moment.cursor.epoch)) +
                                  "): are the two the wrong way round?");
  }
  if (cursor.applied > moment.cursor.applied) {
    return fail(Errc::invalid, "the target is at event " + std::to_string(to_number(cursor.applied)) +
                                   ", beyond the source's " + std::to_string(to_number(moment.cursor.applied)) +
                                   ": are the two the wrong way round?");
  }
  return prove_beginning(target, *moment.rows, book_id, cursor.applied);
}

class Copy {
 public:
  Copy(Moment& moment, Store& target, const std::string& book_id, Seq from, const Progress& progress,
       std::uint64_t events_max)
      : moment_(moment),
        target_(target),
        book_id_(book_id),
        from_(from),
        progress_(progress),
        events_max_(events_max),
        applied_(from) {}

  Result<std::uint64_t> run() {
    if (from_ == last()) return rows_;
    BLOTTER_TRY(add_mutable());
    BLOTTER_TRY(add_changed());
    Select select;
    select.table = Table::orders;
    select.book_id = book_id_;
    select.filters = {seq_filter("first_seq", Compare::greater, from_)};
    select.order = {{.column = "first_seq"}};
    const auto take = [&](const std::vector<Cell>& cells) -> Result<void> {
      BLOTTER_ASSIGN(OrderRow order, row_of_cells<OrderRow>(cells));
      while (order.first_seq > static_cast<std::int64_t>(to_number(end()))) BLOTTER_TRY(apply());
      batch_.new_orders.push_back(std::move(order));
      return {};
    };
    BLOTTER_TRY(moment_.orders->select(select, take));
    while (applied_ < last()) BLOTTER_TRY(apply());
    return rows_;
  }

 private:
  Seq last() const { return moment_.cursor.applied; }
  // The last event of the batch being filled.
  Seq end() const { return std::min(last(), Seq{to_number(applied_) + events_max_}); }

  template <class Row>
  Result<void> add(std::vector<Row>& rows, std::vector<Filter> filters = {}) {
    return read_rows(*moment_.rows, book_id_, std::move(filters), rows);
  }
  template <class Row>
  Result<void> add_appended(std::vector<Row>& rows) {
    return add(rows, {seq_filter("seq", Compare::greater, applied_), seq_filter("seq", Compare::at_most, end())});
  }

  // Small tables that are written in place: whole.
  Result<void> add_mutable() {
    BLOTTER_TRY(add(batch_.accounts));
    BLOTTER_TRY(add(batch_.instruments));
    BLOTTER_TRY(add(batch_.strategies));
    BLOTTER_TRY(add(batch_.positions));
    BLOTTER_TRY(add(batch_.balances));
    return add(batch_.pnl_daily);
  }

  // What an earlier run has copied and the source may have changed since.
  Result<void> add_changed() {
    if (to_number(from_) == 0) return {};
    BLOTTER_TRY(add(batch_.changed_orders, {seq_filter("first_seq", Compare::at_most, from_),
                                            seq_filter("last_seq", Compare::greater, from_)}));
    for (const FillStatus status : {FillStatus::busted, FillStatus::corrected}) {
      BLOTTER_TRY(visit_seqs(Table::fills, "status", std::string(name_of(status)), [&](std::int64_t seq) {
        batch_.fill_status_changes.push_back({.seq = seq, .status = status});
      }));
    }
    return visit_seqs(Table::quarantine, "state", std::string(name_of(QuarantineState::released)),
                      [&](std::int64_t seq) { batch_.quarantine_releases.push_back({.seq = seq}); });
  }
  template <class Visit>
  Result<void> visit_seqs(Table table, const char* column, std::string value, Visit&& visit) {
    Select select;
    select.table = table;
    select.book_id = book_id_;
    select.columns = {"seq"};
    select.filters = {seq_filter("seq", Compare::at_most, from_),
                      {.column = column, .compare = Compare::equal, .value = std::move(value)}};
    return moment_.rows->select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
      visit(std::get<std::int64_t>(cells[0]));
      return {};
    });
  }

  // Fetches what the batch's events appended, and lands it.
  Result<void> apply() {
    BLOTTER_TRY(add_appended(batch_.order_events));
    BLOTTER_TRY(add_appended(batch_.fills));
    BLOTTER_TRY(add_appended(batch_.position_adjustments));
    BLOTTER_TRY(add_appended(batch_.cash_movements));
    BLOTTER_TRY(add_appended(batch_.quarantine));
    BLOTTER_TRY(add_appended(batch_.audit_log));
    batch_.book_id = book_id_;
    batch_.epoch = moment_.cursor.epoch;
    batch_.first = next(applied_);
    batch_.last = end();
    // Only the journal knows the bytes of the events between.
    batch_.last_hash = batch_.last == last() ? moment_.cursor.applied_hash : 0;
    Result<Seq> applied = target_.apply(batch_);
    if (!applied && applied.error().code == Errc::invalid) applied = target_.apply_setting_aside(batch_);
    if (!applied) return fail(applied.error());
    applied_ = *applied;
    rows_ += batch_.row_count();
    batch_.clear();
    if (progress_) progress_(to_number(applied_), to_number(last()));
    return {};
  }

  Moment& moment_;
  Store& target_;
  const std::string& book_id_;
  const Seq from_;
  const Progress& progress_;
  const std::uint64_t events_max_;
  Seq applied_;  // of the target
  std::uint64_t rows_ = 0;
  Batch batch_;
};

}  // namespace

bool CopyReport::equal() const {
  return std::all_of(tables.begin(), tables.end(), [](const Compared& table) { return table.equal(); });
}

Result<CopyReport> copy_store(Store& source, Store& target, const std::string& book_id, const CopyProgress& progress,
                              std::uint64_t events_max) {
  CopyReport report;
  BLOTTER_ASSIGN(Moment moment, moment_of(source, book_id));
  BLOTTER_ASSIGN(const Cursor before, target.cursor(book_id));
  BLOTTER_TRY(prove_target(target, moment, book_id, before));
  report.from = before.applied;
  BLOTTER_ASSIGN(const Cursor claimed, target.claim(book_id, moment.cursor.epoch));
  if (claimed.applied != before.applied) {
    return fail(Errc::stale, "somebody else writes to the target; stop it and try again");
  }
  Copy copy(moment, target, book_id, before.applied, progress.copying, events_max);
  BLOTTER_ASSIGN(report.rows_copied, copy.run());
  report.to = moment.cursor.applied;
  BLOTTER_ASSIGN(report.source_refused, count_refused(*moment.rows, book_id));
  BLOTTER_ASSIGN(const auto copied, target.one_moment());
  BLOTTER_ASSIGN(report.target_refused, count_refused(*copied, book_id));
  for (const Table table : kCompared) {
    CopyReport::Compared compared{.table = table, .source = {}, .target = {}};
    BLOTTER_ASSIGN(compared.source, table_checksum(*moment.rows, table, book_id));
    BLOTTER_ASSIGN(compared.target, table_checksum(*copied, table, book_id));
    report.tables.push_back(std::move(compared));
    if (progress.comparing) progress.comparing(report.tables.size(), std::size(kCompared));
  }
  return report;
}

}  // namespace blotter
