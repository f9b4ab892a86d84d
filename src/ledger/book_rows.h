// Rows of what the book holds: one function for each mutable table.
#pragma once

#include <string>

#include "blotter/rows.h"
#include "core/book.h"

namespace blotter {

AccountRow row_of(const std::string& book_id, const Account& account);
InstrumentRow row_of(const std::string& book_id, const Instrument& instrument);
StrategyRow row_of(const std::string& book_id, const Strategy& strategy);
OrderRow row_of(const std::string& book_id, const Book& book, const Order& order);
PositionRow row_of(const std::string& book_id, const Book& book, const Position& position);
BalanceRow row_of(const std::string& book_id, const Book& book, const Balance& balance);
PnlDailyRow row_of(const std::string& book_id, const Book& book, const DailyPnl& daily);

}  // namespace blotter
