// The sum of a price and a quantity is nothing.
// Says: no match for|invalid operands
#include "blotter/decimal.h"

blotter::Price sum(blotter::Quantity quantity, blotter::Price price) {
#ifdef WRONG
  return price + quantity;
#else
  return price + price + blotter::Price(quantity.value());
#endif
}
