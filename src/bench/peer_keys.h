// Keys of the key-value peers: a growing number, so that the newest key is the largest.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace blotter::bench {

class PeerKeys {
 public:
  using Key = std::array<char, 8>;
  // Big-endian, so that bytes sort as numbers do. Threads: any.
  Key next() {
    std::uint64_t number = last_.fetch_add(1) + 1;
    Key key;
    for (auto byte = key.rbegin(); byte != key.rend(); ++byte, number >>= 8) *byte = static_cast<char>(number & 0xff);
    return key;
  }

 private:
  std::atomic<std::uint64_t> last_{0};
};

}  // namespace blotter::bench
