#include "blotter/store.h"

namespace blotter {
namespace {

// Calls visit with every vector of rows.
template <class AnyBatch, class Visit>
void for_each_vector(AnyBatch& batch, Visit visit) {
  visit(batch.accounts);
  visit(batch.instruments);
  visit(batch.strategies);
  visit(batch.new_orders);
  visit(batch.changed_orders);
  visit(batch.order_events);
  visit(batch.fills);
  visit(batch.fill_status_changes);
  visit(batch.position_adjustments);
  visit(batch.positions);
  visit(batch.balances);
  visit(batch.cash_movements);
  visit(batch.pnl_daily);
  visit(batch.quarantine);
  visit(batch.audit_log);
  visit(batch.quarantine_releases);
}

}  // namespace

std::size_t Batch::row_count() const {
  std::size_t count = 0;
  for_each_vector(*this, [&](const auto& rows) { count += rows.size(); });
  return count;
}

void Batch::clear() {
  book_id.clear();
  epoch = Epoch{0};
  first = last = Seq{0};
  last_hash = 0;
  for_each_vector(*this, [](auto& rows) { rows.clear(); });
}

}  // namespace blotter
