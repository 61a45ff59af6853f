// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "policy/policy.h"

namespace hikae::report {

// How `restic -r` spells the place of a destination: our URLs have absolute paths and know no
// endpoint, its forms differ. Without credentials.
std::string restic_location(const policy::Destination& destination);

// "local", "sftp", "s3" or "rest".
std::string location_kind(const policy::Destination& destination);

// A word for /bin/sh that means exactly `text`.
std::string shell_word(const std::string& text);

}  // namespace hikae::report
