// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace hikae::postgres {

// Bytes that come piece by piece, as the server sends them. Used by one thread.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // The next bytes, valid until the next call; empty at the end. Throws Error.
  virtual ByteView next() = 0;
};

}  // namespace hikae::postgres
