// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "chunker/polynomial.h"

namespace hikae {

inline constexpr std::size_t kMinChunkSize = std::size_t{512} * 1024;
inline constexpr std::size_t kMaxChunkSize = std::size_t{8} * 1024 * 1024;
inline constexpr std::size_t kChunkWindow = 64;
inline constexpr std::uint64_t kChunkMask = (1U << 20) - 1;  // 1 MiB on average

// Tables for one polynomial. Immutable, shared by all chunkers of a repository; thread-safe.
class ChunkerTables {
 public:
  // REQUIRES: degree(polynomial) == 53.
  explicit ChunkerTables(Polynomial polynomial);
  ~ChunkerTables();
  ChunkerTables(ChunkerTables&&) noexcept;
  ChunkerTables& operator=(ChunkerTables&&) noexcept;
  ChunkerTables(const ChunkerTables&) = delete;
  ChunkerTables& operator=(const ChunkerTables&) = delete;

  // The length of the first chunk of `data`, cut as restic/chunker cuts it: after the first byte at
  // or beyond kMinChunkSize whose Rabin fingerprint (window of 64 bytes) has zeroes under
  // kChunkMask, else at min(data.size(), kMaxChunkSize). When the data ends before a cut, the rest
  // is the last chunk: the caller gives at least kMaxChunkSize bytes unless the file ends before.
  // Pure.
  std::size_t next_cut(ByteView data) const;

  // The plain definition, byte by byte; what next_cut() is compared with in tests and fuzzing.
  std::size_t next_cut_reference(ByteView data) const;

  struct Impl;

 private:
  std::unique_ptr<const Impl> impl_;
};

}  // namespace hikae
