// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "survey/finding.h"
#include "survey/script_actions.h"

namespace hikae::survey {

// Where a repository lies, written as scripts write it: "/mnt/nas/hikae", "user@host:/path",
// "s3://bucket/prefix".
struct ProtectedPlace {
  std::string destination;
  std::string place;
};

// Whether deleting at one place can reach the other: equal, or one below the other. The name of a
// user does not count; what a script leaves to the shell ($…, globs) is cut off. Pure.
bool reaches(const std::string& place, const std::string& repository);

// An error for each line that deletes where a destination lies, with FILE:LINE. Pure.
std::vector<Finding> find_legacy_deletes(const std::vector<ScriptAction>& actions,
                                         const std::vector<ProtectedPlace>& places);

}  // namespace hikae::survey
