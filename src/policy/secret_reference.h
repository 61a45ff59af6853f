// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace hikae::policy {

// Where a secret lies; never the secret itself. Reading it is not the policy's business.
struct SecretReference {
  enum class Kind {
    file,        // an absolute path; the first line of that file
    env,         // the name of an environment variable
    command,     // a command line; the first line that it prints
    credential,  // a credential that systemd passes ($CREDENTIALS_DIRECTORY/NAME)
  };
  Kind kind = Kind::file;
  std::string value;

  bool operator==(const SecretReference&) const = default;
};

}  // namespace hikae::policy
