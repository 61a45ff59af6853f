// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "crypto/secret.h"

namespace hikae::testing {

// Unguessable by is_unguessable(), so that its key costs the least that is permitted and not half a
// second to make, once more to read back, and again with each opening.
inline Secret test_password() {
  return Secret("no-guess-opens-0123456789-abcdef");
}

}  // namespace hikae::testing
