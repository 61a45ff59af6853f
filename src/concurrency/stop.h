// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "base/error.h"

namespace hikae {

using StopToken = std::stop_token;

inline void throw_if_stopped(const StopToken& stop) {
  if (stop.stop_requested()) throw Cancelled();
}

}  // namespace hikae
