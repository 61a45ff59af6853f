// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "os/fd.h"

namespace hikae::os {

// Sends large files to disk while they are being written, and gives the memory of their pages back.
// Left to itself, the system first fills fresh memory with them and pushes everybody else's pages
// out, then makes the writers wait; where a virtual machine hands free memory back to its host,
// each fresh page costs more than writing it. Small files are better left to the system.
//
// One object per writing thread. Not for durability, since a disk may have a cache: syncfs(2) or
// fsync(2) at the end, which then find little to do.
class WriteBehind {
 public:
  // What the disk refused (EIO, ENOSPC, EDQUOT); the system reports that only once.
  struct Failure {
    std::uint32_t file = 0;
    int error_number = 0;
  };

  // After a write to `file`, a number that the caller gives to it. `fd` may be closed at any time
  // afterwards. Waits when much is under way; the failure may be of any file that was written.
  std::optional<Failure> wrote(std::uint32_t file,
                               int fd,
                               std::uint64_t offset,
                               std::uint64_t length);
  // Waits for everything that is under way.
  std::vector<Failure> finish();

 private:
  // Bytes of one file without a gap.
  struct Piece {
    std::uint32_t file = 0;
    Fd fd;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  static std::optional<Failure> settle(Piece piece);

  std::deque<Piece> pieces_;  // all but the last are on their way
};

}  // namespace hikae::os
