#include "blotter/result.h"

namespace blotter {

const char* name_of(Errc code) {
  switch (code) {
    case Errc::invalid:
      return "invalid";
    case Errc::not_found:
      return "not_found";
    case Errc::stale:
      return "stale";
    case Errc::unavailable:
      return "unavailable";
    case Errc::in_doubt:
      return "in_doubt";
    case Errc::exhausted:
      return "exhausted";
    case Errc::corrupt:
      return "corrupt";
    case Errc::poisoned:
      return "poisoned";
    case Errc::fenced:
      return "fenced";
  }
  assertion_failed("every Errc has a name", __FILE__, __LINE__);
}

}  // namespace blotter
