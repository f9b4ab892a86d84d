// A bare number is no place in the journal.
// Says: cannot convert|could not convert|no known conversion|no matching function
#include "blotter/ids.h"

void seek(blotter::Seq seq);

void caller() {
#ifdef WRONG
  seek(7);
#else
  seek(blotter::Seq{7});
#endif
}
