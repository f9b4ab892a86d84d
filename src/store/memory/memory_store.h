// The store in memory: the oracle that every database's store is compared with.
//
// Keeps typed rows in ordered maps and does everything the plain way: checks each row, remembers how to undo it, and
// undoes the whole batch when one row is refused. Nothing survives the process.
//
// Threads    One caller at a time.
#pragma once

#include <memory>

#include "blotter/store.h"

namespace blotter {

std::unique_ptr<Store> make_memory_store();

}  // namespace blotter
