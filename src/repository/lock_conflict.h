// SPDX-License-Identifier: Apache-2.0
// The part of lock.h that looks at the locks of others.
#pragma once

#include "repository/lock.h"

namespace hikae {

// The first lock that stands in the way of `mode`, other than `mine` (null: none is there yet).
// Stale ones are removed on sight, and said so.
std::optional<LockRecord> find_conflict(Repository& repository,
                                        LockMode mode,
                                        const LockId* mine,
                                        const Identity& me,
                                        const Clock& clock,
                                        Log& log,
                                        const StopToken& stop);

// Error{locked}: who holds it, since when, and what to do.
Error locked_by(const LockRecord& other, const Backend& backend);

void remove_lock(Repository& repository, const LockId& id, const StopToken& stop);
// Credentials that may not delete leave locks behind. That is no reason to stop: they go stale by
// themselves.
bool refuses_removal(const Error& error);

}  // namespace hikae
