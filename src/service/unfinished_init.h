// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "repository/repository.h"

namespace hikae {

enum class UnfinishedInit { none, cleared };

// An init that was killed between key and config leaves folders and key files that open nothing.
// Removes them if there is nothing else and this host wrote them, so that the place is empty again;
// whatever else lies there stays as it is. REQUIRES: no other init of this host is at work on this
// place.
UnfinishedInit clear_unfinished_init(Backend& backend,
                                     const Identity& identity,
                                     const StopToken& stop);

}  // namespace hikae
