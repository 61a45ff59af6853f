// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"
#include "maintenance/repair.h"

namespace hikae::cli {

// The repositories that --repair-from names, opened and locked for reading.
struct RepairSources {
  std::vector<OpenedRepository> opened;
  std::vector<RepairSource> sources;
  std::size_t unreachable = 0;  // those of "auto" that could not be opened; why was said
};

// `from` is a destination of the policy, a location, "auto" (every other destination of the policy)
// or "none". A location is opened with the password of `password_file`, or with that of the
// repository to heal. Throws Error, for "auto" only when the policy has no other destination.
RepairSources open_repair_sources(const Session& session,
                                  const std::string& from,
                                  const std::string& password_file);

}  // namespace hikae::cli
