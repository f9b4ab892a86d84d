// An outcome without a value cannot be dropped either.
// Says: nodiscard
#include "blotter/result.h"

blotter::Result<void> wait_durable();

void caller() {
#ifdef WRONG
  wait_durable();
#else
  if (!wait_durable()) return;
#endif
}
