// Traffic: the reports of a small trading system, made in place so that making them costs next to nothing.
//
// An order, then its complete fill, over two accounts, eight instruments and three strategies; sides alternate, so
// positions stay small. Ids are as long as bots make them (they do not fit a std::string's own buffer).
#pragma once

#include <cstdint>
#include <string>

#include "blotter/report.h"

namespace blotter::bench {

class Traffic {
 public:
  // Streams with different numbers have different ids. At most 9,999.
  explicit Traffic(unsigned stream);

  // The next report: order, fill, order, fill, … Valid until the next call.
  const Report& next() { return order_is_next_ ? next_order() : next_fill(); }
  const Report& next_order();
  const Report& next_fill();

 private:
  Report order_;
  Report fill_;
  std::uint64_t number_ = 0;
  bool order_is_next_ = true;
};

// `lines` lines of the report format that say the same as Traffic.
std::string traffic_as_ndjson(std::size_t lines);

}  // namespace blotter::bench
