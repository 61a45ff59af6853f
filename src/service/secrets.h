// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "concurrency/stop.h"
#include "crypto/secret.h"
#include "policy/policy.h"
#include "service/environment.h"

namespace hikae {

// Fetches a secret from where the policy says it lies. One trailing line break is not part of it.
// Throws Error that names the place, never the content; a file that others may read is refused.
Secret resolve_secret(const policy::SecretReference& reference,
                      const Environment& environment,
                      const StopToken& stop);

// The same for a file that is named on the command line (--password-file), as restic reads it.
Secret read_password_file(const std::string& path);

}  // namespace hikae
