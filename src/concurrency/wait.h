// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "concurrency/stop.h"

namespace hikae {

// Returns after `duration`; throws Cancelled at once when asked to stop, before or meanwhile.
void wait_unless_stopped(std::chrono::nanoseconds duration, const StopToken& stop);

}  // namespace hikae
