// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "policy/policy.h"
#include "service/environment.h"
#include "source/files_source.h"

namespace hikae {

// What the policy says of a source of files, as its reader takes it. REQUIRES: its kind is files.
FilesOptions files_options(const policy::Source& source, const Environment& environment);

}  // namespace hikae
