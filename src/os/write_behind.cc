// SPDX-License-Identifier: Apache-2.0
#include "os/write_behind.h"

#include <fcntl.h>

#include <cerrno>

#include "base/units.h"

namespace hikae::os {
namespace {

// Measured: from 1 MiB and 4 pieces on, more of either changes nothing.
constexpr std::uint64_t kPiece = 2 * kMiB;
constexpr std::size_t kPiecesUnderWay = 8;

// 0 also where the file system has no such call: then the system decides, as it does without us.
int flush(int fd, std::uint64_t begin, std::uint64_t end, unsigned flags) {
  const auto length = static_cast<off_t>(end - begin);
  if (sync_file_range(fd, static_cast<off_t>(begin), length, flags) == 0) return 0;
  const bool is_refusal = errno == EIO || errno == ENOSPC || errno == EDQUOT;
  return is_refusal ? errno : 0;
}

}  // namespace

std::optional<WriteBehind::Failure> WriteBehind::settle(Piece piece) {
  const int error_number =
      flush(piece.fd.get(),
            piece.begin,
            piece.end,
            SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
  if (error_number != 0) return Failure{piece.file, error_number};
  const auto length = static_cast<off_t>(piece.end - piece.begin);
  posix_fadvise(piece.fd.get(), static_cast<off_t>(piece.begin), length, POSIX_FADV_DONTNEED);
  return std::nullopt;
}

std::optional<WriteBehind::Failure> WriteBehind::wrote(std::uint32_t file,
                                                       int fd,
                                                       std::uint64_t offset,
                                                       std::uint64_t length) {
  if (!pieces_.empty()) {
    Piece& last = pieces_.back();
    const bool goes_on = last.file == file && last.end == offset && last.end - last.begin < kPiece;
    if (goes_on) {
      last.end += length;
      return std::nullopt;
    }
    // The outcome is that of the wait later on.
    flush(last.fd.get(), last.begin, last.end, SYNC_FILE_RANGE_WRITE);
  }
  Fd own(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  // Too many open files: this piece stays with the system.
  if (!own) return std::nullopt;
  pieces_.push_back({file, std::move(own), offset, offset + length});
  if (pieces_.size() <= kPiecesUnderWay) return std::nullopt;
  Piece oldest = std::move(pieces_.front());
  pieces_.pop_front();
  return settle(std::move(oldest));
}

std::vector<WriteBehind::Failure> WriteBehind::finish() {
  std::vector<Failure> failures;
  for (Piece& piece : pieces_) {
    if (const auto failure = settle(std::move(piece))) failures.push_back(*failure);
  }
  pieces_.clear();
  return failures;
}

}  // namespace hikae::os
