// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "crypto/secret.h"

namespace hikae {

// 32 random characters (186 bits) without those that paper makes ambiguous: 0 O o 1 l I.
Secret make_password();

enum class PasswordFile { made, was_there };
// Writes the password as a line (0600, durable) unless the file exists; its folder is made with
// 0700. Never overwrites.
PasswordFile write_password_file(const std::string& path, const Secret& password);

bool file_exists(const std::string& path);

}  // namespace hikae
