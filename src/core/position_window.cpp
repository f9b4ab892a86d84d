#include "core/position_window.h"

#include <algorithm>

#include "blotter/assert.h"

namespace blotter {
namespace {

// Steps are in order of seq.
template <class Entries>
auto find_entry(Entries& entries, Seq fill) {
  const auto found = std::lower_bound(entries.begin(), entries.end(), fill,
                                      [](const PositionWindow::Entry& entry, Seq seq) { return entry.seq < seq; });
  return found != entries.end() && found->seq == fill && !found->split ? found : entries.end();
}

void fold_entry(PositionState& state, AccountingMethod method, const PositionWindow::Entry& entry) {
  if (entry.split) {
    apply_split(state, entry.quantity, entry.cash);
  } else {
    apply(state, method, {.seq = entry.seq, .quantity = entry.quantity, .cash = entry.cash});
  }
}

}  // namespace

void PositionWindow::add(const Entry& entry, const PositionState& after) {
  entries.push_back(entry);
  if (entries.size() == 2 * kKept && middle_count > 0) {
    base = std::move(middle);
    entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(middle_count));
    middle_count = 0;
  }
  if (middle_count == 0 && entries.size() >= kKept) {
    middle = after;
    middle_count = entries.size();
  }
}

bool PositionWindow::contains(Seq fill) const { return find_entry(entries, fill) != entries.end(); }

PositionState PositionWindow::without(AccountingMethod method, Seq fill) const {
  PositionState state = base;
  for (const Entry& entry : entries) {
    if (entry.seq != fill) fold_entry(state, method, entry);
  }
  return state;
}

PositionState PositionWindow::with(AccountingMethod method, Seq fill, Decimal quantity, Decimal cash) const {
  PositionState state = base;
  for (const Entry& entry : entries) {
    if (entry.seq == fill) {
      fold_entry(state, method, {.seq = fill, .split = false, .quantity = quantity, .cash = cash});
    } else {
      fold_entry(state, method, entry);
    }
  }
  return state;
}

namespace {

void refold_middle(PositionWindow& window, AccountingMethod method) {
  if (window.middle_count == 0) return;
  window.middle = window.base;
  for (std::size_t i = 0; i < window.middle_count; ++i) fold_entry(window.middle, method, window.entries[i]);
}

}  // namespace

void PositionWindow::remove(AccountingMethod method, Seq fill) {
  const auto found = find_entry(entries, fill);
  BLOTTER_ASSERT(found != entries.end());
  const bool before_middle = static_cast<std::uint64_t>(found - entries.begin()) < middle_count;
  entries.erase(found);
  if (!before_middle) return;
  --middle_count;
  refold_middle(*this, method);
}

void PositionWindow::replace(AccountingMethod method, Seq fill, Decimal quantity, Decimal cash) {
  const auto found = find_entry(entries, fill);
  BLOTTER_ASSERT(found != entries.end());
  found->quantity = quantity;
  found->cash = cash;
  if (static_cast<std::uint64_t>(found - entries.begin()) < middle_count) refold_middle(*this, method);
}

void PositionWindow::reset(const PositionState& state) {
  base = state;
  entries.clear();
  middle = {};
  middle_count = 0;
}

}  // namespace blotter
