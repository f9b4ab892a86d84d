#include "journal/head_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace blotter::journal {
namespace {

// Some file systems take O_DIRECT at open and refuse it at the write, or want more than our blocks.
bool blocks_suit(int fd) {
  struct statx status {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) != 0) return true;
  if ((status.stx_mask & STATX_DIOALIGN) == 0) return true;
  return status.stx_dio_offset_align != 0 && kBlock % status.stx_dio_offset_align == 0 &&
         kBlock % status.stx_dio_mem_align == 0;
}

}  // namespace

Result<HeadFile> HeadFile::open(Io& io, const std::string& path, DurableWrite mode) {
  if (mode != DurableWrite::buffered) {
    File file(io.open(path.c_str(), O_WRONLY | O_DIRECT | O_DSYNC, 0));
    if (file.is_open() && blocks_suit(file.fd())) return HeadFile(io, std::move(file), path, true);
    if (mode == DurableWrite::direct) {
      if (file.is_open()) errno = EINVAL;
      return system_failure("cannot open for direct writes", path);
    }
  }
  File file(io.open(path.c_str(), O_WRONLY, 0));
  if (!file.is_open()) return system_failure("cannot open", path);
  return HeadFile(io, std::move(file), path, false);
}

Result<void> HeadFile::write(std::span<const std::byte> bytes, std::uint64_t offset) {
  BLOTTER_TRY(write_fully(*io_, file_.fd(), bytes, offset, path_));
  if (!direct_ && io_->fdatasync(file_.fd()) != 0) return system_failure("cannot sync", path_);
  return {};
}

Result<void> HeadFile::roll(const std::string& spare, const std::string& directory, const SegmentHeader& header) {
  BLOTTER_ASSIGN(HeadFile next, open(*io_, spare, direct_ ? DurableWrite::direct : DurableWrite::buffered));
  AlignedBuffer block(kSegmentHeaderBytes);
  encode_segment_header(header, {block.data(), kSegmentHeaderBytes});
  // The header is on the device before the file has a segment's name: a segment without one was never begun.
  BLOTTER_TRY(next.write({block.data(), kSegmentHeaderBytes}, 0));
  next.path_ = segment_path(directory, header.number);
  if (io_->rename(spare.c_str(), next.path_.c_str()) != 0) return system_failure("cannot rename", spare);
  BLOTTER_TRY(sync_directory(*io_, directory));
  *this = std::move(next);
  return {};
}

}  // namespace blotter::journal
