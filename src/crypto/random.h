// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace hikae {

// Cryptographically strong random bytes (OpenSSL's DRBG). Thread-safe. Throws Error{io} if the
// system has none.
void fill_random(MutableByteView out);

}  // namespace hikae
