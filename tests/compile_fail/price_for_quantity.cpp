// A price is no quantity.
// Says: could not convert|no known conversion|no matching function|cannot convert
#include "blotter/decimal.h"

void order(blotter::Quantity quantity, blotter::Price price);

void caller(blotter::Quantity quantity, blotter::Price price) {
#ifdef WRONG
  order(price, quantity);
#else
  order(quantity, price);
#endif
}
