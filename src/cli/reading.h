// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/session.h"

namespace hikae::cli {

// The index for verbs that only read: a damaged index file is said as a warning and left out, since
// what the others name can still be restored.
Index load_index_for_reading(const Session& session, Repository& repository);

}  // namespace hikae::cli
