// An account's number is no instrument's.
// Says: could not convert|cannot convert|no matching function|no known conversion
#include "blotter/ids.h"

void mark(blotter::InstrumentId instrument);

void caller(blotter::AccountId account, blotter::InstrumentId instrument) {
#ifdef WRONG
  (void)instrument;
  mark(account);
#else
  (void)account;
  mark(instrument);
#endif
}
