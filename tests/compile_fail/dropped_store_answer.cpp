// The answer of a port cannot be dropped: a store that is fenced must be heard.
// Says: nodiscard
#include "blotter/store.h"

void projector(blotter::Store& store, const blotter::Batch& batch) {
#ifdef WRONG
  store.apply(batch);
#else
  if (!store.apply(batch)) return;
#endif
}
