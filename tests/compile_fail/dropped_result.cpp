// An outcome cannot be dropped unnoticed.
// Says: nodiscard
#include "blotter/result.h"

blotter::Result<int> append();

void caller() {
#ifdef WRONG
  append();
#else
  if (!append()) return;
#endif
}
