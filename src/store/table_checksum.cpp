#include "store/table_checksum.h"

#include <xxhash.h>

#include <array>
#include <memory>

namespace blotter {
namespace {

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

class CellHash {
 public:
  CellHash() : state_(XXH3_createState()) {
    BLOTTER_ASSERT(state_ != nullptr);
    XXH3_128bits_reset(state_.get());
  }

  // Kind, then the value in a fixed size or after its length, so that no two rows give the same bytes.
  void add(const Cell& cell) {
    add_number(cell.index());
    if (const auto* text = std::get_if<std::string>(&cell)) {
      add_number(text->size());
      XXH3_128bits_update(state_.get(), text->data(), text->size());
    }
    if (const auto* whole = std::get_if<std::int64_t>(&cell)) add_number(static_cast<std::uint64_t>(*whole));
    if (const auto* flag = std::get_if<bool>(&cell)) add_number(*flag ? 1 : 0);
  }

  std::string text() const {
    static constexpr char kDigits[] = "0123456789abcdef";
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_.get()));
    std::string text;
    for (const unsigned char byte : canonical.digest) {
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
    return text;
  }

 private:
  // Lowest byte first on every machine.
  void add_number(std::uint64_t value) {
    std::array<unsigned char, 8> bytes{};
    for (unsigned char& byte : bytes) {
      byte = static_cast<unsigned char>(value & 0xff);
      value >>= 8;
    }
    XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
  }

  std::unique_ptr<XXH3_state_t, FreeState> state_;
};

}  // namespace

Result<TableChecksum> table_checksum(StoreReader& reader, Table table, std::string_view book_id) {
  Select select;
  select.table = table;
  select.book_id = book_id;
  CellHash hash;
  TableChecksum checksum;
  BLOTTER_TRY(reader.select(select, [&](const std::vector<Cell>& cells) -> Result<void> {
    ++checksum.rows;
    for (const Cell& cell : cells) hash.add(cell);
    return {};
  }));
  checksum.hash = hash.text();
  return checksum;
}

}  // namespace blotter
