// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <crypt.h>

#include <stdexcept>
#include <string>

namespace hikae::testing {

// What htpasswd -B or mkpasswd would write, with the least cost. `prefix` names the kind: "$2y$",
// "$6$". Links with libcrypt.
inline std::string password_hash(const std::string& password, const char* prefix = "$2y$") {
  const unsigned long cost = std::string(prefix).starts_with("$2") ? 4 : 0;
  const char* setting = crypt_gensalt(prefix, cost, nullptr, 0);
  const char* hash = setting == nullptr ? nullptr : crypt(password.c_str(), setting);
  if (hash == nullptr) throw std::runtime_error("libcrypt knows no such hash");
  return hash;
}

}  // namespace hikae::testing
