// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/postgres_restore.h"
#include "cli/restore_origin.h"
#include "policy/policy.h"

namespace hikae::cli {

// What a restore of PostgreSQL reads, and the server that it writes to: decided together, so that
// one source's dump never goes into another's server by a default.
struct PostgresChoice {
  ChosenSnapshot from;
  policy::PostgresSource
      server;  // as the source says, where the options do not; for --target unused
};

// The source is the one that the options name; else of the snapshot that they name by its id; else
// the only PostgreSQL source of the policy. Without a policy (-r) the options alone describe the
// server. Throws Error invalid_argument where that leaves a choice.
PostgresChoice choose_postgres(const Session& session, const PostgresRestoreOptions& options);

}  // namespace hikae::cli
