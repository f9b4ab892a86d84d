// A side is buy or sell, not true or false.
// Says: no match for|invalid operands
#include "blotter/enums.h"

bool is_buy(blotter::Side side) {
#ifdef WRONG
  return side == false;
#else
  return side == blotter::Side::buy;
#endif
}
