// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "repository/lock.h"

namespace hikae {

// Before deletions on a store that may list late (Backend::listing_lag()). Problem: a backup that
// has ended releases its lock, and its snapshot may not be listed yet; what it alone needs would
// look unused. Not only young packs: it may rely on old ones that nothing else needed, and its own
// first ones are as old as it took. So this returns once a list shows `lock`, or once the store's
// whole lag has passed, whichever is first: what was stored before the lock is listed by then. The
// one is taken for granted of a store that shows the state of an earlier moment; the other holds
// for each. It costs one list where the store lists at once, and nothing where that is promised.
// A wait is said to the log. REQUIRES: the lock is exclusive.
void await_listing(Repository& repository,
                   const RepositoryLock& lock,
                   const Clock& clock,
                   Log& log,
                   const StopToken& stop);

}  // namespace hikae
