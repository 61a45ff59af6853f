// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "concurrency/stop.h"
#include "source/source.h"

namespace hikae {

struct ReadLimitOptions {
  std::uint64_t rate = 0;  // bytes per second, of all readers together
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  // Waits that long; Cancelled when a stop is requested first. Empty: really.
  std::function<void(std::chrono::milliseconds, const StopToken&)> wait;
};

// So that a backup leaves a disk or a database server the time for its own work: what the source
// gives is taken at no more than that rate, without bursts; an idle time saves nothing up. Who
// reads waits within read(); a stop ends the wait. Throws Error{invalid_argument} for a rate of 0.
std::unique_ptr<Source> with_read_limit(std::unique_ptr<Source> inner,
                                        ReadLimitOptions options,
                                        const StopToken& stop);

}  // namespace hikae
