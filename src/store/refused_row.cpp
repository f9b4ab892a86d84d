#include "store/refused_row.h"

#include "core/utf8.h"

namespace blotter {
namespace {

void append_hex(std::string& out, unsigned char byte) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += "\\x";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

std::string seq_key(std::int64_t seq, std::string_view column, std::string_view value) {
  std::string key;
  refusal::append_key(key, "seq", std::to_string(seq));
  refusal::append_key(key, column, value);
  return key;
}

}  // namespace

std::string no_such_seq(Table table, std::int64_t seq) {
  return std::string(name_of(table)) + " has no seq " + std::to_string(seq);
}

void refusal::append_key(std::string& key, std::string_view column, std::string_view value) {
  if (!key.empty()) key += ", ";
  key.append(column).append("=");
  while (!value.empty()) {
    const std::size_t length = value.front() == '\0' ? 0 : utf8_length(value);
    if (length == 0) append_hex(key, static_cast<unsigned char>(value.front()));
    if (value.front() == '\\') key += '\\';
    key += value.substr(0, length);
    value.remove_prefix(length == 0 ? 1 : length);
  }
}

RefusedRow refused_of(Table table, std::string row_key, std::int64_t seq, const Batch& batch, std::string_view reason,
                      std::string content) {
  RefusedRow row;
  row.book_id = batch.book_id;
  row.seq = seq > 0 ? seq : static_cast<std::int64_t>(to_number(batch.last));
  row.table_name = name_of(table);
  row.row_key = std::move(row_key);
  row.reason = reason;
  row.content = std::move(content);
  return row;
}

RefusedRow refused(const FillStatusChange& change, const Batch& batch, std::string_view reason) {
  std::string status;
  refusal::append_value(status, change.status);
  std::string content = "{\"seq\":" + std::to_string(change.seq) + ",\"status\":" + status + "}";
  return refused_of(Table::fills, seq_key(change.seq, "status", text_of(change.status, nullptr)), change.seq, batch,
                    reason, std::move(content));
}

RefusedRow refused(const QuarantineRelease& release, const Batch& batch, std::string_view reason) {
  std::string content = "{\"seq\":" + std::to_string(release.seq) + ",\"state\":\"released\"}";
  return refused_of(Table::quarantine, seq_key(release.seq, "state", "released"), release.seq, batch, reason,
                    std::move(content));
}

}  // namespace blotter
