// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace hikae::cli {

// The format's mode as Go prints an os.FileMode: "drwxr-xr-x", "Dcrw-rw-rw-", "ugrwxr-xr-x".
std::string mode_string(std::uint32_t mode);

}  // namespace hikae::cli
