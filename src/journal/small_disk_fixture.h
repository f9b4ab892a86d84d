// For tests of a full disk: a small file system of its own.
#pragma once

#include <sys/mount.h>

#include <fstream>
#include <string>

#include "journal/journal_fixture.h"

namespace blotter::journal {

class SmallDisk {
 public:
  // `size` as tmpfs takes it: "1m". Only root may mount one.
  explicit SmallDisk(const std::string& size) {
    mounted_ = ::mount("none", directory_.path().c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  std::string path() const { return directory_.path(); }
  // To the last block.
  void fill() const {
    std::ofstream out(ballast(), std::ios::binary);
    const std::string piece(4096, 'b');
    while (out.write(piece.data(), 4096) && out.flush()) {
    }
  }
  void free() const { std::filesystem::remove(ballast()); }

 private:
  std::string ballast() const { return path() + "/ballast"; }
  TemporaryDirectory directory_;
  bool mounted_ = false;
};

}  // namespace blotter::journal
