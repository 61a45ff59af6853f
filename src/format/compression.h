// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/bytes.h"

namespace hikae::format {

// zstd. One object serves one thread; contexts are kept, since making one costs more than a small
// blob.
class Compressor {
 public:
  // restic's "auto" is level 3, its "max" level 19 at the library's scale.
  explicit Compressor(int level = 3);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;

  // Replaces `out` by one zstd frame that states its content size.
  void compress(ByteView in, Bytes& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;

  // Replaces `out`. `expected` is the length that the index promises; any other, or a damaged
  // frame, throws Error{corrupt}. Never allocates more than `expected`.
  void decompress(ByteView in, std::size_t expected, Bytes& out);
  // For unpacked files, whose length nobody promises: at most `limit` bytes, else Error{corrupt}.
  void decompress_unknown(ByteView in, std::size_t limit, Bytes& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hikae::format
