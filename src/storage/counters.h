// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "storage/backend.h"

namespace hikae {

// Counts what is asked of `inner`, so that requests() answers. A backend that counts for itself
// (one call may be several requests) is believed instead. Belongs beneath the retries, so that a
// repeated call counts as often as it was made; a call that fails counts, without bytes.
std::unique_ptr<Backend> with_counters(std::unique_ptr<Backend> inner);

}  // namespace hikae
