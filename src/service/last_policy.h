// SPDX-License-Identifier: Apache-2.0
// A mistake in the policy stops every backup, and the policy is what names the channels. So the one
// that was read last is kept in the state directory: by its channels somebody hears of the mistake.
#pragma once

#include <string>

#include "concurrency/stop.h"
#include "service/environment.h"

namespace hikae {

// `file` is where the policy lies. What cannot be kept is not: a state directory that cannot be
// written is told by others.
void keep_last_policy(const std::string& file,
                      const std::string& text,
                      const Environment& environment);

// Tells, once a day for each mistake, that this file cannot be read; nothing where none was kept of
// it. Throws Cancelled only.
void tell_unreadable_policy(const std::string& file,
                            const Error& error,
                            const Environment& environment,
                            const StopToken& stop);

}  // namespace hikae
