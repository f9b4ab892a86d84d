#include "core/codec.h"

namespace blotter {

void encode(const Event& event, ByteWriter& out) {
  out.clear();
  codec::write(out, event);
}

Result<void> decode(std::span<const std::byte> bytes, Event& event) {
  ByteReader in(bytes);
  codec::read(in, event);
  if (in.failed()) return fail(Errc::corrupt, "a record ends too early or holds a value out of range");
  if (!in.at_end()) return fail(Errc::corrupt, "a record has bytes after its end");
  return {};
}

}  // namespace blotter
