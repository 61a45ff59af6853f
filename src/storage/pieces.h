// SPDX-License-Identifier: Apache-2.0
// A file's content as it is handed to a backend: in pieces.
#pragma once

#include <algorithm>
#include <vector>

#include "base/bytes.h"

namespace hikae {

// Whether the pieces, one after the other, are exactly `whole`. Pure.
inline bool are_all_of(const std::vector<ByteView>& pieces, ByteView whole) {
  for (const ByteView piece : pieces) {
    if (whole.size() < piece.size() || !std::equal(piece.begin(), piece.end(), whole.begin()))
      return false;
    whole = whole.subspan(piece.size());
  }
  return whole.empty();
}

}  // namespace hikae
